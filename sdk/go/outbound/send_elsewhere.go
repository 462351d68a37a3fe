//go:build !wasip1

package outbound

// Fake answers requests under `go test`, where nothing is sent: set it to a function of your test's.
var Fake = func(Request) (*Response, error) {
	return nil, &Error{Kind: "runtime-error", Text: "outbound.Fake is not set"}
}

// Send sends a request and waits for its response.
func Send(request Request) (*Response, error) { return Fake(request) }
