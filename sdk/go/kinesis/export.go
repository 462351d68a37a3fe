//go:build wasip1

package kinesis

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/internal/abi"
)

// As the canonical ABI lays them out.
type rawRecord struct {
	data, partitionKey, sequenceNumber abi.Slice
	hasArrival                         uint8
	_                                  [7]byte
	arrival                            uint64
	hasEncryption, encryption          uint8
	_                                  [6]byte
}

type rawResult struct {
	isError uint32
	tag     uint32
	message abi.Slice
}

var (
	_ = [1]int{}[unsafe.Sizeof(rawRecord{})-48]
	_ = [1]int{}[unsafe.Sizeof(rawResult{})-16]

	// The host reads them after the handler returned.
	result  rawResult
	message []byte
)

//go:wasmexport handle-batch-records
func handleBatchRecords(first unsafe.Pointer, count uint32) unsafe.Pointer {
	abi.Begin()
	raw := abi.List[rawRecord](first, count)
	records := make([]Record, len(raw))
	for i := range raw {
		r := &raw[i]
		records[i] = Record{Data: r.data.Bytes(), PartitionKey: r.partitionKey.Text(), SequenceNumber: r.sequenceNumber.Text()}
		if r.hasArrival != 0 {
			records[i].ArrivalSeconds = r.arrival
		}
		if r.hasEncryption != 0 {
			records[i].Encryption = None + Encryption(r.encryption)
		}
	}
	result = rawResult{}
	if err := handler(records); err != nil {
		fmt.Fprintln(os.Stderr, err)
		message = []byte(err.Error())
		result.isError = 1
		result.message = abi.Of(message)
	}
	abi.End()
	return unsafe.Pointer(&result)
}
