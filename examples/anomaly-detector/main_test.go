package main

import (
	"testing"
	"time"

	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
)

func TestOnlyAReadingFarFromTheRestIsAnAnomaly(t *testing.T) {
	steady, odd := &spread{}, &spread{}
	for i := range 30 {
		steady.add(20 + float64(i%3))
		odd.add(20 + float64(i%3))
	}
	odd.add(-40)
	found := anomalies(0, map[string]*spread{"steady": steady, "odd": odd})
	if len(found) != 1 || found[0].Sensor != "odd" || found[0].Value != -40 || found[0].Readings != 31 {
		t.Errorf("%+v", found)
	}
}

func TestAFinalCallWithoutRecordsIsDone(t *testing.T) {
	window := stream.Window{Start: time.UnixMilli(0), End: time.UnixMilli(1000), FinalCall: true}
	result, err := handle(stream.Context{Window: &window}, nil)
	if _, failed := result.Failed(); err != nil || failed {
		t.Error(result, err)
	}
}
