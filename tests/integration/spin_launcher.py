"""Plays the side of `spin up`: three processes, their environment, signals and exit codes.

    spin_launcher.py up [-f spin.toml] [--temp DIR] [--direct-mounts] [-e K=V] [--remote] [trigger flags]
    spin_launcher.py trigger-<type> [flags]

The first form reads the manifest, makes the working directory with `spin.lock` and `assets/`, and starts the second
form once a trigger type; the second finds the plugin below SPIN_DATA_DIR, sets what Spin sets, and starts its
executable. `--remote` leaves out the app's own folder, as for an app from a registry. What a real Spin does beside that
(registries, builds, templates) no trigger can see.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from urllib.parse import quote

VERSION = os.environ.get("LAUNCHER_SPIN_VERSION", "4.0.2")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def file_url(path):
    return "file://" + quote(str(Path(path).resolve()))


def data_dir():
    return Path(os.environ["SPIN_DATA_DIR"])


def fail(message, code=1):
    print(f"Error: {message}", file=sys.stderr, flush=True)
    sys.exit(code)


# ---- the manifest as a locked app --------------------------------------------------------------------------------


def as_json(value):
    """A TOML value as serde writes it."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if hasattr(value, "isoformat"):
        return {"$__toml_private_datetime": value.isoformat().replace("+00:00", "Z")}
    return value


def present(table):
    return {key: value for key, value in table.items() if value not in ("", [], None)}


def locked_variable(variable):
    return {key: variable[key] for key in ("description", "default", "secret") if variable.get(key)
            or (key == "default" and key in variable)}


def locked_triggers(manifest, components):
    triggers, unnamed = [], {}
    for kind, tables in manifest.get("trigger", {}).items():
        for table in tables:
            table = dict(table)
            component = table.pop("component", None)
            name = table.pop("id", None)
            if isinstance(component, str):
                name = name or f"{component}-{kind}-trigger"
            elif component is not None:
                unnamed[kind] = unnamed.get(kind, -1) + 1
                name = name or f"{kind}-trigger{unnamed[kind]}"
                components[f"{name}-component"] = component
                component = f"{name}-component"
            config = as_json(table)
            if component is not None:
                config["component"] = component
            triggers.append({"id": name, "trigger_type": kind, "trigger_config": dict(sorted(config.items()))})
    return triggers


def locked_files(component, name, root, working_dir, direct):
    """Assets are copied below the working directory and mounted as one folder, or each where it lies."""
    mounts, target = [], working_dir / "assets" / name
    for entry in component.get("files", []):
        if isinstance(entry, str):
            matches = [path for path in root.glob(entry) if path.is_file()]
            places = [(path, path.relative_to(root)) for path in matches]
        else:
            places = [(root / entry["source"], Path(entry["destination"].lstrip("/")))]
        for source, place in places:
            if direct:
                mounts.append({"source": file_url(source), "path": f"/{place}"})
            elif source.is_dir():
                shutil.copytree(source, target / place, dirs_exist_ok=True)
            else:
                (target / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target / place)
    if direct:
        return mounts
    return [{"source": file_url(target), "path": "/"}] if target.exists() else []


def locked_component(name, component, root, working_dir, direct, extra_environment):
    metadata = present({
        "description": component.get("description", ""),
        "allowed_outbound_hosts": component.get("allowed_outbound_hosts", []),
        "allowed_http_hosts": component.get("allowed_http_hosts", []),
        "key_value_stores": component.get("key_value_stores", []),
        "databases": component.get("sqlite_databases", []),
        "ai_models": component.get("ai_models", []),
        "build": component.get("build")})
    locked = {
        "id": name, "metadata": metadata,
        "source": {"content_type": "application/wasm", "source": file_url(root / component["source"])}}
    environment = {**component.get("environment", {}), **extra_environment}
    files = locked_files(component, name, root, working_dir, direct)
    for key, value in (("env", environment), ("files", files), ("config", component.get("variables", {}))):
        if value:
            locked[key] = value
    dependencies = {}
    for dependency, entry in component.get("dependencies", {}).items():
        inherit = entry.get("inherit_configuration", component.get("dependencies_inherit_configuration", False))
        dependencies[dependency] = {
            "source": {"content_type": "application/wasm", "source": file_url(root / entry["path"])},
            "export": entry.get("export"), "inherit": "All" if inherit is True else {"Some": inherit or []}}
    if dependencies:
        locked["dependencies"] = dependencies
    if any(".spin.internal" in host for host in component.get("allowed_outbound_hosts", [])):
        locked["host_requirements"] = {"local_service_chaining": "required"}
    return locked


