"""Components with dependencies: what satisfies what, and what a dependency may do of what its parent may."""

import subprocess
import sys
from pathlib import Path

import pytest

from apps import guest
from harness import BINARY, LocalKinesis, Process, clean_environment, create_stream, kinesis, wait_until
from host_app import HostApp
from spin_launcher import install

LAUNCHER = Path(__file__).with_name("spin_launcher.py")
HANDLER = "handle-batch-records"
ALLOWED = {"key_value_stores": ["default"], "sqlite_databases": ["default"]}
COMMANDS = ["kv2 open default", "sqlite2 open default", "variables2 get greeting"]
DENIED = ["Error::AccessDenied", "Error::AccessDenied", 'Error::Undefined("greeting")']


class Composed(HostApp):
    """`forwarding` gives its records to the handler that it imports: the stores' guest."""

    def __init__(self, folder, dependencies, more=()):
        self.dependencies, self.more = dependencies, more
        super().__init__(folder, guest("forwarding"), ALLOWED, component_variables={"greeting": "of the parent"})

    def write(self):
        super().write()
        text = self.manifest.read_text().replace("[component.asker.variables]", "\n".join(
            [*self.more, "[component.asker.dependencies]",
             *(f'"{name}" = {{ {keys} }}' for name, keys in self.dependencies), "[component.asker.variables]"]))
        self.manifest.write_text(text)

    def command(self, way):
        return ([BINARY, "up", "-f", self.manifest, "--state-dir", self.state] if way == "manifest"
                else [sys.executable, LAUNCHER, "up", "-f", self.manifest, "--state-dir", self.state])

    def environment_of(self, way, **more):
        if way == "spin":
            data = self.folder / "spin-data"
            if not data.exists():
                install(data, "trigger-kinesis", BINARY)
            more["SPIN_DATA_DIR"] = data
        return clean_environment(self.folder, **more)

    def refused(self, way):
        """What a start says that must not succeed."""
        ran = subprocess.run(
            [str(word) for word in self.command(way)], env=self.environment_of(way, AWS_REGION="us-east-1"),
            cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 2, ran.stdout + ran.stderr
        assert not self.guest_bytes()
        return ran.stderr

    def answers(self, way):
        with LocalKinesis(self.folder) as server:
            client = kinesis(server.endpoint)
            create_stream(client, "asked", 1)
            client.put_records(StreamName="asked", Records=[{"Data": command.encode(), "PartitionKey": "one"}
                                                            for command in COMMANDS])
            environment = self.environment_of(way, AWS_ENDPOINT_URL_KINESIS=server.endpoint)
            with Process(self.command(way), self.folder, "consumer", environment) as consumer:
                def answered():
                    assert consumer.running(), consumer.output[-4000:]
                    return self.guest_bytes().count(b"\n") >= len(COMMANDS)
                wait_until(answered, 60, lambda: f"the guest answers: {self.guest_bytes()} {consumer.output[-2000:]}")
        return self.guest_bytes().decode().splitlines()


def stores(keys=""):
    return (HANDLER, f'path = "{guest("spin_stores")}"{keys}')


@pytest.fixture(params=["manifest", "spin"])
def way(request):
    return request.param


def test_a_dependency_is_denied_all_that_its_parent_may(tmp_path, way):
    lines = Composed(tmp_path, [stores()]).answers(way)
    assert lines == DENIED


def test_a_set_that_is_inherited_is_shared_and_no_other(tmp_path, way):
    lines = Composed(tmp_path, [stores(', inherit_configuration = ["key_value_stores"]')]).answers(way)
    assert lines == ["()", *DENIED[1:]]


@pytest.mark.parametrize("keys,more", [(", inherit_configuration = true", ()),
                                       ("", ("dependencies_inherit_configuration = true",))])
def test_all_can_be_inherited(tmp_path, way, keys, more):
    assert Composed(tmp_path, [stores(keys)], more).answers(way) == ["()", "()", '"of the parent"']


def test_what_does_not_fit_is_refused_at_the_start(tmp_path, way):
    def refused(*dependencies):
        return Composed(tmp_path, dependencies).refused(way)
    said = refused(("acme:codec", f'path = "{guest("spin_stores")}"'))
    assert 'component "asker"' in said and "dependency 'acme:codec' doesn't match any imports of the component" in said
    said = refused((HANDLER, f'path = "{guest("spin_stores")}", export = "acme:codec/avro"'))
    assert f"dependency '{HANDLER}' doesn't export 'acme:codec/avro' to satisfy import '{HANDLER}'" in said
    said = refused((HANDLER, f'path = "{guest("stream")}"'))
    assert f"dependency '{HANDLER}' doesn't export '{HANDLER}'" in said
    said = refused((HANDLER, 'path = "absent.wasm"'))
    assert f"dependency '{HANDLER}'" in said and "absent.wasm" in said
    package = "fermyon:spin-kinesis"
    said = refused(stores(), (package, f'path = "{guest("stream")}"'),
                   (f"{package}/kinesis-types", f'path = "{guest("stream")}"'))
    assert (f"dependency conflicts: import '{package}/kinesis-types@2.0.0' satisfied by dependencies: "
            f"'{package}, {package}/kinesis-types'") in said


def test_another_component_of_the_app_can_be_the_dependency(tmp_path):
    app = Composed(tmp_path, [(HANDLER, 'component = "stores"')])
    app.manifest.write_text(app.manifest.read_text() + f'\n[component.stores]\nsource = "{guest("spin_stores")}"\n')
    assert app.answers("manifest") == DENIED
