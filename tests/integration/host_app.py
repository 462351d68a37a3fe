"""An app whose guest runs the command in each record, with what the manifest allows it."""

from apps import App, toml
from harness import Consumer, LocalKinesis, clean_environment, create_stream, kinesis, wait_until

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/asked"


class HostApp(App):
    def __init__(self, folder, source, allowed=None, variables=None, component_variables=None):
        self.allowed = allowed or {}
        self.app_variables = variables or {}
        self.component_variables = component_variables or {}
        super().__init__(folder, ARN, source=source, component="asker", shard_iterator_type="TRIM_HORIZON",
                         shard_idle_wait_millis=100)

    def write(self):
        super().write()
        lines = [self.manifest.read_text(), *(f"{name} = {toml(value)}" for name, value in self.allowed.items())]
        if self.component_variables:
            lines += ["[component.asker.variables]",
                      *(f"{name} = {toml(value)}" for name, value in self.component_variables.items())]
        for name, keys in self.app_variables.items():
            lines += [f"[variables.{name}]", *(f"{key} = {toml(value)}" for key, value in keys.items())]
        self.manifest.write_text("\n".join(lines) + "\n")


def answers(app, commands, *flags, seconds=20, **environment):
    """Runs the commands, one a record, in one call, and returns what the guest printed to each."""
    with LocalKinesis(app.folder) as server:
        client = kinesis(server.endpoint)
        create_stream(client, "asked", 1)
        client.put_records(StreamName="asked", Records=[{"Data": command.encode(), "PartitionKey": "one"}
                                                        for command in commands])
        surroundings = clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=server.endpoint, **environment)
        wanted = sum(command.count("\n") + 1 for command in commands)
        with Consumer(app, server.endpoint, *flags, environment=surroundings) as consumer:
            def answered():
                assert consumer.running(), consumer.output[-4000:]
                return app.guest_bytes().count(b"\n") >= wanted
            wait_until(answered, seconds,
                       lambda: f"the guest answers: {app.guest_bytes()} {consumer.output[-2000:]}")
            lines = app.guest_bytes().decode().splitlines()
            return lines[:wanted], consumer.output