def lock(manifest_path, working_dir, direct, environment):
    manifest = tomllib.loads(Path(manifest_path).read_text())
    root = Path(manifest_path).parent
    application = manifest["application"]
    components = dict(manifest.get("component", {}))
    triggers = locked_triggers(manifest, components)
    metadata = present({key: application.get(key, "") for key in ("name", "version", "description", "authors")})
    metadata["origin"] = file_url(manifest_path)
    metadata["triggers"] = as_json(application.get("trigger", {}))
    kinds = {trigger["trigger_type"] for trigger in triggers}
    if len(kinds) == 1:
        kind = next(iter(kinds))
        metadata["trigger"] = {"type": kind, **metadata["triggers"].get(kind, {})}
    locked = {
        "spin_lock_version": 0, "metadata": metadata,
        "variables": {name: locked_variable(one) for name, one in manifest.get("variables", {}).items()},
        "triggers": triggers,
        "components": [locked_component(name, one, root, working_dir, direct, environment)
                       for name, one in components.items()]}
    if any("host_requirements" in component for component in locked["components"]):
        locked["spin_lock_version"] = 1
        locked["must_understand"] = ["component_host_requirements"]
    return locked


# ---- `spin up` ---------------------------------------------------------------------------------------------------


class Options:
    """What `spin up` keeps to itself; the rest is for the triggers, in order."""

    def __init__(self, arguments):
        self.manifest, self.temp, self.direct, self.remote, self.help = "spin.toml", None, False, False, False
        self.environment, self.rest = {}, []
        words = iter(arguments)
        for word in words:
            if word in ("-f", "--from", "--from-file", "--file"):
                self.manifest = next(words)
            elif word in ("--temp", "--tmp"):
                self.temp = next(words)
            elif word in ("-e", "--env"):
                name, value = next(words).split("=", 1)
                self.environment[name] = value
            elif word == "--direct-mounts":
                self.direct = True
            elif word == "--remote":
                self.remote = True
            elif word in ("-h", "--help"):
                self.help = True
            else:
                self.rest.append(word)
        if os.path.isdir(self.manifest):
            self.manifest = os.path.join(self.manifest, "spin.toml")


def groups_of(arguments):
    groups = []
    for word in arguments:
        takes_it = groups and len(groups[-1]) == 1 and groups[-1][0].startswith("-")
        if not word.startswith("-") and takes_it:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def own(command):
    return [sys.executable, __file__, *command]


def accepted_flags(kind):
    """The metadata call: all of stderr is the JSON, and nothing else may be on it."""
    asked = subprocess.run(own([f"trigger-{kind}", "--launch-metadata-only"]), capture_output=True)
    flags = set()
    for flag in json.loads(asked.stderr)["all_flags"]:
        flags |= {flag.get("short"), flag.get("long")}
    return flags - {None}


def arguments_by_kind(kinds, rest):
    if len(kinds) == 1:
        return {kinds[0]: rest}
    accepted = {kind: accepted_flags(kind) for kind in kinds}
    groups = groups_of(rest)
    for group in groups:
        if not any(group[0] in flags for flags in accepted.values()):
            fail(f'Unrecognised trigger option "{group[0]}"')
    return {kind: [word for group in groups if group[0] in accepted[kind] for word in group] for kind in kinds}


def forward(children):
    """INT, TERM and HUP each become one TERM for every child; waiting goes on."""
    def pass_on(*_):
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
    for number in SIGNALS:
        signal.signal(number, pass_on)
    return pass_on


def wait_for_first(children):
    while True:
        for child in children:
            if child.poll() is not None:
                return child.returncode
        time.sleep(0.01)


def run_children(kinds, rest, environment):
    children, by_kind = [], arguments_by_kind(kinds, rest)
    for kind in kinds:
        children.append(subprocess.Popen(own([f"trigger-{kind}", *by_kind[kind]]), env=environment))
        if len(kinds) > 1:
            time.sleep(0.02)
    pass_on = forward(children)
    code = wait_for_first(children)
    if len(kinds) > 1 and code != 0:
        print("A trigger exited unexpectedly. Terminating.", flush=True)
        pass_on()
    else:
        for child in children:  # they are killed as soon as nobody waits for them
            if child.poll() is None:
                child.kill()
    return 1 if code < 0 else code


