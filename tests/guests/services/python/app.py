"""Uses all that the modules for Spin's interfaces offer; the guests beside it print the same lines. For a batch that
does not ask for that it is what the guide shows, which the test writes beside it."""

import asyncio

import listing
from spin_kinesis_sdk import handler, http, key_value, variables


@handler
async def handle(records, context):
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    if records[0].text() != "everything":
        return listing.handle(records, context)
    use_store()
    print("greeting:", shown(lambda: variables.get("greeting")))
    print("undefined:", shown(lambda: variables.get("nobodys")).partition(":")[0])
    print("named badly:", shown(lambda: variables.get("A B"))[:12])
    server = variables.get("server")
    send("reply", "PATCH", f"{server}/a?b", {"x-key": "ada", "x-other": "-"}, "one order")
    send("empty reply", "GET", server)
    send("other host", "GET", "http://127.0.0.2:1/")
    send("no url", "GET", "ftp://a")
    print("the: end")


def use_store():
    print("other store:", shown(lambda: key_value.open("other")))
    store = key_value.open()
    if store.get("python nothing") is None:
        print("nothing: none")
    store.set("python colour", "blue")
    store.set("python empty", b"")
    print("colour:", store.get("python colour").decode())
    print("empty:", len(store.get("python empty")), "bytes")
    own = sorted(key.removeprefix("python ") for key in store.keys() if key.startswith("python "))
    print("keys:", "".join(f"{key}," for key in own))
    print("exists:", str(store.exists("python colour")).lower())
    store.delete("python colour")
    print("exists:", str(store.exists("python colour")).lower())
    store.set("python large", b"x" * (1 << 20))
    print("large:", sum(len(store.get("python large")) for _ in range(64)))


def send(what, *request):
    def sent():
        answer = http.send(*request)
        return f"{answer.status} {answer.headers['x-answer']} {answer.text()}"
    print(f"{what}:", shown(sent))


def shown(function):
    try:
        return function()
    except key_value.ServiceError as refused:
        return str(refused)
