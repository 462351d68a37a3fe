package variables

import (
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"
)

//go:wasmimport fermyon:spin/variables@2.0.0 get
func get(name string, out unsafe.Pointer)

var kinds = []string{"invalid-name", "undefined", "provider", "other"}

// Get is the value of a variable, as its providers have it now.
func Get(name string) (value string, err error) {
	err = spin.Ask(kinds, func(out unsafe.Pointer) { get(name, out) },
		func(answer *spin.Answer) { value = answer.Text() })
	return value, err
}
