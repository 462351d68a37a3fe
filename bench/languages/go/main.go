// Looks at every record, prints a line a batch.
package main

import (
	"fmt"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
)

func init() { stream.Handle(handle) }

func main() {}

func handle(_ stream.Context, records []stream.Record) (stream.Result, error) {
	bytes, first := 0, 0
	for _, record := range records {
		bytes += len(record.Data)
		if len(record.Data) > 0 {
			first += int(record.Data[0])
		}
	}
	fmt.Printf("%d records, %d bytes, %d\n", len(records), bytes, first)
	return stream.Result{}, nil
}
