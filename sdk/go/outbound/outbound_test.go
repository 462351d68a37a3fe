package outbound

import (
	"errors"
	"testing"
)

func TestATestAnswersRequestsItself(t *testing.T) {
	if _, err := Send(Request{URL: "http://a"}); !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	Fake = func(request Request) (*Response, error) { return &Response{Status: 202, Body: request.Body}, nil }
	if response, err := Send(Request{Method: Put, Body: []byte("one")}); err != nil || string(response.Body) != "one" {
		t.Fatal(response, err)
	}
}
