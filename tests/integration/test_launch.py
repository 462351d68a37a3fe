"""Started as `spin up` starts it: spin_launcher.py plays Spin's side."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from apps import App, guest
from harness import (
    BINARY, PASSED_ON, REGION, Process, clean_environment, create_stream, default_signals, delivered, put_in_order,
    stream_arn, wait_until)
from spin_launcher import install

LAUNCHER = os.path.join(os.path.dirname(__file__), "spin_launcher.py")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/none"


class Spin:
    """A Spin with our plugin, and one app."""

    def __init__(self, folder, endpoint="http://127.0.0.1:9"):
        self.folder = folder
        self.data = folder / "spin-data"
        self.pids = folder / "pids"
        self.app = folder / "app"
        self.app.mkdir()
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        install(self.data, "trigger-kinesis", BINARY)
        self.environment = clean_environment(
            folder, AWS_ENDPOINT_URL_KINESIS=endpoint, SPIN_DATA_DIR=self.data, LAUNCHER_PIDS=self.pids,
            TMPDIR=self.tmp)

    def write(self, text, name="spin.toml"):
        path = self.app / name
        path.write_text(text)
        return path

    def app_of(self, arn, source="handler", trigger="", component="", more="", application=""):
        source = guest(source) if "/" not in str(source) else source
        return self.write(f"""spin_manifest_version = 2
