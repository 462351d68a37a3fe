"""The templates for JavaScript, TypeScript and Python: rendered, tested, built and run as their users do."""

import json
import tomllib

import pytest

from harness import ROOT
from reader import Reader
from templates import TEMPLATES, add, build, components, has_new, render, running


def check_run(folder, seconds):
    """A text is printed; what is none comes again until it is given up, and holds nothing behind it back for good."""
    spin = folder / "spin.toml"
    spin.write_text(spin.read_text().replace("batch_size = ", "maximum_retry_attempts = 1\nbatch_size = ", 1))
    with running(folder) as app:
        app.put("ada", "one order", b"\xff\x00")
        app.printed_within(seconds, "records of shardId-000000000000", "ada: one order")
        app.wait_for(lambda: "records were given up" in app.consumer.output, 30, "the binary record is given up")
        app.put("bob", "gr\u00fc\u00dfe")
        app.printed_within(30, "bob: gr\u00fc\u00dfe")
        assert app.output().count("ada: one order") == 1
        assert "is not UTF-8" in app.output(stream="stderr")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("template", ["kinesis-js", "kinesis-ts"])
def test_an_app_in_javascript_or_typescript_runs(node, tmp_path, template):
    folder = render(template, tmp_path, "shop orders", project_description="Orders, printed")
    node.prepare(folder)
    assert json.loads((folder / "package.json").read_text())["name"] == "shop-orders"
    node.run("npm", "test", cwd=folder)
    build(folder, node.environment)
    check_run(folder, 60)


@pytest.mark.timeout(600)
def test_an_app_in_python_runs(python, tmp_path):
    folder = render("kinesis-py", tmp_path, "shop orders")
    build(folder, python.environment)
    python.run(".venv/bin/python", "-m", "unittest", cwd=folder)
    check_run(folder, 180)


@pytest.mark.timeout(300)
def test_a_typescript_handler_is_checked_by_the_compiler(node, tmp_path):
    folder = render("kinesis-ts", tmp_path)
    node.prepare(folder)
    handler = folder / "src/handler.ts"
    handler.write_text(handler.read_text().replace("record.text()", "record.txt()"))
    with pytest.raises(AssertionError, match="Property 'txt' does not exist on type 'KinesisRecord'"):
        build(folder, node.environment)


@pytest.mark.timeout(300)
def test_a_component_in_javascript_is_added_to_an_app(node, tmp_path):
    folder = render("kinesis-js", tmp_path, "shop-orders")
    add("kinesis-js", folder, "second one", stream_arn="arn:aws:kinesis:us-east-1:000000000000:stream/other")
    # `spin add` gives the folder's name as it is.
    assert components(folder)["second-one"]["source"] == "second one/dist/second-one.wasm"
    for one in folder, folder / "second one":
        node.prepare(one)
    build(folder, node.environment)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page,language", [("javascript.md", "node"), ("python.md", "python")])
def test_the_guides_page_is_true(request, tmp_path, page, language):
    if not has_new():
        pytest.skip("a trigger-kinesis without `new`")
    with Reader(tmp_path, request.getfixturevalue(language)) as reader:
        reader.follow(ROOT / "docs/guide" / page)


def test_the_templates_of_script_languages_have_the_same_parameters():
    tables = [tomllib.loads((TEMPLATES / f"kinesis-{one}/metadata/spin-template.toml").read_text())["parameters"]
              for one in ("js", "ts", "py")]
    assert tables[0] == tables[1] == tables[2]
