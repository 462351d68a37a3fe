// Package abi is how records come into the module's memory, and answers out of it.
//
// The host asks for memory before it calls the handler. No import may be called then, but an allocation
// on Go's heap may do so (the collector reads the clock). So what the host writes goes into an arena
// outside the heap, and what the handler is given are views of it.
package abi

import (
	"sync"
	"unsafe"
)

// The service sends at most 10 MiB a read; the rest is for keys, and for batches that grew by a batching
// window. It is address space, and no memory until it is used.
const arenaSize = 48 << 20

var (
	arena [arenaSize]byte
	used  uintptr
	// kept is what was taken while the module started: it stays.
	kept    uintptr
	started bool
	// over is true between the end of a call and the first bytes of the next.
	over bool
)

func init() {
	kept = used
	started = true
	over = true
}

// Begin says that the handler runs: what is taken from now on belongs to this call.
func Begin() { over = false }

// End says that the handler returned. Its records are there until the next call's come.
func End() { over = true }

var calls sync.Mutex

// Call calls the host, then `take`, which copies what the host wrote: it is overwritten by the next call.
// One at a time, for a goroutine may wait within `take` while it allocates.
func Call(host, take func()) {
	calls.Lock()
	defer calls.Unlock()
	before := used
	host()
	take()
	used = before
}

// grow is cabi_realloc, by which the host asks for memory; `size` is not 0. Nil: there is none left.
func grow(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if started && over {
		used = kept
		over = false
	}
	base := uintptr(unsafe.Pointer(&arena))
	at := (base + used + align - 1) &^ (align - 1)
	if at+size > base+arenaSize {
		return nil
	}
	used = at + size - base
	taken := unsafe.Pointer(&arena[at-base])
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(taken), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return taken
}
