"""From a handler to what a component of each world exports.

componentize-py takes the classes by their names from the app's module, and generates what is imported here for the
world that it is given; the others are not there, nor is any in a plain Python interpreter.
"""

import inspect
import json

from ._outcome import Answer, answer, answer_of_raised, report
from ._record import Context, Record

try:
    from componentize_py_types import Err
except ImportError:  # not within a component: tests
    class Err(Exception):
        def __init__(self, value):
            super().__init__(value)
            self.value = value

try:
    from wit_world.imports import types as stream_types
except ImportError:
    stream_types = None

try:
    from wit_world.imports import kinesis_types
except ImportError:
    kinesis_types = None


try:  # what begins a call is generated with it
    from wit_world.exports import HandleAsync as AsyncExport
except ImportError:
    AsyncExport = object


def exports(handle) -> dict:
    """The classes by name, for all worlds."""
    class Handle:
        """trigger-kinesis:handler/handle"""

        def batch(self, context, records):
            return to_world(call(handle, [Record(raw) for raw in records], Context(context)))

    class HandleAsync(AsyncExport):
        """trigger-kinesis:handler/handle-async"""

        async def batch(self, context, records):
            return to_world(await call_async(handle, [Record(raw) for raw in records], Context(context)))

    class WitWorld:
        """handle-batch-records of fermyon:spin-kinesis"""

        def handle_batch_records(self, records) -> None:
            records = [Record(raw) for raw in records]
            try:
                error = item_failures(records, call(handle, records))
            except Err as failed:
                error = failed.value
            if error is not None:
                raise Err(kinesis_types.Error_Other(error) if kinesis_types else error)

    return {"Handle": Handle, "HandleAsync": HandleAsync, "WitWorld": WitWorld}


def call(handle, records, context=None) -> Answer:
    """Raises Err with the text of what the handler raised."""
    before = context.window_state if context else None
    try:
        returned = handle(records, context)
        if inspect.iscoroutine(returned):
            returned = finish(returned)
        return answer(records, returned, before)
    except Exception as raised:
        return answer_or_error(records, raised, before)


async def call_async(handle, records, context) -> Answer:
    """The same for a handler that may wait."""
    try:
        returned = handle(records, context)
        if inspect.isawaitable(returned):
            returned = await returned
        return answer(records, returned, context.window_state)
    except Exception as raised:
        return answer_or_error(records, raised, context.window_state)


def answer_or_error(records, raised, before) -> Answer:
    found = answer_of_raised(records, raised, before)
    if found is None:
        raise Err(report(raised)) from None
    return found


def finish(coroutine):
    """Runs an `async def` that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("the handler waits for something, which only a component of the world stream-handler-async can")


def to_world(given: Answer):
    """A batch-result."""
    if given.failed_from is not None:
        outcome = stream_types.Outcome_FailedFrom(given.failed_from)
    elif given.failed:
        outcome = stream_types.Outcome_FailedItems(given.failed)
    else:
        outcome = stream_types.Outcome_Done()
    return stream_types.BatchResult(outcome, given.window_state)


def item_failures(records, given: Answer):
    """The text that names failed records as Lambda does, which the trigger heeds with function_response_types =
    ["ReportBatchItemFailures"]; None when all are handled."""
    indexes = given.failed if given.failed_from is None else [given.failed_from]
    if not indexes:
        return None
    return json.dumps({"batchItemFailures": [{"itemIdentifier": records[index].sequence_number} for index in indexes]})
