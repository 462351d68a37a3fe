//go:build wasip1

package spin

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/abi"
)

// Answer is result<T, error> as the canonical ABI lays it out, for the T and the errors of stores and
// variables: of what the words are depends on the function.
type Answer struct {
	isError uint32
	words   [3]uint32
}

var _ = [1]int{}[unsafe.Sizeof(Answer{})-16]

// Ask calls an import, which writes its answer to the pointer, and `take` if it has succeeded.
func Ask(kinds []string, host func(unsafe.Pointer), take func(*Answer)) (err error) {
	answer := &Answer{}
	abi.Call(func() { host(unsafe.Pointer(answer)) }, func() {
		if uint8(answer.isError) == 0 {
			take(answer)
			return
		}
		// Only those that have a text have one: the others leave zeros.
		text := strings.Clone(abi.Slice{Pointer: answer.words[1], Length: answer.words[2]}.Text())
		err = &Error{Kind: kinds[uint8(answer.words[0])], Text: text}
	})
	return err
}

// Nothing takes nothing.
func Nothing(*Answer) {}

// Handle is of a T that is a handle.
func (a *Answer) Handle() uint32 { return a.words[0] }

// Flag is of a T that is a bool.
func (a *Answer) Flag() bool { return uint8(a.words[0]) != 0 }

// Text is of a T that is a string.
func (a *Answer) Text() string {
	return strings.Clone(abi.Slice{Pointer: a.words[0], Length: a.words[1]}.Text())
}

// Bytes is of a T that is option<list<u8>>: nil where there is none.
func (a *Answer) Bytes() []byte {
	if !a.Flag() {
		return nil
	}
	value := bytes.Clone(abi.Slice{Pointer: a.words[1], Length: a.words[2]}.Bytes())
	if value == nil {
		value = []byte{}
	}
	return value
}

// Texts is of a T that is list<string>.
func (a *Answer) Texts() []string {
	raw := abi.List[abi.Slice](unsafe.Pointer(uintptr(a.words[0])), a.words[1])
	texts := make([]string, len(raw))
	for i, one := range raw {
		texts[i] = strings.Clone(one.Text())
	}
	return texts
}

// View is the bytes as an argument, which the host only reads.
func View(bytes []byte) string { return unsafe.String(unsafe.SliceData(bytes), len(bytes)) }
