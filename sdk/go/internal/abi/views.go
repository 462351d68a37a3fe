//go:build wasip1

package abi

import "unsafe"

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(align)
	}
	taken := grow(old, oldSize, align, size)
	if taken == nil {
		// A panic could not say why, for that calls an import. The host refuses what is beyond the memory's end.
		return unsafe.Pointer(^uintptr(0) &^ (align - 1))
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
