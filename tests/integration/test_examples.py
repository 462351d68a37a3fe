"""Each example: built as its spin.toml says, run on the embedded Kinesis, and held against what its page promises."""

import json
import shutil
import sqlite3

import pytest

from harness import ROOT
from templates import build, running
from toolchains import Rust


def example(name, toolchain, tmp_path):
    """The example in a folder of its own, built. Its compiled parts and the SDK are the checkout's."""
    source = ROOT / "examples" / name
    folder = tmp_path / "examples" / name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("target", ".spin", "*.wasm"))
    (tmp_path / "sdk").symlink_to(ROOT / "sdk")
    toolchain.prepare(folder)
    build(folder, toolchain.environment)
    return folder


@pytest.mark.timeout(1200)
def test_orders_are_enriched_with_what_came_before_them(tmp_path):
    folder = example("order-enricher", Rust(), tmp_path)

    def event(kind, **fields):
        return json.dumps({"type": kind, **fields})

    def order(number, customer):
        return event("order", id=number, customer=customer, lines=[{"article": "tea", "count": 2, "cents": 500}])

    with running(folder) as app:
        app.put("c-1", event("customer", id="c-1", name="Ada", discount_percent=10), order("o-1", "c-1"),
                event("customer", id="c-1", name="Ada", discount_percent=50), order("o-2", "c-1"), order("o-3", "c-9"))
        app.wait_for(lambda: app.output().count('"total_cents"') >= 3, 60, "three orders")
        with sqlite3.connect(folder / ".spin/sqlite_key_value.db") as database:
            stored = {key: json.loads(value) for key, value in database.execute(
                "SELECT key, value FROM spin_key_value WHERE key LIKE 'order:%'")}
    assert {key: value["total_cents"] for key, value in stored.items()} == {
        "order:o-1": 900, "order:o-2": 500, "order:o-3": 1000}
    assert stored["order:o-2"]["customer"]["name"] == "Ada" and stored["order:o-3"]["customer"] is None
