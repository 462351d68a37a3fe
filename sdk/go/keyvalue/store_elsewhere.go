//go:build !wasip1

package keyvalue

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// values is a store, which lasts as long as the process.
type values struct {
	lock  sync.Mutex
	byKey map[string][]byte
	// handles is how many have it open.
	handles int
}

var (
	lock   sync.Mutex
	stores = map[string]*values{}
)

// opened stands for a handle.
type opened struct{ *values }

func open(label string) (opened, error) {
	lock.Lock()
	defer lock.Unlock()
	store := stores[label]
	if store == nil {
		store = &values{byKey: map[string][]byte{}}
		stores[label] = store
	}
	store.lock.Lock()
	defer store.lock.Unlock()
	store.handles++
	return opened{store}, nil
}

func (o opened) drop() {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.handles--
}

func (o opened) get(key string) ([]byte, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return bytes.Clone(o.byKey[key]), nil
}

func (o opened) set(key string, value []byte) error {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.byKey[key] = append([]byte{}, value...)
	return nil
}

func (o opened) remove(key string) error {
	o.lock.Lock()
	defer o.lock.Unlock()
	delete(o.byKey, key)
	return nil
}

func (o opened) exists(key string) (bool, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	_, found := o.byKey[key]
	return found, nil
}

func (o opened) keys() ([]string, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return slices.Sorted(maps.Keys(o.byKey)), nil
}
