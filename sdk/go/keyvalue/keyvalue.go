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

import (
	"sync"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"
)

// Error is what the host answers; errors.Is compares kinds.
type Error = spin.Error

// The kinds of errors. Any other is "other", with a text.
var (
	ErrAccessDenied = &Error{Kind: "access-denied"}
	ErrNoSuchStore  = &Error{Kind: "no-such-store"}
	ErrTooManyOpen  = &Error{Kind: "store-table-full"}
	// ErrClosed is not the host's: the store is used after its Close.
	ErrClosed = &Error{Kind: "store-closed"}
)

// Store is an open store.
type Store struct {
	// Held through a call: a goroutine that waits for another's must not find the handle dropped.
	lock   sync.Mutex
	closed bool
	opened opened
}

// Open opens the store with that label; "default" is there without configuration.
func Open(label string) (*Store, error) {
	handle, err := open(label)
	if err != nil {
		return nil, err
	}
	return &Store{opened: handle}, nil
}

// Close gives the store's handle back; a second time it does nothing. At the end of a call that is done for all.
func (s *Store) Close() {
	s.use(func() error {
		s.closed = true
		s.opened.drop()
		return nil
	})
}

// Get is the value of a key; nil where there is none.
func (s *Store) Get(key string) (value []byte, err error) {
	err = s.use(func() (err error) {
		value, err = s.opened.get(key)
		return err
	})
	return value, err
}

// Set writes a value.
func (s *Store) Set(key string, value []byte) error {
	return s.use(func() error { return s.opened.set(key, value) })
}

// Delete removes a key; that it is not there is no error.
func (s *Store) Delete(key string) error {
	return s.use(func() error { return s.opened.remove(key) })
}

// Exists says whether there is such a key.
func (s *Store) Exists(key string) (found bool, err error) {
	err = s.use(func() (err error) {
		found, err = s.opened.exists(key)
		return err
	})
	return found, err
}

// Keys are all keys of the store.
func (s *Store) Keys() (all []string, err error) {
	err = s.use(func() (err error) {
		all, err = s.opened.keys()
		return err
	})
	return all, err
}

// use calls the host unless the store is closed: its handle's number may be another store's by now.
func (s *Store) use(call func() error) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.closed {
		return ErrClosed
	}
	return call()
}
