"""Does what its records' payloads say, in every world. Tests compare its output with that of ../js/handler.js."""

import random

from spin_kinesis_sdk import Outcome, RecordFailed, group_by_key, handler

# One number a build: the same in two calls, if the runtime did not draw it anew.
DRAWN_AT_BUILD = random.random()


@handler
async def handle(records, context):
    print(f"call of {len(records)} from {context.shard_id if context else '?'} "
          f"attempt {context.attempt if context else '?'}")
    drawn = random.random()
    print("drawn", "again" if drawn == DRAWN_AT_BUILD else drawn)
    for record in records:
        if not record.data:
            print("empty")
            continue
        text = str(record.data, "utf-8", "replace")
        if text == "error":
            raise Exception("poison, as told")
        if text == "type error":
            None.property
        if text == "item":
            return Outcome(failed=[record])
        if text == "failed":
            raise RecordFailed(record, "no good")
        if "\ufffd" in text:
            print("bytes", *record.data)
        else:
            print("text", text)
    for key, group in group_by_key(records).items():
        print(f"group {key} {len(group)}")
    if not context or not context.window:
        return None
    count = context.state({"count": 0})["count"]
    if context.window.final_call:
        print(f"window of {count}")
    return Outcome(state={"count": count + len(records)})
