package main

import (
	"testing"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
)

func TestARecordThatIsNoTextComesAgain(t *testing.T) {
	text := stream.Record{Data: []byte("an order")}
	binary := stream.Record{Data: []byte{0xff}}
	result, err := handle(stream.Context{}, []stream.Record{text, binary})
	if index, failed := result.Failed(); err != nil || !failed || index != 1 {
		t.Error(result, err)
	}
}
