//go:build !wasip1

package keyvalue

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// Store is an open store: here a map, which lasts as long as the process.
type Store struct {
	lock   sync.Mutex
	values map[string][]byte
}

var (
	lock   sync.Mutex
	stores = map[string]*Store{}
)

// Open opens the store with that label; "default" is there without configuration.
func Open(label string) (*Store, error) {
	lock.Lock()
	defer lock.Unlock()
	if stores[label] == nil {
		stores[label] = &Store{values: map[string][]byte{}}
	}
	return stores[label], nil
}

// Close gives the store's handle back. At the end of a call that is done for all.
func (s *Store) Close() {}

// Get is the value of a key; nil where there is none.
func (s *Store) Get(key string) ([]byte, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return bytes.Clone(s.values[key]), nil
}

// Set writes a value.
func (s *Store) Set(key string, value []byte) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.values[key] = append([]byte{}, value...)
	return nil
}

// Delete removes a key; that it is not there is no error.
func (s *Store) Delete(key string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.values, key)
	return nil
}

// Exists says whether there is such a key.
func (s *Store) Exists(key string) (bool, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	_, found := s.values[key]
	return found, nil
}

// Keys are all keys of the store.
func (s *Store) Keys() ([]string, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Sorted(maps.Keys(s.values)), nil
}
