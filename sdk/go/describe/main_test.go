package main

import (
	"bytes"
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

// module imports one function and exports it.
func module(imported, exported string) []byte {
	text := func(text string) string { return string(rune(len(text))) + text }
	part := func(kind, content string) string { return kind + text(content) }
	return []byte("\x00asm\x01\x00\x00\x00" + part("\x01", "\x01\x60\x00\x00") +
		part("\x02", "\x01"+text(imported)+text("f")+"\x00\x00") +
		part("\x07", "\x01"+text(exported)+"\x00\x00"))
}
