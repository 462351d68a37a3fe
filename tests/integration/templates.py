"""From a template to an app that runs: render it, build it as its spin.toml says, feed it, see what it did.

    folder = render("kinesis-rust", tmp_path, "shop-orders", shard_iterator_type="TRIM_HORIZON")
    build(folder, environment)
    with running(folder, environment) as app:
        app.put("ada", "one order")
        app.printed_within(30, "one order")
"""

import functools
import re
import subprocess
import tomllib
from contextlib import contextmanager
from pathlib import Path

from harness import BINARY, ROOT, Consumer, LocalKinesis, clean_environment, create_stream, kinesis

TEMPLATES = ROOT / "templates"
FILTERS = {
    "kebab_case": lambda text: "-".join(words(text)),
    "snake_case": lambda text: "_".join(words(text)),
    "pascal_case": lambda text: "".join(word.capitalize() for word in words(text)),
}


def words(text):
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", text)]


def rendered(text, values):
    """Spin's Liquid, as far as the templates here use it: variables with filters, and if/else on equality."""
    def chosen(match):
        name, wanted, yes, no = match.groups()
        return yes if values[name] == wanted else no or ""

    def value(match):
        name, *filters = [part.strip() for part in match[1].split("|")]
        text = values[name]
        for one in filters:
            text = FILTERS[one](text)
        return text
    text = re.sub(r'{%-?\s*if ([\w-]+) == "([^"]*)"\s*-?%}(.*?)(?:{%-?\s*else\s*-?%}(.*?))?{%-?\s*endif\s*-?%}',
                  chosen, text, flags=re.DOTALL)
    return re.sub(r"{{(.*?)}}", value, text)


def values_of(template, name, given):
    """The parameters' values, checked as Spin checks them; a default where none is given."""
    manifest = tomllib.loads((TEMPLATES / template / "metadata/spin-template.toml").read_text())
    assert manifest["id"] == template and manifest["manifest_version"] == "1"
    given = {key.replace("_", "-"): str(text) for key, text in given.items()}
    values = {"project-name": name, "authors": "The Authors", "username": "author", "output-path": name}
    for key, parameter in manifest["parameters"].items():
        assert key in given or "default" in parameter, f"no value for {key}"
        values[key] = given.pop(key, parameter.get("default"))
        assert re.search(parameter.get("pattern", ""), values[key]), f"{key} = {values[key]!r}"
    assert not given, f"the template has no {given}"
    return manifest, values


def render(template, parent, name="shop-orders", **given):
    """A new app of the template in parent/name, by `trigger-kinesis new`."""
    _, values = values_of(template, name, given)
    folder = Path(parent) / name
    if has_new():
        words = [word for key, value in given.items() for word in ("--value", f"{key.replace('_', '-')}={value}")]
        run_new(parent, "--dir", TEMPLATES / template, name, "-o", folder, *words)
        return folder
    copy_content(template, folder, values)
    return folder


@functools.cache
def has_new():
    """A binary from before `new` is stood in for."""
    return subprocess.run([BINARY, "new", "--help"], capture_output=True).stdout.startswith(b"Makes an app")


def run_new(folder, *words):
    Path(folder).mkdir(parents=True, exist_ok=True)
    done = subprocess.run([BINARY, "new", *words], cwd=folder, env=clean_environment(folder), capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def copy_content(template, folder, values, skip=()):
    content = TEMPLATES / template / "content"
    for path in sorted(content.rglob("*")):
        relative = rendered(str(path.relative_to(content)), values)
        if path.is_dir() or relative in skip:
            continue
        target = folder / relative.removesuffix(".tmpl")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rendered(path.read_text(), values))
        target.chmod(path.stat().st_mode)


def add(template, app, name, **given):
    """A component of the template added to an app, as `spin add` does it."""
    if has_new():
        words = [word for key, value in given.items() for word in ("--value", f"{key.replace('_', '-')}={value}")]
        run_new(app, "--add", "--dir", TEMPLATES / template, name, *words)
        return
    manifest, values = values_of(template, name, given)
    adding = manifest["add_component"]
    values["output-path"] = name
    copy_content(template, Path(app) / name, values, adding.get("skip_files", ()))
    spin = Path(app) / "spin.toml"
    snippets = TEMPLATES / template / "metadata/snippets"
    spin.write_text(spin.read_text() + "\n" + rendered((snippets / adding["snippets"]["component"]).read_text(), values))


def components(folder):
    return tomllib.loads((Path(folder) / "spin.toml").read_text())["component"]


def build(folder, environment=None, seconds=900):
    """Runs the build commands of the app's spin.toml, as `spin build` does."""
    for name, component in components(folder).items():
        where = Path(folder) / component["build"].get("workdir", ".")
        done = subprocess.run(["nice", "sh", "-c", component["build"]["command"]], cwd=where, timeout=seconds,
                              env={**clean_environment(folder), **(environment or {})},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"{name} does not build:\n{done.stdout[-6000:]}"
        source = Path(folder) / component["source"]
        assert source.exists(), f"the build made no {source}:\n{done.stdout[-2000:]}"


class RunningApp:
    """An app in a folder, running on an embedded Kinesis of its own."""

    def __init__(self, folder, server):
        self.folder = Path(folder)
        self.manifest = self.folder / "spin.toml"
        self.state = self.folder / ".spin"
        self.server = server
        self.client = kinesis(server.endpoint)
        triggers = tomllib.loads(self.manifest.read_text())["trigger"]["kinesis"]
        self.stream = triggers[0]["stream_arn"].rsplit("/", 1)[1]
        self.consumer = None
        self.shards = 1

    def put(self, key, *payloads):
        """In this order; what the service said of each."""
        return [self.client.put_record(StreamName=self.stream, PartitionKey=key,
                                       Data=one if isinstance(one, bytes) else one.encode()) for one in payloads]

    def output(self, component=None, stream="stdout"):
        name = component or next(iter(components(self.folder)))
        path = self.state / "logs" / f"{name}_{stream}.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, condition, seconds, what):
        def more():
            return f"{what() if callable(what) else what}\nstdout:\n{self.output()[-3000:]}\nstderr:\n" \
                   f"{self.output(stream='stderr')[-2000:]}"
        return self.consumer.wait_for(condition, seconds, more)

    def printed_within(self, seconds, *texts, component=None, stream="stdout"):
        self.wait_for(lambda: all(text in self.output(component, stream) for text in texts), seconds,
                      f"printed {texts}")


@contextmanager
def running(folder, *flags, environment=None, server=None, shards=1):
    """The app on an embedded Kinesis that has its stream; records of before count with TRIM_HORIZON only."""
    with server or LocalKinesis(folder) as service:
        app = RunningApp(folder, service)
        if app.stream not in app.client.list_streams()["StreamNames"]:
            create_stream(app.client, app.stream, shards)
        surroundings = clean_environment(folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint, **(environment or {}))
        with Consumer(app, service.endpoint, *flags, environment=surroundings) as consumer:
            app.consumer = consumer
            yield app
