// Package outbound sends HTTP requests to the hosts that the component's `allowed_outbound_hosts` lists.
//
//	response, err := outbound.Send(outbound.Request{Method: outbound.Post, URL: url, Body: record.Data})
//
// A request is sent with its whole body, and the response is had whole. Any status is a response. The
// module must describe what it imports: run sdk/go/describe after `go build`. Under `go test` Fake
// answers, and nothing is sent.
package outbound

import "github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"

// Error is what the host answers; errors.Is compares kinds.
type Error = spin.Error

// The kinds of errors.
var (
	ErrNotAllowed      = &Error{Kind: "destination-not-allowed"}
	ErrInvalidURL      = &Error{Kind: "invalid-url"}
	ErrRequest         = &Error{Kind: "request-error"}
	ErrFailed          = &Error{Kind: "runtime-error"}
	ErrTooManyRequests = &Error{Kind: "too-many-requests"}
)

// Method is a request's.
type Method uint8

// The methods that the host's interface has.
const (
	Get Method = iota
	Post
	Put
	Delete
	Patch
	Head
	Options
)

// Header is one line; a name may come more than once.
type Header struct{ Name, Value string }

// Request is what Send sends. Redirects are not followed.
type Request struct {
	Method  Method
	URL     string
	Headers []Header
	Body    []byte
}

// Response is what came back. It must fit into what the batch leaves of 48 MiB: a larger one is a trap,
// `realloc return: beyond end of memory`.
type Response struct {
	Status  int
	Headers []Header
	Body    []byte
}
