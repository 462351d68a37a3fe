// Package variables reads the variables that the component's `variables` table names.
//
//	url, err := variables.Get("webhook")
//
// The module must describe what it imports: run sdk/go/describe after `go build`. Under `go test` a
// variable is the environment variable SPIN_VARIABLE_<NAME>.
package variables

import "github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/spin"

// Error is what the host answers; errors.Is compares kinds.
type Error = spin.Error

// The kinds of errors. Any other is "other", with a text.
var (
	ErrUndefined   = &Error{Kind: "undefined"}
	ErrInvalidName = &Error{Kind: "invalid-name"}
	ErrProvider    = &Error{Kind: "provider"}
)
