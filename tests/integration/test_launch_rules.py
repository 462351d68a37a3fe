"""What a trigger owes `spin up`, rule by rule: what test_launch.py does not show of the launch (1), of the generic
flags (2), of the locked app (3) and of the components (4)."""

import base64
import json
import re
import signal
import sqlite3
import subprocess

import pytest
from apps import guest
from harness import BINARY, clean_environment, create_stream, delivered, put_in_order, stream_arn
from spin_launcher import groups_of
from test_launch import ARN, Spin, direct


@pytest.fixture
def spin(tmp_path):
    return Spin(tmp_path)


@pytest.fixture
def live(spin, service, client, stream_name):
    """With a stream of one shard that holds ten records."""
    create_stream(client, stream_name, 1)
    put_in_order(client, stream_name, [("k", number) for number in range(10)])
    spin.environment["AWS_ENDPOINT_URL_KINESIS"] = service.endpoint
    spin.arn = stream_arn(client, stream_name)
    return spin


# An app as the lock that Spin writes, for the executable itself.


def locked(source="handler", **changes):
    """The smallest app, with members changed or added."""
    return {"spin_lock_version": 1, "metadata": {"name": "drill"},
            "triggers": [{"id": "t", "trigger_type": "kinesis",
                          "trigger_config": {"component": "c", "stream_arn": ARN}}],
            "components": [{"id": "c", "source": {"source": f"file://{guest(source)}"}}], **changes}


def run_lock(folder, document, *words, **environment):
    path = folder / "spin.lock"
    path.write_text(json.dumps(document))
    return subprocess.run(
        [str(word) for word in (BINARY, *words)], capture_output=True, text=True, timeout=60,
        env=clean_environment(folder, SPIN_LOCKED_URL=path.as_uri(), SPIN_WORKING_DIR=str(folder),
                              SPIN_LOCAL_APP_DIR=str(folder), **environment))


# ---- 1: the launch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--launch-metadata-only"], ["--help-args-only"]])
def test_hidden_flags_come_before_everything_else(words, tmp_path):
    """No variable is read before them, and telemetry says nothing beside them."""
    plain = direct(*words)
    asked = direct(*words, SPIN_LOCKED_URL="file:///no/where", SPIN_WORKING_DIR="/no/where", RUST_LOG="trace",
                   OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
                   SPIN_WASMTIME_POOLING="maybe", RUNTIME_CONFIG_FILE=str(tmp_path / "none.toml"))
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, plain.stdout, plain.stderr)


def test_arguments_are_grouped_as_spin_groups_them():
    assert groups_of([]) == []
    assert groups_of(["--listen", "127.0.0.1:1", "-L", "/x"]) == [["--listen", "127.0.0.1:1"], ["-L", "/x"]]
    assert groups_of(["--listen", "a", "--shush", "--allow-transient-write", "-L", "/x"]) == [
        ["--listen", "a"], ["--shush"], ["--allow-transient-write"], ["-L", "/x"]]
    assert groups_of(["--listen", "a", "HELLO", "-L", "/x"]) == [["--listen", "a"], ["HELLO"], ["-L", "/x"]]


def test_a_value_may_stand_behind_an_equals_sign(spin):
    spin.app_of(ARN)
    tried = spin.run("--test", f"--log-dir={spin.folder}/logs", "--variable=a=b=c", "-q")
    assert tried.returncode == 0, tried.stderr


def test_folders_with_blanks_and_signs_are_found(live):
    """The lock is named by a URL, percent-encoded."""
    live.tmp = live.folder / "a folder, 100% ours #1 é"
    live.tmp.mkdir()
    live.environment["TMPDIR"] = str(live.tmp)
    live.write("inside", "data.txt")
    live.app_of(live.arn, component='files = ["data.txt"]\nenvironment = { GUEST_COMMAND = "read /data.txt" }')
    tried = live.run("--test")
    assert "read: inside" in tried.stdout, tried.stdout + tried.stderr


def test_the_app_s_folder_may_be_relative(live):
    live.app_of(live.arn)
    with live.start("-f", "app/spin.toml", cwd=live.folder) as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        assert 'Logging component stdio to "app/.spin/logs/"' in spin.output
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0


