package keyvalue

import (
	"errors"
	"testing"
)

func TestAStoreKeepsWhatWasSet(t *testing.T) {
	store, err := Open("default")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if value, _ := store.Get("colour"); value != nil {
		t.Fatalf("got %q", value)
	}
	store.Set("colour", []byte("blue"))
	store.Set("empty", nil)
	again, _ := Open("default")
	if value, _ := again.Get("colour"); string(value) != "blue" {
		t.Fatalf("got %q", value)
	}
	if value, _ := again.Get("empty"); value == nil || len(value) != 0 {
		t.Fatalf("got %v", value)
	}
	if keys, _ := again.Keys(); len(keys) != 2 || keys[0] != "colour" {
		t.Fatalf("got %q", keys)
	}
	again.Delete("colour")
	if found, _ := store.Exists("colour"); found {
		t.Fatal("it is deleted")
	}
}

func TestAClosedStoreIsNoOther(t *testing.T) {
	closed, _ := Open("closed")
	other, _ := Open("closed")
	if err := other.Set("colour", []byte("blue")); err != nil {
		t.Fatal(err)
	}
	closed.Close()
	closed.Close()
	if left := stores["closed"].handles; left != 1 {
		t.Fatalf("two were opened and one was closed, and %d are open", left)
	}
	value, errGet := closed.Get("colour")
	found, errExists := closed.Exists("colour")
	keys, errKeys := closed.Keys()
	if value != nil || found || keys != nil {
		t.Fatal(value, found, keys)
	}
	for _, err := range []error{errGet, errExists, errKeys, closed.Set("colour", nil), closed.Delete("colour")} {
		if !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
	if value, err := other.Get("colour"); err != nil || string(value) != "blue" {
		t.Fatalf("got %q, %v", value, err)
	}
}

func TestErrorsAreComparedByKind(t *testing.T) {
	var err error = &Error{Kind: "access-denied"}
	if !errors.Is(err, ErrAccessDenied) || errors.Is(err, ErrNoSuchStore) {
		t.Fatal(err)
	}
	if text := (&Error{Kind: "other", Text: "disk full"}).Error(); text != "other: disk full" {
		t.Fatal(text)
	}
}
