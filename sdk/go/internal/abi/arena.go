//go:build wasip1

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

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(align)
	}
	if started && over {
		used = kept
		over = false
	}
	base := uintptr(unsafe.Pointer(&arena))
	at := (base + used + align - 1) &^ (align - 1)
	if at+size > base+arenaSize {
		panic("the batch is larger than the memory for it: choose a smaller batch_size")
	}
	used = at + size - base
	taken := unsafe.Pointer(at)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(taken), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return taken
}

// Slice is a list or a text as the host writes it.
type Slice struct{ Pointer, Length uint32 }

// Bytes is a view.
func (s Slice) Bytes() []byte {
	if s.Length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(s.Pointer))), s.Length)
}

// Text is a view.
func (s Slice) Text() string {
	if s.Length == 0 {
		return ""
	}
	return unsafe.String((*byte)(unsafe.Pointer(uintptr(s.Pointer))), s.Length)
}

// List is a view of what the pointer points to.
func List[T any](first unsafe.Pointer, count uint32) []T {
	if count == 0 {
		return nil
	}
	return unsafe.Slice((*T)(first), count)
}

// OfText is the place of a text that the caller keeps.
func OfText(text string) Slice {
	return Slice{uint32(uintptr(unsafe.Pointer(unsafe.StringData(text)))), uint32(len(text))}
}

// Of is the place of a slice that the caller keeps.
func Of[T any](list []T) Slice {
	if len(list) == 0 {
		return Slice{Pointer: 8}
	}
	return Slice{uint32(uintptr(unsafe.Pointer(unsafe.SliceData(list)))), uint32(len(list))}
}