def test_everything_comes_from_the_lock_and_nothing_from_the_manifest(live):
    live.app_of(live.arn)
    saw = live.folder / "spin.lock"
    with live.start("--temp", live.folder / "kept") as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        saw.write_bytes((live.folder / "kept" / "spin.lock").read_bytes())
        spin.signal(signal.SIGTERM)
        spin.wait(10)
    (live.app / "spin.toml").unlink()
    environment = clean_environment(live.folder, SPIN_LOCKED_URL=saw.as_uri(), SPIN_WORKING_DIR=str(live.folder),
                                    SPIN_LOCAL_APP_DIR=str(live.app))
    shown = subprocess.run([BINARY, "--print-config"], env=environment, capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0 and live.arn in shown.stdout, shown.stderr


def test_each_variable_template_and_host_of_the_whole_app_is_checked(spin):
    idle = f'[component.idle]\nsource = "{guest("nothing")}"\n'
    for more, said in ((idle + 'variables = { v = "{{ nobody }}" }', "nobody"),
                       (idle + 'allowed_outbound_hosts = ["no-scheme.example"]', "no-scheme.example")):
        spin.app_of(ARN, more=more)
        refused = spin.run("--test")
        assert refused.returncode == 2 and said in refused.stderr, (said, refused.stdout, refused.stderr)


# ---- 2: the generic flags ----------------------------------------------------------------------------------------


def test_output_files_by_variable_by_configuration_and_by_default(tmp_path):
    (tmp_path / "rt.toml").write_text(f'log_dir = "{tmp_path}/of-file"\n')
    configured = ["--runtime-config-file", tmp_path / "rt.toml"]
    variable = {"SPIN_LOG_DIR": str(tmp_path / "of-variable")}
    for words, environment, place in (
            ([], {}, ".spin/logs"), (["--state-dir", tmp_path / "state"], {}, "state/logs"),
            (configured, {}, "of-file"), (configured, variable, "of-variable"),
            ([*configured, "--log-dir", tmp_path / "of-flag"], variable, "of-flag")):
        tried = run_lock(tmp_path, locked(), "--test", *words, **environment)
        assert f'Logging component stdio to "{tmp_path}/{place}/"' in tried.stderr, (place, tried.stderr)
        assert (tmp_path / place / "c_stdout.txt").exists(), place
    tried = run_lock(tmp_path, locked(), "--test", SPIN_LOG_DIR="")
    assert tried.returncode == 0 and "Logging component stdio" not in tried.stderr, tried.stderr


def test_output_is_appended_to_files(live):
    live.app_of(live.arn)
    live.out()
    logs = live.app / ".spin" / "logs"
    logs.mkdir(parents=True)
    (logs / "recorder_stdout.txt").write_text("of an earlier run\n")
    with live.start() as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        spin.signal(signal.SIGTERM)
        spin.wait(10)
    assert live.out().startswith(b"of an earlier run\n")


def test_of_a_variable_s_values_the_last_counts_and_files_may_hold_them(tmp_path):
    document = locked(variables={"stream": {}})
    document["triggers"][0]["trigger_config"]["stream_arn"] = ARN.replace("none", "{{ stream }}")
    (tmp_path / "stream.txt").write_text("from-text")
    (tmp_path / "values.toml").write_text('stream = "from-toml"\n')
    (tmp_path / "nested.json").write_text('{"stream": {"a": 1}}')
    table = f"@{tmp_path}/values.toml"
    for words, stream in ((("stream=one", "stream=two"), "two"), ((f"stream=@{tmp_path}/stream.txt",), "from-text"),
                          ((table,), "from-toml"), ((table, "stream=last"), "last")):
        flags = [word for value in words for word in ("--variable", value)]
        shown = run_lock(tmp_path, document, "--print-config", *flags)
        assert f"stream/{stream}" in shown.stdout, (words, shown.stdout, shown.stderr)
    for wrong in ("stream", "@values.ini", f"@{tmp_path}/none.json", f"@{tmp_path}/nested.json"):
        assert run_lock(tmp_path, document, "--print-config", "--variable", wrong).returncode == 2, wrong


def test_pairs_and_statements_of_flags_are_stored_before_anything_runs(live):
    live.app_of(live.arn)  # no component lists a store
    statements = live.write("CREATE TABLE t (n); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);", "init.sql")
    config = live.write('[sqlite_database.audit]\ntype = "spin"\npath = "audit.db"\n', "rt.toml")
    with live.start("--key-value", "a=1", "--key-value", "b=x=y", "--sqlite", "CREATE TABLE one (n)",
                    "--sqlite", f"@{statements}", "--sqlite", f"@{statements}:audit",
                    "--runtime-config-file", config) as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0
    with sqlite3.connect(live.app / ".spin" / "sqlite_key_value.db") as store:
        assert dict(store.execute("SELECT key, value FROM spin_key_value")) == {"a": b"1", "b": b"x=y"}
    for path in (live.app / ".spin" / "sqlite_db.db", live.app / "audit.db"):
        with sqlite3.connect(path) as database:
            assert database.execute("SELECT n FROM t").fetchall() == [(1,), (2,)], path
    for wrong in (f"@{statements}:nobody", "@/no/such.sql", "SELEKT"):
        refused = live.run("--sqlite", wrong, "--runtime-config-file", config)
        assert refused.returncode not in (0, None), wrong


def test_the_memory_limit_of_flag_then_variable_then_configuration(tmp_path):
    document = locked()
    document["components"][0]["env"] = {"GUEST_COMMAND": "growsoft"}
    (tmp_path / "rt.toml").write_text(f"max_instance_memory = {8 << 20}\n")

    def limit(*words, **environment):
        tried = run_lock(tmp_path, document, "--test", "--runtime-config-file", tmp_path / "rt.toml", *words,
                         **environment)
        return int(re.search(r"malloc refused after (\d+)", tried.stdout)[1]) >> 20

    variable = {"SPIN_MAX_INSTANCE_MEMORY": str(32 << 20)}
    assert limit() < 8
    assert 8 < limit(**variable) < 32
    assert 32 < limit("--max-instance-memory", 64 << 20, **variable) < 64
    refused = run_lock(tmp_path, locked(), "--test", "--max-instance-memory", 65536)
    assert refused.returncode != 0, "its first memory is larger"


def test_variables_that_are_true_or_false(tmp_path):
    cache = tmp_path / "compiled"
    (tmp_path / "cache.toml").write_text(f'[cache]\ndirectory = "{cache}"\n')
    for text in ("1", "YES"):
        run_lock(tmp_path, locked(), "--test", WASMTIME_CACHE_FILE=tmp_path / "cache.toml", DISABLE_WASMTIME_CACHE=text)
        assert not cache.exists(), text
    for text in ("", "off"):
        tried = run_lock(tmp_path, locked(), "--test", WASMTIME_CACHE_FILE=tmp_path / "cache.toml",
                         DISABLE_WASMTIME_CACHE=text)
        assert tried.returncode == 0, (text, tried.stderr)
    assert list(cache.iterdir())


@pytest.mark.parametrize("level, shown", [("trace", True), ("hyper=warn,info", True), ("off", False), (None, False)])
def test_the_log_s_level_is_that_of_rust_log(level, shown, live):
    live.app_of(live.arn)
    with live.start(**({"RUST_LOG": level} if level else {})) as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        spin.signal(signal.SIGTERM)
        spin.wait(10)
        assert (" info " in spin.output) == shown, spin.output


# ---- 3: the locked app -------------------------------------------------------------------------------------------


def test_what_is_not_known_is_ignored_at_every_level(tmp_path):
    document = locked(future={"a": [1]})
    document["metadata"]["future"] = 1
    document["triggers"][0]["future"] = 1
    document["components"][0] |= {"future": 1, "metadata": {"future": {}}}
    document["components"][0]["source"]["future"] = 1
    tried = run_lock(tmp_path, document, "--test")
    assert tried.returncode == 0, tried.stderr


@pytest.mark.parametrize("version", [0, 1])
def test_both_versions_of_the_lock_are_read(version, tmp_path):
    assert run_lock(tmp_path, locked(spin_lock_version=version), "--test").returncode == 0


CHAINING = "not available in this version of the 'kinesis' trigger: local_service_chaining"


@pytest.mark.parametrize("changes, said", [
    ({"must_understand": ["host_requirements"], "host_requirements": {"local_service_chaining": "required"}}, CHAINING),
    ({"must_understand": ["host_requirements"], "host_requirements": {"local_service_chaining": "optional"}}, None),
    ({"must_understand": ["component_host_requirements"]}, None),
    ({"must_understand": ["host_requirements", "another"]}, "another"),
    ({"host_requirements": {"teleporting": "required"}}, "teleporting"),
    ({"spin_lock_version": 2}, "spin_lock_version"),
    ({"components": []}, '"c"'),
    ({"components": [{"id": "c", "source": {}}]}, "source"),
    ({"components": [{"id": "c", "source": {"source": "file:///no/such.wasm"}}]}, "/no/such.wasm"),
    ({"triggers": [{"id": "t", "trigger_type": "kinesis", "trigger_config": {"stream_arn": ARN}}]},
     "trigger \"t\" missing 'component' config field"),
])
def test_what_is_refused_of_a_lock(changes, said, tmp_path):
    tried = run_lock(tmp_path, locked(**changes), "--test")
    assert (tried.returncode == 0) == (said is None), tried.stderr
    assert said is None or said in tried.stderr, tried.stderr


def test_requirements_of_another_trigger_s_component_are_its_own_affair(tmp_path):
    document = locked()
    document["triggers"].append({"id": "w", "trigger_type": "http", "trigger_config": {"component": "web", "odd": 1}})
    document["components"].append({"id": "web", "source": {"source": "file:///no/such.wasm"},
                                   "host_requirements": {"local_service_chaining": "required"}})
    assert run_lock(tmp_path, document, "--test").returncode == 0


def test_a_component_may_stand_within_the_lock(tmp_path):
    document = locked()
    document["components"][0]["source"] = {"inline": base64.b64encode(guest("nothing").read_bytes()).decode()}
    tried = run_lock(tmp_path, document, "--test")
    assert tried.returncode == 0, tried.stderr


def test_a_component_may_stand_within_its_trigger(live):
    live.write(f"""spin_manifest_version = 2
[application]
name = "drill"
[application.trigger.kinesis]
failover_millis = 4321
[[trigger.kinesis]]
component = {{ source = "{guest("handler")}" }}
stream_arn = "{live.arn}"
shard_iterator_type = "TRIM_HORIZON"
""")
    assert "4321" in live.run("--print-config").stdout
    with live.start() as spin:
        spin.wait_for(lambda: len(delivered(live.out("kinesis-trigger0-component"))) == 10, 30, "records are handled")
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0


@pytest.mark.parametrize("metadata, value", [
    ({"triggers": {"kinesis": {"failover_millis": 4001}}, "trigger": {"type": "kinesis", "failover_millis": 4002}},
     4001),
    ({"trigger": {"type": "kinesis", "failover_millis": 4002}}, 4002),
    ({"triggers": {}, "trigger": {"type": "kinesis", "failover_millis": 4002}}, None),
    ({"trigger": {"type": "http", "failover_millis": 4002}}, None)])
def test_where_the_options_of_all_triggers_stand(metadata, value, tmp_path):
    shown = run_lock(tmp_path, locked(metadata={"name": "drill", **metadata}), "--print-config")
    assert shown.returncode == 0, shown.stderr
    assert re.findall("400[12]", shown.stdout) == ([str(value)] if value else []), shown.stdout


# ---- 4: the components -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source, said", [
    ("missing", "handle-batch-records"), ("mistyped", "another type"), ("doubled", "more than one handler"),
    ("importing", "acme:store/table@1.0.0")])
