package keyvalue

import (
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"
)

//go:wasmimport fermyon:spin/key-value@2.0.0 [static]store.open
func hostOpen(label string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get
func hostGet(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.set
func hostSet(store uint32, key, value string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.delete
func hostDelete(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.exists
func hostExists(store uint32, key string, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get-keys
func hostKeys(store uint32, out unsafe.Pointer)

//go:wasmimport fermyon:spin/key-value@2.0.0 [resource-drop]store
func hostDrop(store uint32)

var kinds = []string{"store-table-full", "no-such-store", "access-denied", "other"}

// opened is a handle.
type opened uint32

func open(label string) (handle opened, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { hostOpen(label, out) },
		func(answer *spin.Answer) { handle = opened(answer.Handle()) })
	return handle, err
}

func (o opened) drop() { hostDrop(uint32(o)) }

func (o opened) get(key string) (value []byte, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { hostGet(uint32(o), key, out) },
		func(answer *spin.Answer) { value = answer.Bytes() })
	return value, err
}

func (o opened) set(key string, value []byte) error {
	return spin.Ask(kinds, func(out unsafe.Pointer) { hostSet(uint32(o), key, spin.View(value), out) }, spin.Nothing)
}

func (o opened) remove(key string) error {
	return spin.Ask(kinds, func(out unsafe.Pointer) { hostDelete(uint32(o), key, out) }, spin.Nothing)
}

func (o opened) exists(key string) (found bool, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { hostExists(uint32(o), key, out) },
		func(answer *spin.Answer) { found = answer.Flag() })
	return found, err
}

func (o opened) keys() (all []string, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { hostKeys(uint32(o), out) },
		func(answer *spin.Answer) { all = answer.Texts() })
	return all, err
}
