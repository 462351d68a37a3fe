"""The SDK without a component around it."""

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from spin_kinesis_sdk import Outcome, RecordFailed, _worlds, each_record, group_by_key, handler
from spin_kinesis_sdk.testing import Called, call, context, record


@pytest.fixture
def records():
    return [record("a"), record("b"), record("c")]


def raising(raised):
    def handle(records, context=None):
        raise raised
    return handle


def test_a_handler_that_returns_nothing_has_handled_all(records):
    async def waiting(records, context):
        return None
    assert call(lambda records, context: None, records) == Called([])
    assert call(waiting, records) == Called([])
    assert call(lambda records, context: None, []) == Called([])


def test_a_handler_gets_records_and_context(records):
    seen = []
    call(lambda records, where: seen.extend([[r.text() for r in records], where.shard_id, where.attempt]), records,
         context(attempt=3))
    assert seen == [["a", "b", "c"], "shardId-000000000000", 3]


def test_failed_records_may_be_named_by_themselves_or_by_index(records):
    assert call(lambda r, c: Outcome(failed=[r[2], 0]), records).failed == [2, 0]
    assert call(lambda r, c: Outcome(failed=(one for one in r[1:])), records).failed == [1, 2]
    assert call(lambda r, c: Outcome(failed_from=r[1]), records).failed_from == 1


@pytest.mark.parametrize("outcome", [Outcome(failed=[3]), Outcome(failed=[-1]), Outcome(failed_from=3),
                                     Outcome(failed=[record("x")]), Outcome(failed_from=record("x")),
                                     Outcome(failed=[True])])
def test_a_record_of_another_batch_is_an_error(records, outcome):
    assert "not in its batch" in call(lambda r, c: outcome, records).error


def test_what_is_no_outcome_is_an_error(records):
    assert "not both" in call(lambda r, c: Outcome(failed=[0], failed_from=1), records).error
    assert "not 'yes'" in call(lambda r, c: "yes", records).error


@pytest.mark.parametrize(("raised", "text"), [
    (Exception("poison"), "poison"), (ValueError("no such thing"), "ValueError: no such thing"),
    (KeyError("id"), "KeyError: 'id'"), (Exception(), "Exception"), (RuntimeError(), "RuntimeError")])
def test_what_is_raised_becomes_the_errors_text(records, raised, text, capsys):
    assert call(raising(raised), records).error == text
    assert "Traceback" in capsys.readouterr().err


def test_record_failed_leaves_the_records_before_it_handled(records):
    assert call(raising(RecordFailed(records[1], "no")), records).failed_from == 1
    assert call(raising(RecordFailed(record("x"), "no")), records).error == "RecordFailed: no"


def test_each_record_stops_at_the_record_that_raises(records):
    seen = []

    @each_record
    def picky(record, context):
        if record.text() == "b":
            raise ValueError("no")
        seen.append(record.text())

    @each_record
    async def picky_too(record, context):
        if record.text() == "c":
            raise RecordFailed(record, "no")
    assert call(picky, records).failed_from == 1
    assert seen == ["a"]
    assert call(picky_too, records).failed_from == 2
    assert call(picky, records[:1]) == Called([])


def test_records_are_grouped_by_key_in_order():
    records = [record(str(n), partition_key=key) for key, n in [("k", 1), ("j", 2), ("k", 3)]]
    groups = group_by_key(records)
    assert [(key, [r.text() for r in group]) for key, group in groups.items()] == [("k", ["1", "3"]), ("j", ["2"])]


def test_a_payload_is_bytes_text_or_json():
    data = b"\xff\x00"
    assert record(data).data is data
    with pytest.raises(ValueError, match="record 49 is not UTF-8"):
        record(data, sequence_number="49").text()
    assert record({"a": [1]}).json() == {"a": [1]}
    with pytest.raises(ValueError, match="record 49 is not JSON"):
        record("{", sequence_number="49").json()
    assert record("x").approximate_arrival == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert record("x", approximate_arrival_millis=0).approximate_arrival is None


def test_a_windows_state_goes_from_call_to_call(records):
    def count(records, context):
        return Outcome(state={"n": context.state({"n": 0})["n"] + len(records)})
    assert call(count, records).state == {"n": 3}
    assert call(count, records, context(state={"n": 3})).state == {"n": 6}
    assert call(lambda r, c: None, records, context(state={"n": 9})).state == {"n": 9}


def first_world(handle, count=2):
    raw = [SimpleNamespace(data=SimpleNamespace(inner=b"x%d" % n), partition_key="k", sequence_number=str(n),
                           approximate_arrival_timestamp=1700000000, encryption_type=None) for n in range(count)]
    _worlds.exports(handle)["WitWorld"]().handle_batch_records(raw)


def test_the_first_worlds_records_are_records():
    seen = []
    first_world(lambda records, context: seen.extend((r.text(), r.encryption, r.approximate_arrival.year) for r in records))
    assert seen == [("x0", None, 2023), ("x1", None, 2023)]


def test_the_first_worlds_error_has_its_text_and_names_records_as_lambda_does():
    with pytest.raises(_worlds.Err) as raised:
        first_world(raising(Exception("poison")))
    assert raised.value.value == "poison"
    with pytest.raises(_worlds.Err) as raised:
        first_world(lambda records, context: Outcome(failed=[1]))
    assert raised.value.value == '{"batchItemFailures": [{"itemIdentifier": "1"}]}'


def test_a_synchronous_world_finishes_what_does_not_wait_and_refuses_what_does():
    async def at_once(records, context):
        return Outcome(failed=[1])

    class Forever:
        def __await__(self):
            yield

    async def waiting(records, context):
        await Forever()
    assert _worlds.call(at_once, [record("a"), record("b")]).failed == [1]
    with pytest.raises(_worlds.Err) as raised:
        _worlds.call(waiting, [])
    assert "stream-handler-async" in raised.value.value


def test_the_decorator_exports_into_its_module():
    handler(lambda records, context: None)
    try:
        assert {"Handle", "HandleAsync", "WitWorld"} <= set(globals())
    finally:
        for name in ("Handle", "HandleAsync", "WitWorld"):
            globals().pop(name, None)
    with pytest.raises(TypeError):
        handler(5)


def test_the_worlds_are_those_of_the_trigger():
    here = Path(__file__).resolve().parents[1]
    for name, package in (("handler", "handler"), ("kinesis", "spin-kinesis")):
        ours = here / f"src/spin_kinesis_sdk/wit/deps/{package}/{name}.wit"
        assert ours.read_text() == (here / f"../../wit/{name}.wit").read_text()