def test_a_component_that_is_no_handler_ends_the_start(source, said, tmp_path):
    tried = run_lock(tmp_path, locked(source=source), "--test")
    assert tried.returncode != 0 and said in tried.stdout + tried.stderr, tried.stdout + tried.stderr


@pytest.mark.parametrize("content, said", [
    (b"(module)", "text"), (b"", "empty"), (b"#!/bin/sh\n", "not a WebAssembly file"), (b"\0asm\1\0\0\0", "handler")])
def test_a_file_that_is_no_component_ends_the_start(content, said, tmp_path):
    path = tmp_path / "app.wasm"
    path.write_bytes(content)
    document = locked()
    document["components"][0]["source"] = {"source": path.as_uri()}
    tried = run_lock(tmp_path, document, "--test")
    assert tried.returncode != 0 and said in tried.stdout + tried.stderr, tried.stdout + tried.stderr


def test_what_is_mounted_must_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("no folder")
    for path in ("file", "none"):
        document = locked()
        document["components"][0]["files"] = [{"source": (tmp_path / path).as_uri(), "path": "/data"}]
        tried = run_lock(tmp_path, document, "--test")
        assert tried.returncode != 0 and str(tmp_path / path) in tried.stdout + tried.stderr, tried.stderr


def test_a_guest_has_no_arguments_and_no_input(tmp_path):
    document = locked()
    document["components"][0]["env"] = {"GUEST_COMMAND": "outside"}
    tried = run_lock(tmp_path, document, "--test")
    assert "arguments: 0, input: 0" in tried.stdout, tried.stdout + tried.stderr


def test_folders_are_mounted_where_the_lock_says(tmp_path):
    document = locked()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.txt").write_text(f"of {name}")
    document["components"][0]["files"] = [{"source": (tmp_path / name).as_uri(), "path": f"/{name}"}
                                          for name in ("one", "two")]
    for name in ("one", "two"):
        document["components"][0]["env"] = {"GUEST_COMMAND": f"read /{name}/data.txt"}
        assert f"read: of {name}" in run_lock(tmp_path, document, "--test").stdout
    document["components"][0]["env"] = {"GUEST_COMMAND": "read /one/../../etc/hostname"}
    assert "cannot read" in run_lock(tmp_path, document, "--test").stdout
