package keyvalue

import (
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"
)

//go:wasmimport fermyon:spin/key-value@2.0.0 [static]store.open
func open(label string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get
func get(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.set
func set(store uint32, key, value string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.delete
func remove(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.exists
func exists(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get-keys
func keys(store uint32, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [resource-drop]store
func drop(store uint32)

var kinds = []string{"store-table-full", "no-such-store", "access-denied", "other"}

// Store is an open store.
type Store struct{ handle uint32 }

// Open opens the store with that label; "default" is there without configuration.
func Open(label string) (*Store, error) {
	store := &Store{}
	err := spin.Ask(kinds, func(out unsafe.Pointer) { open(label, out) },
		func(answer *spin.Answer) { store.handle = answer.Handle() })
	if err != nil {
		return nil, err
	}
	return store, nil
}

// Close gives the store's handle back. At the end of a call that is done for all.
func (s *Store) Close() { drop(s.handle) }

// Get is the value of a key; nil where there is none.
func (s *Store) Get(key string) (value []byte, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { get(s.handle, key, out) },
		func(answer *spin.Answer) { value = answer.Bytes() })
	return value, err
}

// Set writes a value.
func (s *Store) Set(key string, value []byte) error {
	return spin.Ask(kinds, func(out unsafe.Pointer) { set(s.handle, key, spin.View(value), out) }, spin.Nothing)
}

// Delete removes a key; that it is not there is no error.
func (s *Store) Delete(key string) error {
	return spin.Ask(kinds, func(out unsafe.Pointer) { remove(s.handle, key, out) }, spin.Nothing)
}

// Exists says whether there is such a key.
func (s *Store) Exists(key string) (found bool, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { exists(s.handle, key, out) },
		func(answer *spin.Answer) { found = answer.Flag() })
	return found, err
}

// Keys are all keys of the store.
func (s *Store) Keys() (all []string, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { keys(s.handle, out) },
		func(answer *spin.Answer) { all = answer.Texts() })
	return all, err
}
