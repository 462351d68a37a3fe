// Package stream is for handlers of trigger-kinesis:handler@0.1.0.
//
//	package main
//
//	func init() { stream.Handle(handle) }
//	func main() {}
//
//	func handle(context stream.Context, records []stream.Record) (stream.Result, error) {
//		return stream.InOrder(records, func(record stream.Record) error {
//			fmt.Printf("%s: %s\n", record.PartitionKey, record.Data)
//			return nil
//		}), nil
//	}
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o handler.wasm .
package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Record is one record. Its bytes and texts live until the handler returns: Clone what you keep.
type Record struct {
	Data         []byte
	PartitionKey string
	// ExplicitHashKey is of a user record that was put with one; else empty.
	ExplicitHashKey string
	SequenceNumber  string
	// SubSequenceNumber is the place within a KPL aggregate; 0 of a plain record.
	SubSequenceNumber uint64
	// ArrivalMillis is UNIX time; 0: not known.
	ArrivalMillis uint64
	// IdempotencyKey is the same at every delivery of this record, and of no other record.
	IdempotencyKey string
}

// JSON reads the payload into a value.
func (r Record) JSON(into any) error { return json.Unmarshal(r.Data, into) }

// Arrival is when the service took the record; the zero time: not known.
func (r Record) Arrival() time.Time {
	if r.ArrivalMillis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(r.ArrivalMillis))
}

// Clone is a record that outlives the handler.
func (r Record) Clone() Record {
	r.Data = bytes.Clone(r.Data)
	r.PartitionKey = strings.Clone(r.PartitionKey)
	r.ExplicitHashKey = strings.Clone(r.ExplicitHashKey)
	r.SequenceNumber = strings.Clone(r.SequenceNumber)
	r.IdempotencyKey = strings.Clone(r.IdempotencyKey)
	return r
}

// Window is the tumbling window that a call's records belong to.
type Window struct {
	Start, End time.Time
	// FinalCall is true at the window's last call, which has no records.
	FinalCall       bool
	TerminatedEarly bool
}

// Context is where a call stands.
type Context struct {
	StreamARN string
	ShardID   string
	// Attempt is 1 at the first call with these records.
	Attempt            uint32
	MillisBehindLatest uint64
	// FencingToken grows when the shard changes hands: a store that keeps the greatest can refuse a
	// late writer.
	FencingToken uint64
	// Window is nil without tumbling_window_seconds.
	Window *Window
	// WindowState is what the window's last successful call returned; nil at its first. It lives until
	// the handler returns.
	WindowState []byte
}

// FinalCall says whether this is a window's last call.
func (c Context) FinalCall() bool { return c.Window != nil && c.Window.FinalCall }

// State reads the window's state, as Result.WithState wrote it, into a value; at the window's first
// call the value stays as it is.
func (c Context) State(into any) error {
	if c.WindowState == nil {
		return nil
	}
	return json.Unmarshal(c.WindowState, into)
}

type outcome uint8

const (
	done outcome = iota
	failedFrom
	failedItems
)

// Result is what a handler says of a batch.
type Result struct {
	outcome outcome
	from    uint32
	items   []uint32
	state   []byte
	// hasState: a state may be empty.
	hasState bool
}

// Done: all records are handled.
func Done() Result { return Result{} }

// FailedFrom: the records before this index are handled; it and all behind it come again.
func FailedFrom(index int) Result { return Result{outcome: failedFrom, from: uint32(index)} }

// FailedItems: the records before the lowest of these indexes are handled; that one and all behind it
// come again, handled or not. None: Done.
func FailedItems(indexes ...int) Result {
	if len(indexes) == 0 {
		return Done()
	}
	items := make([]uint32, len(indexes))
	for i, index := range indexes {
		items[i] = uint32(index)
	}
	return Result{outcome: failedItems, items: items}
}

// WithStateBytes is the result with the window's state, in bytes of your own making.
func (r Result) WithStateBytes(state []byte) Result {
	r.state, r.hasState = state, true
	return r
}

// WithState is the result with the window's state, which Context.State reads at the next call.
func (r Result) WithState(state any) (Result, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return Result{}, err
	}
	return r.WithStateBytes(text), nil
}

// Failed is the index of the first record that comes again, and whether one does.
func (r Result) Failed() (int, bool) {
	switch r.outcome {
	case failedFrom:
		return int(r.from), true
	case failedItems:
		lowest := r.items[0]
		for _, item := range r.items {
			lowest = min(lowest, item)
		}
		return int(lowest), true
	}
	return 0, false
}

// InOrder stops at the first record that fails, which is said on stderr: what comes before it never
// comes again, and nothing behind it was tried.
func InOrder(records []Record, handle func(Record) error) Result {
	for index, record := range records {
		if err := handle(record); err != nil {
			say(record, err)
			return FailedFrom(index)
		}
	}
	return Done()
}

// Each tries every record. What failed is said on stderr and comes again, with all behind it: for
// effects that may be repeated, and records that do not build on one another.
func Each(records []Record, handle func(Record) error) Result {
	var failed []int
	for index, record := range records {
		if err := handle(record); err != nil {
			say(record, err)
			failed = append(failed, index)
		}
	}
	return FailedItems(failed...)
}

func say(record Record, err error) {
	fmt.Fprintf(os.Stderr, "record %s failed: %v\n", record.SequenceNumber, err)
}

// Group is the records of one partition key, in their order, as indexes of the batch.
type Group struct {
	Key     string
	Indexes []int
}

// ByKey is a group for each partition key, in the order in which the keys first come.
func ByKey(records []Record) []Group {
	var groups []Group
	places := map[string]int{}
	for index, record := range records {
		place, known := places[record.PartitionKey]
		if !known {
			place = len(groups)
			places[record.PartitionKey] = place
			groups = append(groups, Group{Key: record.PartitionKey})
		}
		groups[place].Indexes = append(groups[place].Indexes, index)
	}
	return groups
}

var handler = func(Context, []Record) (Result, error) {
	return Result{}, errors.New("the component named no handler: call stream.Handle in an init function")
}

// Handle names the module's handler. Call it once, in an init function. An error of the handler means
// that the whole batch comes again.
func Handle(function func(context Context, records []Record) (Result, error)) { handler = function }