def up(arguments):
    options = Options(arguments)
    if not os.path.exists(options.manifest):
        fail(f"no {options.manifest}")
    if options.help:
        manifest = tomllib.loads(Path(options.manifest).read_text())
        for kind in manifest["trigger"]:
            subprocess.run(own([f"trigger-{kind}", "--help-args-only"]),
                           env={**os.environ, "SPIN_PLUGINS_SUPPRESS_COMPATIBILITY_WARNINGS": "1"})
        return 0
    if options.temp:
        os.makedirs(options.temp, exist_ok=True)
    working_dir = Path(options.temp or tempfile.mkdtemp(prefix="spinup-")).resolve()
    try:
        locked = lock(options.manifest, working_dir, options.direct, options.environment)
        (working_dir / "spin.lock").write_text(json.dumps(locked, indent=2))
        environment = {**os.environ, "SPIN_LOCKED_URL": file_url(working_dir / "spin.lock"),
                       "SPIN_WORKING_DIR": str(working_dir)}
        if not options.remote:
            # For a plain "spin.toml" this is the empty string.
            environment["SPIN_LOCAL_APP_DIR"] = os.path.dirname(options.manifest)
        kinds = sorted({trigger["trigger_type"] for trigger in locked["triggers"]})
        return run_children(kinds, options.rest, environment)
    finally:
        if not options.temp:
            shutil.rmtree(working_dir, ignore_errors=True)


# ---- the process between -----------------------------------------------------------------------------------------


def plugin(name, arguments):
    manifest_path = data_dir() / "plugins" / "manifests" / f"{name}.json"
    if not manifest_path.exists():
        fail(f"No built-in trigger named '{name.removeprefix('trigger-')}', and no plugin of that name")
    manifest = json.loads(manifest_path.read_text())
    if manifest["name"].lower() != name:
        fail(f"{manifest_path} is the manifest of {manifest['name']}")
    executable = data_dir() / "plugins" / name / name
    arguments = [word for word in arguments if word != "--override-compatibility-check"]
    major, minor, patch = VERSION.split("-")[0].split(".")
    environment = {
        **os.environ, "SPIN_VERSION": VERSION, "SPIN_VERSION_MAJOR": major, "SPIN_VERSION_MINOR": minor,
        "SPIN_VERSION_PATCH": patch, "SPIN_VERSION_PRE": VERSION.partition("-")[2], "SPIN_COMMIT_SHA": "0123abc",
        "SPIN_COMMIT_DATE": "2026-01-01", "SPIN_BRANCH": "main", "SPIN_BUILD_DATE": "2026-01-02",
        "SPIN_TARGET_TRIPLE": "x86_64-unknown-linux-gnu", "SPIN_DEBUG": "false",
        "SPIN_BIN_PATH": os.path.abspath(__file__)}
    child = subprocess.Popen([str(executable), *arguments], env=environment)
    pid_file = os.environ.get("LAUNCHER_PIDS")
    if pid_file and "--launch-metadata-only" not in arguments:
        with open(pid_file, "a") as out:
            out.write(f"{name} {os.getpid()} {child.pid}\n")
    forward([child])
    code = child.wait()
    return 1 if code < 0 else code


def install(spin_data_dir, name, executable, version="1.0.0", link=True):
    """A plugin as Spin lays it out: its manifest and its executable are all that is looked at."""
    plugins = Path(spin_data_dir) / "plugins"
    (plugins / "manifests").mkdir(parents=True, exist_ok=True)
    (plugins / name).mkdir(exist_ok=True)
    manifest = {"name": name, "version": version, "spinCompatibility": ">=2.2", "license": "Apache-2.0", "packages": []}
    (plugins / "manifests" / f"{name}.json").write_text(json.dumps(manifest))
    target = plugins / name / name
    if link:
        target.symlink_to(executable)
    else:
        shutil.copy(executable, target)
    return target


if __name__ == "__main__":
    verb, words = sys.argv[1], sys.argv[2:]
    sys.exit(up(words) if verb == "up" else plugin(verb, words))
