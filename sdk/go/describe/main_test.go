package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyAModuleThatImportsSpinIsDescribed(t *testing.T) {
	handler := module("wasi_snapshot_preview1", "handle-batch-records")
	if same, err := describe(handler); err != nil || !bytes.Equal(same, handler) {
		t.Fatal("it grew", err)
	}
	for export := range worlds {
		handler := module("fermyon:spin/http", export)
		described, err := describe(handler)
		if err != nil || !bytes.HasPrefix(described, handler) || bytes.Count(described, []byte("component-type:")) != 2 {
			t.Fatalf("%s: %v", export, err)
		}
		if again, err := describe(described); err != nil || !bytes.Equal(again, described) {
			t.Fatal("it grew again", err)
		}
	}
}

func TestWhatIsNoHandlerIsRefused(t *testing.T) {
	if _, err := describe(module("fermyon:spin/http", "main")); err == nil || !strings.Contains(err.Error(), "no handler") {
		t.Fatal(err)
	}
	whole := module("fermyon:spin/http", "handle-batch-records")
	for size := range whole {
		if described, err := describe(whole[:size]); err == nil && len(described) != size {
			t.Fatalf("%d of %d bytes were described", size, len(whole))
		}
	}
}

func TestAFileIsReplacedWholeOrStays(t *testing.T) {
	folder := t.TempDir()
	path, other := filepath.Join(folder, "handler.wasm"), filepath.Join(folder, "link.wasm")
	handler := module("fermyon:spin/http", "handle-batch-records")
	described, _ := describe(handler)
	if err := os.WriteFile(path, handler, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds := func(path string, wanted []byte) {
		t.Helper()
		if found, err := os.ReadFile(path); err != nil || !bytes.Equal(found, wanted) {
			t.Fatalf("%s holds %d bytes and not %d: %v", path, len(found), len(wanted), err)
		}
	}
	if err := describeFile(path); err == nil || !strings.Contains(err.Error(), "remove that file") {
		t.Fatal(err)
	}
	holds(path, handler)
	holds(path+".new", []byte("another's"))

	os.Remove(path + ".new")
	if err := os.Symlink(path, other); err != nil {
		t.Fatal(err)
	}
	if err := describeFile(other); err != nil {
		t.Fatal(err)
	}
	holds(path, described)
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Fatal("it is left behind", err)
	}
	if now, err := os.Stat(path); err != nil || now.Mode().Perm()&0o077 != 0 {
		t.Fatal(now.Mode(), err)
	}
}

// A file can not be put in the place of a folder: what was written for it goes.
func TestWhatCouldNotBeReplacedLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "handler.wasm")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, []byte("new")); err == nil {
		t.Fatal("a folder was replaced")
	}
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Fatal("it is left behind", err)
	}
}

// module imports one function and exports it.
func module(imported, exported string) []byte {
	text := func(text string) string { return string(rune(len(text))) + text }
	part := func(kind, content string) string { return kind + text(content) }
	return []byte("\x00asm\x01\x00\x00\x00" + part("\x01", "\x01\x60\x00\x00") +
		part("\x02", "\x01"+text(imported)+text("f")+"\x00\x00") +
		part("\x07", "\x01"+text(exported)+"\x00\x00"))
}
