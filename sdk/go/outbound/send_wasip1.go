package outbound

import (
	"bytes"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/abi"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"
)

// As the canonical ABI lays them out.
type rawHeader struct{ name, value abi.Slice }

type rawList struct {
	has   uint32
	value abi.Slice
}

type rawAnswer struct {
	isError uint32
	// Of an error: which.
	status  uint32
	headers rawList
	body    rawList
}

var _ = [1]int{}[unsafe.Sizeof(rawAnswer{})-32]

//go:wasmimport fermyon:spin/http send-request
func send(method uint32, url string, headers unsafe.Pointer, headerCount uint32, parameters unsafe.Pointer,
	parameterCount, hasBody uint32, body string, out unsafe.Pointer)

var kinds = []string{"success", "destination-not-allowed", "invalid-url", "request-error", "runtime-error",
	"too-many-requests"}

// Send sends a request and waits for its response.
func Send(request Request) (response *Response, err error) {
	// What is pointed to by numbers must not be on the stack, which moves, and must be held.
	held := make([]Header, len(request.Headers))
	// One more, so that there is a first of none.
	headers := make([]rawHeader, len(request.Headers)+1)
	for i, header := range request.Headers {
		held[i] = Header{strings.Clone(header.Name), strings.Clone(header.Value)}
		headers[i] = rawHeader{abi.OfText(held[i].Name), abi.OfText(held[i].Value)}
	}
	answer := &rawAnswer{}
	first := unsafe.Pointer(&headers[0])
	abi.Call(func() {
		send(uint32(request.Method), request.URL, first, uint32(len(held)), first, 0, 1, spin.View(request.Body),
			unsafe.Pointer(answer))
		runtime.KeepAlive(held)
	}, func() {
		if uint8(answer.isError) != 0 {
			err = &Error{Kind: kinds[uint8(answer.status)]}
			return
		}
		response = &Response{Status: int(uint16(answer.status))}
		if uint8(answer.headers.has) != 0 {
			list := answer.headers.value
			for _, raw := range abi.List[rawHeader](unsafe.Pointer(uintptr(list.Pointer)), list.Length) {
				response.Headers = append(response.Headers,
					Header{strings.Clone(raw.name.Text()), strings.Clone(raw.value.Text())})
			}
		}
		if uint8(answer.body.has) != 0 {
			response.Body = bytes.Clone(answer.body.value.Bytes())
		}
	})
	return response, err
}
