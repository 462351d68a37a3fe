"""The archive that users install: what is in it, and that Spin's layout starts it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from apps import guest
from harness import BINARY, ROOT, clean_environment
from test_launch import LAUNCHER

TOOL = ROOT / "tools" / "package"


def package(*words, check=True):
    return subprocess.run([sys.executable, TOOL, *map(str, words)], check=check, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("package")
    package("--binary", BINARY, "--out", out)
    return out


def manifest(folder):
    return json.loads((folder / "trigger-kinesis.json").read_text())


def install(folder, data):
    """What `spin plugins install --file` does: the manifest beside the others, the archive unpacked."""
    found = manifest(folder)
    entry = found["packages"][0]
    archive = Path(entry["url"].removeprefix("file://"))
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == entry["sha256"]
    manifests = data / "plugins" / "manifests"
    manifests.mkdir(parents=True)
    shutil.copy(folder / "trigger-kinesis.json", manifests)
    with tarfile.open(archive) as tar:
        tar.extractall(data / "plugins" / found["name"], filter="data")
    return data / "plugins" / found["name"] / found["name"]


def test_the_manifest_has_what_spin_s_schema_asks_for(made):
    found = manifest(made)
    assert set(found) == {"name", "description", "homepage", "version", "spinCompatibility", "license", "packages"}
    assert found["name"] == "trigger-kinesis"
    assert found["license"] == "Apache-2.0"
    major, minor, patch = map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", found["version"]).groups())
    assert (major, minor, patch) > (0, 3, 1), "users of the original plugin upgrade"
    assert found["version"] == tomllib.loads((ROOT / "spin-pluginify.toml").read_text())["version"]
    for entry in found["packages"]:
        assert set(entry) == {"os", "arch", "url", "sha256"}
        assert entry["os"] in ("linux", "macos", "windows") and entry["arch"] in ("amd64", "aarch64")
        assert entry["url"].endswith(f"/trigger-kinesis-{found['version']}-{entry['os']}-{entry['arch']}.tar.gz")


def test_the_archive_holds_a_stripped_executable_of_bounded_size(made, tmp_path):
    executable = install(made, tmp_path)
    assert sorted(path.name for path in executable.parent.iterdir()) == ["LICENSE", "trigger-kinesis"]
    assert executable.stat().st_mode & 0o111
    sections = subprocess.run(["readelf", "-SW", executable], check=True, capture_output=True, text=True).stdout
    assert ".symtab" not in sections and ".debug_info" not in sections
    if "release" in BINARY.parts:
        assert executable.stat().st_size < 40_000_000


def test_the_same_binary_gives_the_same_archive(made, tmp_path):
    package("--binary", BINARY, "--out", tmp_path)
    assert manifest(tmp_path)["packages"][0]["sha256"] == manifest(made)["packages"][0]["sha256"]


def test_installed_it_is_started_by_spin(made, tmp_path):
    install(made, tmp_path / "data")
    app = tmp_path / "spin.toml"
    app.write_text(f"""spin_manifest_version = 2
[application]
name = "packaged"
[[trigger.kinesis]]
component = "c"
stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/none"
[component.c]
source = "{guest("nothing")}"
""")
    tried = subprocess.run(
        [sys.executable, LAUNCHER, "up", "-f", app, "--test"], capture_output=True, text=True, timeout=60,
        env=clean_environment(tmp_path, SPIN_DATA_DIR=tmp_path / "data"))
    assert tried.returncode == 0, tried.stderr
    assert "ok  component c" in tried.stdout


def test_platforms_are_joined_into_one_manifest(made, tmp_path):
    package("--binary", BINARY, "--out", tmp_path / "other", "--arch", "arm64", "--base-url", "https://x.example/v1")
    package("--merge", made, tmp_path / "other", "--out", tmp_path / "all", "--base-url", "https://x.example/v1/")
    packages = manifest(tmp_path / "all")["packages"]
    assert {entry["arch"] for entry in packages} == {manifest(made)["packages"][0]["arch"], "aarch64"}
    for entry in packages:
        assert entry["url"].startswith("https://x.example/v1/trigger-kinesis-")
        assert (tmp_path / "all" / entry["url"].rpartition("/")[2]).exists()


def test_a_binary_of_another_version_is_refused(tmp_path):
    refused = package("--binary", BINARY, "--out", tmp_path, "--version", "0.0.1", check=False)
    assert refused.returncode != 0 and "spin-pluginify.toml says" in refused.stderr