[application]
name = "drill"
version = "0.1.0"
{application}
[[trigger.kinesis]]
component = "recorder"
stream_arn = "{arn}"
shard_iterator_type = "TRIM_HORIZON"
{trigger}
[component.recorder]
source = "{source}"
{component}
{more}
""")

    def command(self, *words):
        return [sys.executable, LAUNCHER, "up", *words]

    def run(self, *words, cwd=None, seconds=60, **environment):
        """To its end. The two streams apart."""
        return subprocess.run(
            self.command("-f", str(self.app / "spin.toml"), *map(str, words)) if cwd is None
            else self.command(*map(str, words)),
            cwd=cwd or self.folder, env={**self.environment, **environment}, capture_output=True, text=True,
            timeout=seconds, preexec_fn=default_signals)

    def start(self, *words, cwd=None, **environment):
        arguments = words if cwd is not None else ("-f", self.app / "spin.toml", *words)
        return Process(self.command(*arguments), cwd or self.folder, "spin",
                       {**self.environment, **{key: str(value) for key, value in environment.items()}})

    def chain(self, name="trigger-kinesis"):
        """The process between, and the plugin."""
        def read():
            lines = [line.split() for line in self.pids.read_text().splitlines()] if self.pids.exists() else []
            return next(((int(line[1]), int(line[2])) for line in lines if line[0] == name), None)
        return wait_until(read, 20, f"{name} was started")

    def out(self, component="recorder", stream="stdout"):
        path = self.app / ".spin" / "logs" / f"{component}_{stream}.txt"
        return path.read_bytes() if path.exists() else b""


@pytest.fixture
def spin(tmp_path):
    return Spin(tmp_path)


@pytest.fixture
def live(tmp_path, service, client, stream_name):
    """With a stream of one shard that holds ten records."""
    create_stream(client, stream_name, 1)
    put_in_order(client, stream_name, [("k", number) for number in range(10)])
    spin = Spin(tmp_path, service.endpoint)
    spin.arn = stream_arn(client, stream_name)
    return spin


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def direct(*words, **environment):
    """The executable itself, without Spin."""
    return subprocess.run([BINARY, *words], capture_output=True, timeout=30, env={
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ}, **environment})


# ---- hidden flags ------------------------------------------------------------------------------------------------


def test_the_metadata_goes_to_stderr_alone():
    asked = direct("--launch-metadata-only")
    assert asked.returncode == 0
    assert asked.stdout == b""
    flags = json.loads(asked.stderr)["all_flags"]
    assert {"short": "-L", "long": "--log-dir"} in flags
    assert {"short": "-q", "long": "--quiet"} in flags
    longs = [flag["long"] for flag in flags]
    for wanted in ("--truncate-logs", "--disable-cache", "--cache", "--disable-pooling", "--debug-info", "--follow",
                   "--runtime-config-file", "--state-dir", "--allow-transient-write", "--key-value", "--sqlite",
                   "--max-instance-memory", "--variable", "--experimental-wasi-otel", "--experimental-wasm-feature",
                   "--help-args-only", "--launch-metadata-only", "--precompose-only", "--precompose-component-id",
                   "--test"):
        assert wanted in longs
    assert not {"--help", "-h", "--from", "--file", "--env", "--temp", "--build"} & set(longs), "those are Spin's own"


def test_the_options_go_to_stdout_alone_and_are_the_metadata_s_without_the_hidden_ones():
    asked = direct("--help-args-only", SPIN_PLUGINS_SUPPRESS_COMPATIBILITY_WARNINGS="1")
    assert asked.returncode == 0
    assert asked.stderr == b""
    text = asked.stdout.decode()
    assert text.startswith("Kinesis Trigger Options:\n  -L, --log-dir <APP_LOG_DIR>\n")
    assert "Usage" not in text and "--help" not in text
    shown = set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", text, re.M))
    metadata = json.loads(direct("--launch-metadata-only").stderr)["all_flags"]
    hidden = {"--help-args-only", "--launch-metadata-only", "--precompose-only", "--precompose-component-id"}
    assert shown == {flag["long"] for flag in metadata} - hidden


def test_spin_s_help_shows_our_options(spin):
    spin.app_of(ARN)
    helped = spin.run("--help")
    assert helped.returncode == 0
    assert helped.stdout.startswith("Kinesis Trigger Options:")


def test_precomposing_gives_a_component_without_dependencies_back(spin, tmp_path):
    source = guest("handler")
    lock = tmp_path / "spin.lock"
    lock.write_text(json.dumps({"spin_lock_version": 0, "components": [
        {"id": "c", "source": {"source": f"file://{source}"}},
        {"id": "d", "source": {"source": f"file://{source}"}, "trigger_dependencies": {"role": [{}]}}]}))
    environment = {"SPIN_LOCKED_URL": f"file://{lock}", "SPIN_WORKING_DIR": str(tmp_path)}
    asked = direct("--precompose-only", "--precompose-component-id", "c", **environment)
    assert (asked.returncode, asked.stdout) == (0, source.read_bytes())
    refused = direct("--precompose-only", "--precompose-component-id", "d", **environment)
    assert refused.returncode != 0 and b"should not have dependencies" in refused.stderr
    assert b"no --precompose-component-id" in direct("--precompose-only", **environment).stderr


# ---- running, and ending ------------------------------------------------------------------------------------------


def test_an_app_runs_and_ends_with_zero_at_one_signal(live):
    live.app_of(live.arn, component='key_value_stores = []')
    with live.start() as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        between, plugin = live.chain()
        working_dirs = list(live.tmp.glob("spinup-*"))
        assert len(working_dirs) == 1
        os.kill(spin.child.pid, signal.SIGINT)
        assert spin.wait(10) == 0
        assert not alive(between) and not alive(plugin)
        assert not working_dirs[0].exists()
    assert delivered(live.out()) == [("k", number) for number in range(10)]
    assert (live.app / ".spin" / "kinesis.db").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_ending_signal_ends_with_zero(live, number):
    live.app_of(live.arn)
    with live.start() as spin:
        spin.wait_for(lambda: delivered(live.out()), 30, "a record is handled")
        spin.signal(number)
        assert spin.wait(10) == 0


def test_ctrl_c_reaches_every_process_at_once_and_the_call_in_flight_still_ends(live, client, stream_name):
    live.app_of(live.arn, trigger="batch_size = 1")
    client.put_record(StreamName=stream_name, Data=b"!sleep 1500", PartitionKey="k")
    with live.start() as spin:
        spin.wait_for(lambda: b"sleeping" in live.out(), 30, "the guest is in its call")
        os.killpg(spin.child.pid, signal.SIGINT)  # as a terminal does; the launchers add their own SIGTERMs
        assert spin.wait(10) == 0
    assert b"!sleep 1500" in live.out(), "the call was cut short"


def test_the_plugin_ends_when_the_process_above_it_is_killed(live):
    live.app_of(live.arn)
    with live.start() as spin:
        spin.wait_for(lambda: delivered(live.out()), 30, "a record is handled")
        between, plugin = live.chain()
        os.kill(between, signal.SIGKILL)
        wait_until(lambda: not alive(plugin), 10, "the plugin ends by itself")
        assert spin.wait(10) == 1


def test_positions_are_kept_from_one_run_to_the_next(live):
    live.app_of(live.arn)
    for run in (1, 2):
        with live.start() as spin:
            spin.wait_for(lambda: spin.output.count("Active streams") == run, 30, "it is running")
            spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
            spin.signal(signal.SIGTERM)
            assert spin.wait(10) == 0
    assert len(delivered(live.out())) == 10


def test_codes_of_wrong_usage_and_configuration_pass_through(spin):
    spin.app_of(ARN)
    refused = spin.run("--no-such-flag")
    assert refused.returncode == 2 and "--no-such-flag" in refused.stderr
    spin.app_of(ARN, trigger="batchsize = 3")
    refused = spin.run()
    assert refused.returncode == 2
    assert 'unknown key "batchsize"; did you mean "batch_size"?' in refused.stderr
    assert '(in trigger "recorder-kinesis-trigger")' in refused.stderr
    spin.app_of(ARN, source="/gone.wasm")
    assert "/gone.wasm" in spin.run().stderr


def test_the_compatibility_flag_is_spin_s_own(spin):
    spin.app_of(ARN)
    assert spin.run("--override-compatibility-check", "--print-config").returncode == 0


@pytest.mark.parametrize("missing", ["SPIN_LOCKED_URL", "SPIN_WORKING_DIR"])
def test_a_missing_variable_is_named(missing, tmp_path):
    environment = {"SPIN_LOCKED_URL": f"file://{tmp_path}/spin.lock", "SPIN_WORKING_DIR": str(tmp_path)}
    del environment[missing]
    asked = direct("--quiet", **environment)
    assert asked.returncode == 2
    assert missing in asked.stderr.decode()


# ---- streams and notices ------------------------------------------------------------------------------------------


def finished(spin, process):
    """What the app said on each stream."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    return out, err


