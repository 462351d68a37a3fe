// Package keyvalue opens the key-value stores that the component's `key_value_stores` names.
//
//	store, err := keyvalue.Open("default")
//	if err != nil {
//		return err // access-denied: the manifest does not name the store
//	}
//	defer store.Close()
//	err = store.Set("colour", []byte("blue"))
//
// The module must describe what it imports: run sdk/go/describe after `go build`. Under `go test` a
// store is a map in memory.
package keyvalue

import "github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"

// Error is what the host answers; errors.Is compares kinds.
type Error = spin.Error

// The kinds of errors. Any other is "other", with a text.
var (
	ErrAccessDenied = &Error{Kind: "access-denied"}
	ErrNoSuchStore  = &Error{Kind: "no-such-store"}
	ErrTooManyOpen  = &Error{Kind: "store-table-full"}
)
