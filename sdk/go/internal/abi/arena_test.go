package abi

import (
	"testing"
	"unsafe"
)

// fits says whether the host may write so much, and writes.
func fits(size uintptr) bool {
	taken := grow(nil, 0, 8, size)
	if taken == nil {
		return false
	}
	unsafe.Slice((*byte)(taken), size)[size-1] = 1
	return true
}

func TestAnswersHaveWhatTheBatchLeaves(t *testing.T) {
	if fits(arenaSize + 1) {
		t.Fatal("a batch is larger than the arena")
	}
	if !fits(32 << 20) {
		t.Fatal("a batch of 32 MiB is refused")
	}
	Begin()
	defer End()
	// What a call was answered with is given back after it.
	for range 2 {
		Call(func() {
			if !fits(15 << 20) {
				t.Fatal("an answer is refused")
			}
		}, func() {})
	}
	Call(func() {
		if fits(16<<20 + 1) {
			t.Fatal("an answer is larger than what the batch leaves")
		}
	}, func() {})
}
