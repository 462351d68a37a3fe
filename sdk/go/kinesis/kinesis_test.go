package kinesis

import "testing"

func TestFailedItemsAreNamedAsLambdaNamesThem(t *testing.T) {
	if err := ItemFailures(); err != nil {
		t.Error(err)
	}
	err := ItemFailures(Record{SequenceNumber: "7"}, Record{SequenceNumber: "8"})
	if err.Error() != `{"batchItemFailures":[{"itemIdentifier":"7"},{"itemIdentifier":"8"}]}` {
		t.Error(err)
	}
}

func TestAClonedRecordSharesNothing(t *testing.T) {
	bytes := []byte("text")
	clone := Record{Data: bytes}.Clone()
	bytes[0] = 'n'
	if string(clone.Data) != "text" {
		t.Error(string(clone.Data))
	}
}
