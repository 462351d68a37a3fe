"""Each template: rendered, built with its language's tools, run on the embedded Kinesis."""

import subprocess

import pytest

from harness import BINARY, ROOT, clean_environment
from templates import TEMPLATES, add, build, render, running
from toolchains import Cpp, Go, Rust

TOOLCHAINS = {"kinesis-rust": Rust, "kinesis-go": Go, "kinesis-cpp": Cpp}


@pytest.fixture(params=TOOLCHAINS)
def template(request):
    return request.param


@pytest.fixture
def toolchain(template):
    return TOOLCHAINS[template]()


@pytest.mark.timeout(1200)
def test_an_app_of_the_template_handles_records(tmp_path, template, toolchain):
    folder = render(template, tmp_path, shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis="100")
    toolchain.prepare(folder)
    build(folder, toolchain.environment)
    toolchain.unit_tests(folder)
    with running(folder) as app:
        app.put("ada", "one order", "another order")
        app.printed_within(60, "ada: one order", "ada: another order")
        first = app.put("ben", b"\xff\xfe no text")[0]["SequenceNumber"]
        app.put("ada", "an order behind it")
        app.printed_within(30, first, stream="stderr")
        assert "an order behind it" not in app.output()


@pytest.mark.timeout(1200)
def test_a_component_of_the_template_is_added_to_an_app(tmp_path, template, toolchain):
    folder = render(template, tmp_path, "shop", stream_arn="arn:aws:kinesis:eu-west-1:000000000000:stream/orders")
    add(template, folder, "AuditLog", stream_arn="arn:aws:kinesis:eu-west-1:000000000000:stream/audit")
    toolchain.prepare(folder)
    toolchain.prepare(folder / "AuditLog")
    build(folder, toolchain.environment)
    checked = subprocess.run([BINARY, "check", "--offline", "-f", folder / "spin.toml"], capture_output=True,
                             text=True, timeout=120, env=clean_environment(folder))
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count("a handler of trigger-kinesis:handler@0.1") == 2, checked.stdout


def test_the_headers_of_the_template_are_those_of_the_sdk():
    copies = sorted((TEMPLATES / "kinesis-cpp/content/sdk").iterdir())
    assert len(copies) == 4
    for copy in copies:
        assert copy.read_text() == (ROOT / "sdk/cpp" / copy.name).read_text(), f"cp sdk/cpp/{copy.name} {copy}"