def open_streams(live, *words, **environment):
    return subprocess.Popen(
        live.command("-f", str(live.app / "spin.toml"), *map(str, words)), cwd=live.folder,
        env={**live.environment, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=default_signals)


def test_the_banner_goes_to_stdout_and_notices_to_stderr_in_spin_s_order(live):
    live.app_of(live.arn, component='key_value_stores = ["default"]\nsqlite_databases = ["default"]')
    config = live.write("[key_value_store.x]\ntype = \"spin\"\n", "rt.toml")
    process = open_streams(live, "--runtime-config-file", config)
    wait_until(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
    out, err = finished(live, process)
    assert out.startswith(f"Active streams:\n\t{live.arn}: recorder\n")
    state = live.app / ".spin"
    notices = [f'Using runtime config [key_value_store.x: spin] from "{config}"',
               f'Logging component stdio to "{state}/logs/"',
               f'Storing default SQLite data to "{state}/sqlite_db.db".',
               f'Storing default key-value data to "{state}/sqlite_key_value.db".']
    assert [line for line in err.splitlines() if line in notices] == notices
    assert "record " not in out and "<<k:0>>" in err, "followed output goes to stderr"


def test_output_is_followed_as_asked(live):
    live.app_of(live.arn)
    for words, shown in ((("--quiet",), False), (("--shush",), False), (("--sh",), False),
                         (("--follow", "recorder"), True), (("--log-dir", "", "-q"), False)):
        shutil.rmtree(live.app / ".spin", ignore_errors=True)
        process = open_streams(live, *words)
        if "--log-dir" in words:
            time.sleep(3)
        else:
            wait_until(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        out, err = finished(live, process)
        assert ("<<k:0>>" in err) == shown, words
        if "--log-dir" in words:
            assert not (live.app / ".spin" / "logs").exists()


def test_an_unknown_component_to_follow_is_refused_with_both_lists(spin):
    spin.app_of(ARN)
    refused = spin.run("--follow", "nobody")
    assert refused.returncode == 2
    assert ("do not exist in the application:\n  - nobody\n"
            "The following components exist:\n  - recorder") in refused.stderr
    assert spin.run("--follow", "recorder", "--quiet").returncode == 2


def test_output_files_are_where_the_flag_or_the_variable_says_and_may_be_emptied(live, tmp_path):
    live.app_of(live.arn)
    by_flag, by_variable = tmp_path / "flag-logs", tmp_path / "variable-logs"
    by_flag.mkdir()
    (by_flag / "recorder_stdout.txt").write_text("old")
    (by_flag / "other_stderr.txt").write_text("old")
    (by_flag / "mine.txt").write_text("kept")
    with live.start("-L", by_flag, "--truncate-logs", SPIN_LOG_DIR=by_variable) as spin:
        spin.wait_for(lambda: b"<<k:9>>" in (by_flag / "recorder_stdout.txt").read_bytes(), 30, "records are handled")
        spin.signal(signal.SIGTERM)
        spin.wait(10)
    assert b"old" not in (by_flag / "recorder_stdout.txt").read_bytes()
    assert (by_flag / "other_stderr.txt").read_text() == ""
    assert (by_flag / "mine.txt").read_text() == "kept"
    assert not by_variable.exists()


# ---- the environment and the folders -----------------------------------------------------------------------------


def test_run_in_the_app_s_folder_its_directory_is_the_empty_string(live):
    live.app_of(live.arn)
    with live.start(cwd=live.app) as spin:
        spin.wait_for(lambda: len(delivered(live.out())) == 10, 30, "ten records are handled")
        assert 'Logging component stdio to ".spin/logs/"' in spin.output
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0


def test_a_remote_app_needs_a_folder_for_its_positions(live, tmp_path):
    live.app_of(live.arn)
    refused = live.run("--remote")
    assert refused.returncode == 2 and "--state-dir" in refused.stderr
    refused = live.run("--state-dir", "")
    assert refused.returncode == 2 and "--state-dir" in refused.stderr
    logs = tmp_path / "remote-state" / "logs" / "recorder_stdout.txt"
    with live.start("--remote", "--state-dir", tmp_path / "remote-state") as spin:
        spin.wait_for(lambda: logs.exists() and b"<<k:9>>" in logs.read_bytes(), 30, "records are handled")
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0


def test_the_runtime_configuration_comes_after_the_flag(live, tmp_path):
    live.app_of(live.arn)
    config = live.write(f'state_dir = "{tmp_path}/of-file"\nlog_dir = "{tmp_path}/logs-of-file"\n', "rt.toml")
    of_file = tmp_path / "logs-of-file" / "recorder_stdout.txt"
    with live.start("--state-dir", tmp_path / "of-flag", RUNTIME_CONFIG_FILE=config) as spin:
        spin.wait_for(lambda: of_file.exists() and b"<<k:9>>" in of_file.read_bytes(), 30, "records are handled")
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0
    assert (tmp_path / "of-flag" / "kinesis.db").exists()
    assert not (tmp_path / "of-file").exists()


def test_an_unknown_key_of_the_runtime_configuration_is_refused(spin):
    spin.app_of(ARN)
    config = spin.write("[key_value_stor.x]\n", "rt.toml")
    refused = spin.run("--runtime-config-file", config)
    assert refused.returncode == 2
    assert "unused runtime config key(s): key_value_stor" in refused.stderr


def test_labels_of_the_whole_app_are_checked(spin):
    spin.app_of(ARN, more=f'[component.idle]\nsource = "{guest("nothing")}"\nkey_value_stores = ["sessions"]\n')
    refused = spin.run()
    assert refused.returncode == 2
    assert 'unknown key_value_stores label "sessions" for component "idle"' in refused.stderr
    spin.app_of(ARN, component='sqlite_databases = ["audit"]')
    refused = spin.run()
    assert "One or more components use SQLite databases which are not defined." in refused.stderr
    assert "- Component recorder uses database 'audit'" in refused.stderr


def test_templates_take_variables_in_spin_s_order(live, stream_name):
    live.app_of(live.arn.replace(stream_name, "{{ stream }}").replace(REGION, "{{region}}"),
                more='[variables]\nstream = { required = true }\nregion = { default = "' + REGION + '" }')
    refused = live.run()
    assert refused.returncode == 2
    assert 'no provider resolved required variable(s): ["stream"]' in refused.stderr
    shown = live.run("--print-config", "--variable", f"stream={stream_name}", SPIN_VARIABLE_STREAM="weaker")
    assert shown.returncode == 0 and stream_name in shown.stdout
    values = live.write(json.dumps({"stream": "from-file"}), "values.json")
    assert "stream/from-file" in live.run("--print-config", "--variable", f"@{values}").stdout
    assert "stream/weaker" in live.run("--print-config", SPIN_VARIABLE_STREAM="weaker").stdout
    config = live.write('[[variables_provider]]\ntype = "static"\nvalues = { stream = "of-provider" }\n', "rt.toml")
    assert "stream/of-provider" in live.run(
        "--print-config", "--runtime-config-file", config, SPIN_VARIABLE_STREAM="weaker").stdout


def test_service_chaining_is_refused_in_spin_s_words(spin):
    spin.app_of(ARN, component='allowed_outbound_hosts = ["http://other.spin.internal"]')
    refused = spin.run()
    assert refused.returncode == 2
    assert ("This application requires the following features that are not available in this version of the 'kinesis' "
            "trigger: local_service_chaining") in refused.stderr


def test_a_newer_lock_is_refused(tmp_path):
    lock = tmp_path / "spin.lock"
    for document, word in (({"spin_lock_version": 2}, "spin_lock_version"),
                           ({"spin_lock_version": 1, "must_understand": ["new_thing"]}, "new_thing")):
        lock.write_text(json.dumps(document))
        asked = direct(SPIN_LOCKED_URL=f"file://{lock}", SPIN_WORKING_DIR=str(tmp_path))
        assert asked.returncode == 2 and word in asked.stderr.decode()


# ---- files, memory, the engine ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [(), ("--direct-mounts",)])
def test_files_are_seen_and_written_only_where_allowed(live, mode, client, stream_name):
    live.write("inside", "data.txt")
    path = "/data.txt" if not mode else "/folder/data.txt"
    if mode:
        (live.app / "folder").mkdir()
        (live.app / "folder" / "data.txt").write_text("inside")
    files = '["data.txt"]' if not mode else '[{ source = "folder", destination = "/folder" }]'
    live.app_of(live.arn, component=f'files = {files}\nenvironment = {{ GUEST_COMMAND = "read {path}" }}',
                trigger="maximum_retry_attempts = 0")
    tried = live.run("--test", *mode)
    assert tried.returncode == 1 and "read: inside" in tried.stdout, tried.stdout + tried.stderr
    live.app_of(live.arn, component=f'files = {files}\nenvironment = {{ GUEST_COMMAND = "write {path}" }}')
    assert "cannot write" in live.run("--test", *mode).stdout
    assert live.run("--test", "--allow-transient-write", *mode).returncode == 0
    written = (live.app / "folder" / "data.txt").read_text() if mode else (live.app / "data.txt").read_text()
    assert written == ("written by the guest" if mode else "inside"), "only direct mounts are the user's own files"


def test_the_guest_sees_its_environment_and_what_spin_adds_and_nothing_of_ours(spin):
    def of_guest(name, *words):
        spin.app_of(ARN, component=f'environment = {{ GUEST_COMMAND = "env {name}", MINE = "of manifest" }}')
        return spin.run("--test", *words).stdout
    assert "env: of manifest" in of_guest("MINE")
    assert "env: of flag" in of_guest("MINE", "-e", "MINE=of flag")
    assert re.search(r"env: *$", of_guest("HOME"), re.M)


def test_the_memory_limit_is_taken(spin):
    spin.app_of(ARN, component='environment = { GUEST_COMMAND = "growsoft" }')
    tried = spin.run("--test", "--max-instance-memory", 16 << 20)
    refused_after = re.search(r"malloc refused after (\d+)", tried.stdout)
    assert refused_after and int(refused_after[1]) < 16 << 20
    assert "malloc refused" in spin.run("--test", SPIN_MAX_INSTANCE_MEMORY=str(32 << 20)).stdout


def test_the_cache_is_where_its_file_says_or_nowhere(spin, tmp_path):
    spin.app_of(ARN)
    cache = tmp_path / "compiled"
    file = spin.write(f'[cache]\ndirectory = "{cache}"\n', "cache.toml")
    assert spin.run("--test", "--disable-cache").returncode == 0
    assert not list(tmp_path.glob(".cache/trigger-kinesis/wasm/*"))
    assert spin.run("--test", "--cache", file).returncode == 0
    assert list(cache.iterdir())
    shutil.rmtree(cache)
    assert spin.run("--test", WASMTIME_CACHE_FILE=str(file)).returncode == 0
    assert list(cache.iterdir())
    assert spin.run("--test", "--cache", file, "--disable-cache").returncode == 2
    assert spin.run("--test", DISABLE_WASMTIME_CACHE="maybe").returncode == 2


@pytest.mark.parametrize("words, environment", [
    (("--disable-pooling",), {}), (("--debug-info",), {}), ((), {"SPIN_WASMTIME_POOLING": "0"}),
    ((), {"SPIN_MAX_INSTANCE_COUNT": "4", "SPIN_WASMTIME_CORE_INSTANCE_SIZE": "20000000"}),
    (("--experimental-wasm-feature", "reference-types"), {}), (("--experimental-wasi-otel",), {})])
def test_flags_and_variables_of_the_engine_are_taken(spin, words, environment):
    spin.app_of(ARN)
    tried = spin.run("--test", *words, **environment)
    assert tried.returncode == 0, tried.stderr


def test_a_bad_variable_of_the_engine_is_refused(spin):
    spin.app_of(ARN)
    for name, value in (("SPIN_WASMTIME_POOLING", "yes"), ("SPIN_WASMTIME_TOTAL_TABLES", "many")):
        refused = spin.run("--test", **{name: value})
        assert refused.returncode == 2 and name in refused.stderr


def test_pairs_and_statements_of_flags_are_checked(spin):
    spin.app_of(ARN)
    for words, said in ((("--key-value", "novalue"), "key=value"), (("--sqlite", "@:x"), "file path is empty"),
                        (("--variable", "@x.yaml"), ".json or .toml")):
        refused = spin.run(*words)
        assert refused.returncode == 2 and said in refused.stderr


# ---- --test -------------------------------------------------------------------------------------------------------


def test_each_component_is_tried_once(spin):
    spin.app_of(ARN)
    tried = spin.run("--test", "--remote")
    assert tried.returncode == 0, tried.stderr
    assert "ok  component recorder: " in tried.stdout
    assert not (spin.app / ".spin" / "kinesis.db").exists(), "it stores no position"
    spin.app_of(ARN, component='environment = { GUEST_COMMAND = "fail told to" }')
    tried = spin.run("--test")
    assert tried.returncode == 1
    assert "failed  component recorder: " in tried.stdout and "told to" in tried.stdout
    spin.app_of(ARN, component='environment = { GUEST_COMMAND = "trap" }')
    assert spin.run("--test").returncode == 1


@pytest.mark.parametrize("world", ["stream", "stream_async", "nothing", "plain"])
def test_every_world_can_be_tried(spin, world):
    spin.app_of(ARN, source=world)
    tried = spin.run("--test")
    assert tried.returncode == 0, tried.stdout + tried.stderr


# ---- an app with several triggers ---------------------------------------------------------------------------------

OTHER = """#!{python}
import json, os, signal, sys, time
if "--launch-metadata-only" in sys.argv:
    flags = [{{"long": "--other-only"}}, {{"short": "-q", "long": "--quiet"}}]
    print(json.dumps({{"all_flags": flags}}), file=sys.stderr)
    sys.exit(0)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with open(os.environ["OTHER_SAW"], "w") as out:
    json.dump({{"arguments": sys.argv[1:], "lock": os.environ["SPIN_LOCKED_URL"]}}, out)
time.sleep(float(os.environ.get("OTHER_LIVES", "60")))
sys.exit(int(os.environ.get("OTHER_CODE", "0")))
"""


@pytest.fixture
def two(live):
    """The app has a trigger of another type, whose plugin is a script."""
    script = live.folder / "other"
    script.write_text(OTHER.format(python=sys.executable))
    script.chmod(0o755)
    install(live.data, "trigger-other", script)
    live.saw = live.folder / "other-saw.json"
    live.environment["OTHER_SAW"] = str(live.saw)
    live.app_of(live.arn, more=f"""
[[trigger.other]]
component = "idle"
odd_key = 1
[component.idle]
source = "{live.folder}/no-such.wasm"
""")
    return live


def test_flags_are_shared_out_by_the_metadata(two):
    with two.start("--quiet", "--other-only", "--log-level", "debug") as spin:
        spin.wait_for(lambda: len(delivered(two.out())) == 10, 30, "ten records are handled")
        assert json.loads(two.saw.read_text())["arguments"] == ["--quiet", "--other-only"]
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0
    refused = two.run("--nobody-s")
    assert refused.returncode == 1 and "Unrecognised trigger option" in refused.stderr


def test_the_other_trigger_s_component_is_not_loaded(two):
    with two.start() as spin:  # its source does not exist, and its key is not ours
        spin.wait_for(lambda: len(delivered(two.out())) == 10, 30, "ten records are handled")
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0


@pytest.mark.parametrize("code", [0, 3])
def test_when_another_trigger_ends_we_end_too(two, code):
    with two.start(OTHER_LIVES=3, OTHER_CODE=code) as spin:
        plugin = two.chain()[1]
        assert spin.wait(20) == code
        wait_until(lambda: not alive(plugin), 10, "our plugin ends")
        assert ("A trigger exited unexpectedly. Terminating." in spin.output) == (code != 0)


# ---- the original plugin's users ----------------------------------------------------------------------------------


def test_an_app_of_the_original_plugin_runs_with_its_manifest_unmodified(live):
    """A core module that wit-bindgen made, and every key of the original's template."""
    try:
        source = guest("rust")
    except AssertionError:
        pytest.skip("no wasm32 standard library for Rust on this machine")
    target = live.app / "target" / "wasm32-wasi" / "release"
    target.mkdir(parents=True)
    shutil.copy(source, target / "orders.wasm")
    live.write(f"""spin_manifest_version = 2

[application]
name = "orders"
version = "0.1.0"
authors = ["Ann <ann@example.com>"]
description = ""

[[trigger.kinesis]]
component = "orders"
stream_arn = "{live.arn}"
batch_size = 10
shard_idle_wait_millis = 250
detector_poll_millis = 30000
shard_iterator_type = "TRIM_HORIZON"

[component.orders]
source = "target/wasm32-wasi/release/orders.wasm"
allowed_outbound_hosts = []

[component.orders.build]
command = "cargo build --target wasm32-wasi --release"
watch = ["src/**/*.rs", "Cargo.toml"]
""")
    assert source.read_bytes()[:8] == b"\0asm\1\0\0\0", "a core module"
    with live.start() as spin:
        spin.wait_for(lambda: b"<<k:9>>" in live.out("orders"), 30, lambda: "ten records are handled: " + spin.output)
        spin.signal(signal.SIGTERM)
        assert spin.wait(10) == 0
