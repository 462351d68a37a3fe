// The first world in Go: prints what tests/guests/original_sdk prints, and fails on request.
package main

import (
	"fmt"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/kinesis"
)

func init() { kinesis.Handle(handle) }

func main() {}

func handle(records []kinesis.Record) error {
	fmt.Printf("call with %d records\n", len(records))
	for _, record := range records {
		fmt.Printf("%s %s %x\n", record.SequenceNumber, record.PartitionKey, record.Data)
		fmt.Printf("%d %d\n", record.ArrivalSeconds, record.Encryption)
		switch string(record.Data) {
		case "!fail":
			return fmt.Errorf("poison record of %s", record.PartitionKey)
		case "!trap":
			panic("asked for by a record")
		}
	}
	return nil
}
