"""A record processor for the KCL's daemon, which talks to it by lines of JSON. Arguments: the file that it writes
and, if wanted, how many records it takes at most: what comes after those it neither writes nor checkpoints.

It writes one line a record, `<shard> <data>`, and checkpoints after each batch.
"""

import base64
import json
import sys


def checkpoint(sequence_number=None, sub_sequence_number=None):
    request = {"action": "checkpoint", "sequenceNumber": sequence_number,
               "subSequenceNumber": sub_sequence_number}
    print("\n" + json.dumps(request), flush=True)
    json.loads(sys.stdin.readline())


def main(path, most=sys.maxsize):
    shard, taken = None, 0
    with open(path, "a") as output:
        for line in sys.stdin:
            message = json.loads(line)
            action = message["action"]
            if action == "initialize":
                shard = message["shardId"]
            elif action == "processRecords":
                records = message["records"][:most - taken]
                taken += len(records)
                for record in records:
                    output.write(f"{shard} {base64.b64decode(record['data']).decode()}\n")
                output.flush()
                if records:
                    last = records[-1]
                    checkpoint(last["sequenceNumber"], last.get("subSequenceNumber"))
            elif action == "shardEnded":
                output.write(f"{shard} ended\n")
                output.flush()
                checkpoint()
            print("\n" + json.dumps({"action": "status", "responseFor": action}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
