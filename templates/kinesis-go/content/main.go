package main

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
)

func init() { stream.Handle(handle) }

func main() {}

// handle is called with the records of one shard, in their order. The first one that fails comes again,
// with all behind it; an error brings the whole batch again.
func handle(context stream.Context, records []stream.Record) (stream.Result, error) {
	fmt.Println(len(records), "records of", context.ShardID)
	return stream.InOrder(records, handleRecord), nil
}

// handleRecord may see a record again: its IdempotencyKey is the same each time. Clone what you keep.
func handleRecord(record stream.Record) error {
	if !utf8.Valid(record.Data) {
		return errors.New("no text")
	}
	fmt.Printf("%s: %s\n", record.PartitionKey, record.Data)
	return nil
}
