"""`trigger-kinesis new`: apps from the templates that the program carries, without Spin."""

import subprocess
import tomllib

import pytest

from harness import BINARY, ROOT, clean_environment

TEMPLATES = sorted(path.parent.parent.name for path in ROOT.glob("templates/*/metadata/spin-template.toml"))


def new(folder, *words):
    return subprocess.run([BINARY, "new", *words], cwd=folder, env=clean_environment(folder, USER="ada"),
                          capture_output=True, text=True, timeout=60)


def test_the_program_carries_every_template(tmp_path):
    listed = new(tmp_path, "--list")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines() if not line.startswith(" ")] == TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_makes_an_app_and_a_component(template, tmp_path):
    made = new(tmp_path, "-t", template, "shop-orders", "-v", "shard-iterator-type=TRIM_HORIZON")
    assert made.returncode == 0, made.stderr
    app = tomllib.loads((tmp_path / "shop-orders/spin.toml").read_text())
    assert app["application"]["name"] == "shop-orders"
    assert app["trigger"]["kinesis"][0]["shard_iterator_type"] == "TRIM_HORIZON"
    for path in (tmp_path / "shop-orders").rglob("*"):
        assert "{{" not in path.name and not path.name.endswith(".tmpl")
    added = new(tmp_path / "shop-orders", "-t", template, "second", "--add")
    assert added.returncode == 0, added.stderr
    app = tomllib.loads((tmp_path / "shop-orders/spin.toml").read_text())
    assert set(app["component"]) == {"shop-orders", "second"}
    assert app["component"]["second"]["build"]["workdir"] == "second"
    assert (tmp_path / "shop-orders/second").is_dir()
    checked = subprocess.run([BINARY, "up", "-f", tmp_path / "shop-orders", "--print-config"], cwd=tmp_path,
                             env=clean_environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


def test_what_is_wrong_is_named_and_nothing_is_written(tmp_path):
    wrong = new(tmp_path, "-t", TEMPLATES[0], "app", "-v", "stream-arn=orders", "-v", "bach-size=1")
    assert wrong.returncode == 2
    assert 'stream-arn = "orders" does not fit' in wrong.stderr and 'did you mean "batch-size"?' in wrong.stderr
    assert not list(tmp_path.iterdir())
    assert "no template" in new(tmp_path, "-t", "kinesis-rst", "app").stderr
    assert "is no name" in new(tmp_path, "-t", TEMPLATES[0], "../app").stderr
    assert new(tmp_path, "-t", TEMPLATES[0], "app").returncode == 0
    again = new(tmp_path, "-t", TEMPLATES[0], "app")
    assert again.returncode == 2 and "exists" in again.stderr


def test_a_manifest_is_replaced_in_its_place_with_its_rights(tmp_path):
    assert new(tmp_path, "-t", "kinesis-cpp", "app").returncode == 0
    app, kept = tmp_path / "app", tmp_path / "kept.toml"
    (app / "spin.toml").rename(kept)
    kept.chmod(0o640)
    (app / "spin.toml").symlink_to("../kept.toml")
    added = new(app, "-t", "kinesis-cpp", "second", "--add")
    assert added.returncode == 0, added.stderr
    assert (app / "spin.toml").is_symlink() and kept.stat().st_mode & 0o777 == 0o640
    assert set(tomllib.loads(kept.read_text())["component"]) == {"app", "second"}
    assert {path.name for path in tmp_path.iterdir()} == {"app", "kept.toml"}


def test_a_folder_may_be_the_template_and_a_file_say_the_values(tmp_path):
    template = tmp_path / "mine"
    (template / "metadata").mkdir(parents=True)
    (template / "content").mkdir()
    (template / "metadata/spin-template.toml").write_text(
        'manifest_version = "1"\nid = "mine"\n[parameters]\nkind = { type = "string", prompt = "Kind" }\n')
    (template / "content/{{project-name | snake_case}}.txt").write_text(
        '{% if kind == "a" %}A{% else %}B{% endif %} of {{authors}}')
    (tmp_path / "values.toml").write_text('kind = "a"\n')
    made = new(tmp_path, "--dir", template, "My App", "-o", "out", "--values-file", "values.toml")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "out/my_app.txt").read_text() == "A of ada"
    missing = new(tmp_path, "--dir", template, "other")
    assert missing.returncode == 2 and "-v kind=…: Kind" in missing.stderr
