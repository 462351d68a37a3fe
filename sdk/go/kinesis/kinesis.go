// Package kinesis is for handlers of fermyon:spin-kinesis@2.0.0, the world of the original plugin.
//
//	package main
//
//	func init() { kinesis.Handle(handle) }
//	func main() {}
//
//	func handle(records []kinesis.Record) error {
//		for _, record := range records {
//			fmt.Printf("%s: %s\n", record.PartitionKey, record.Data)
//		}
//		return nil // an error: the whole batch comes again
//	}
//
// New handlers are better off with package stream.
package kinesis

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Encryption is how a record was kept in the stream.
type Encryption uint8

// What the service says of a record; NotSaid where it says nothing.
const (
	NotSaid Encryption = iota
	None
	KMS
)

// Record is one record. Its bytes and texts live until the handler returns: Clone what you keep.
type Record struct {
	Data           []byte
	PartitionKey   string
	SequenceNumber string
	// ArrivalSeconds is UNIX time; 0: not known.
	ArrivalSeconds uint64
	Encryption     Encryption
}

// JSON reads the payload into a value.
func (r Record) JSON(into any) error { return json.Unmarshal(r.Data, into) }

// Arrival is when the service took the record; the zero time: not known.
func (r Record) Arrival() time.Time {
	if r.ArrivalSeconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(r.ArrivalSeconds), 0)
}

// Clone is a record that outlives the handler.
func (r Record) Clone() Record {
	r.Data = bytes.Clone(r.Data)
	r.PartitionKey = strings.Clone(r.PartitionKey)
	r.SequenceNumber = strings.Clone(r.SequenceNumber)
	return r
}

// ItemFailures is the error that names the records that failed, for a trigger with
// function_response_types = ["ReportBatchItemFailures"]: the first of them and all behind it come
// again. None: nil, all are handled.
func ItemFailures(failed ...Record) error {
	if len(failed) == 0 {
		return nil
	}
	names := make([]string, len(failed))
	for i, record := range failed {
		names[i] = `{"itemIdentifier":"` + record.SequenceNumber + `"}`
	}
	return errors.New(`{"batchItemFailures":[` + strings.Join(names, ",") + `]}`)
}

var handler = func([]Record) error {
	return errors.New("the component named no handler: call kinesis.Handle in an init function")
}

// Handle names the module's handler. Call it once, in an init function.
func Handle(function func(records []Record) error) { handler = function }
