//go:build wasip1

package stream

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/abi"
)

// As the canonical ABI lays them out.
type optionalSlice struct {
	has   uint32
	value abi.Slice
}

type rawRecord struct {
	data, partitionKey abi.Slice
	explicitHashKey    optionalSlice
	sequenceNumber     abi.Slice
	_                  [4]byte
	subSequenceNumber  uint64
	arrivalMillis      uint64
	idempotencyKey     abi.Slice
}

type rawWindow struct {
	startMillis, endMillis     uint64
	finalCall, terminatedEarly uint8
	_                          [6]byte
}

type rawContext struct {
	streamARN, shardID abi.Slice
	attempt            uint32
	_                  [4]byte
	millisBehindLatest uint64
	fencingToken       uint64
	hasWindow          uint8
	_                  [7]byte
	window             rawWindow
	windowState        optionalSlice
	_                  [4]byte
}

type rawParameters struct {
	context rawContext
	records uint32
	count   uint32
}

type rawResult struct {
	isError uint32
	// Of an error: the message. Else the outcome, and what it says.
	outcomeOrPointer uint32
	valueOrLength    uint32
	itemCount        uint32
	state            optionalSlice
}

var (
	_ = [1]int{}[unsafe.Sizeof(rawRecord{})-64]
	_ = [1]int{}[unsafe.Offsetof(rawRecord{}.subSequenceNumber)-40]
	_ = [1]int{}[unsafe.Sizeof(rawContext{})-88]
	_ = [1]int{}[unsafe.Offsetof(rawContext{}.windowState)-72]
	_ = [1]int{}[unsafe.Sizeof(rawResult{})-28]

	// The host reads them after the handler returned.
	out      rawResult
	returned Result
	message  []byte
)

//go:wasmexport trigger-kinesis:handler/handle@0.1.0#batch
func batch(in unsafe.Pointer) unsafe.Pointer {
	abi.Begin()
	parameters := (*rawParameters)(in)
	raw := abi.List[rawRecord](unsafe.Pointer(uintptr(parameters.records)), parameters.count)
	records := make([]Record, len(raw))
	for i := range raw {
		records[i] = lifted(&raw[i])
	}
	var err error
	returned, err = handler(contextOf(&parameters.context), records)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		message = []byte(err.Error())
		place := abi.Of(message)
		out = rawResult{isError: 1, outcomeOrPointer: place.Pointer, valueOrLength: place.Length}
	} else {
		out = lowered(&returned)
	}
	abi.End()
	return unsafe.Pointer(&out)
}

func lifted(r *rawRecord) Record {
	record := Record{
		Data:              r.data.Bytes(),
		PartitionKey:      r.partitionKey.Text(),
		SequenceNumber:    r.sequenceNumber.Text(),
		SubSequenceNumber: r.subSequenceNumber,
		ArrivalMillis:     r.arrivalMillis,
		IdempotencyKey:    r.idempotencyKey.Text(),
	}
	if uint8(r.explicitHashKey.has) != 0 {
		record.ExplicitHashKey = r.explicitHashKey.value.Text()
	}
	return record
}

func contextOf(c *rawContext) Context {
	context := Context{
		StreamARN:          c.streamARN.Text(),
		ShardID:            c.shardID.Text(),
		Attempt:            c.attempt,
		MillisBehindLatest: c.millisBehindLatest,
		FencingToken:       c.fencingToken,
	}
	if c.hasWindow != 0 {
		context.Window = &Window{
			Start:           time.UnixMilli(int64(c.window.startMillis)),
			End:             time.UnixMilli(int64(c.window.endMillis)),
			FinalCall:       c.window.finalCall != 0,
			TerminatedEarly: c.window.terminatedEarly != 0,
		}
	}
	if uint8(c.windowState.has) != 0 {
		context.WindowState = c.windowState.value.Bytes()
		if context.WindowState == nil {
			context.WindowState = []byte{}
		}
	}
	return context
}

func lowered(r *Result) rawResult {
	raw := rawResult{outcomeOrPointer: uint32(r.outcome)}
	switch r.outcome {
	case failedFrom:
		raw.valueOrLength = r.from
	case failedItems:
		place := abi.Of(r.items)
		raw.valueOrLength, raw.itemCount = place.Pointer, place.Length
	}
	if r.hasState {
		raw.state = optionalSlice{has: 1, value: abi.Of(r.state)}
	}
	return raw
}
