package stream

import (
	"errors"
	"reflect"
	"testing"
)

func records(payloads ...string) []Record {
	made := make([]Record, len(payloads))
	for i, payload := range payloads {
		made[i] = Record{Data: []byte(payload), PartitionKey: payload}
	}
	return made
}

func refuse(record Record) error {
	if string(record.Data) == "!" {
		return errors.New("no")
	}
	return nil
}

func TestInOrderStopsAtTheFirstFailure(t *testing.T) {
	tried := 0
	result := InOrder(records("a", "!", "b", "!"), func(record Record) error {
		tried++
		return refuse(record)
	})
	if index, failed := result.Failed(); index != 1 || !failed || tried != 2 {
		t.Errorf("%v %v after %d", index, failed, tried)
	}
}

func TestEachTriesAllAndNamesWhatFailed(t *testing.T) {
	result := Each(records("a", "!", "b", "!"), refuse)
	if !reflect.DeepEqual(result.items, []uint32{1, 3}) {
		t.Errorf("%+v", result)
	}
	if !reflect.DeepEqual(Each(records("a"), refuse), Done()) {
		t.Error("nothing failed")
	}
}

func TestGroupsKeepTheOrderOfKeysAndOfRecords(t *testing.T) {
	groups := ByKey(records("b", "a", "b"))
	if !reflect.DeepEqual(groups, []Group{{"b", []int{0, 2}}, {"a", []int{1}}}) {
		t.Errorf("%+v", groups)
	}
}

func TestAStateIsReadBackAndBeginsAsItIs(t *testing.T) {
	state := map[string]int{"kept": 1}
	if err := (Context{}).State(&state); err != nil || state["kept"] != 1 {
		t.Error(state, err)
	}
	result, err := Done().WithState(map[string]int{"a": 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Context{WindowState: result.state}).State(&state); err != nil || state["a"] != 2 {
		t.Error(state, err)
	}
}
