"""What is not ours: two Kinesis emulators, DynamoDB Local and the KCL, as tools/setup/emulators installed them."""

import os
from pathlib import Path

from harness import Process, clean_environment, free_port, listening

NPM = Path(os.environ.get("KT_NPM", "/nowhere"))
KCL = Path(os.environ.get("KT_KCL", "/nowhere"))
DYNAMODB_LOCAL = Path(os.environ.get("KT_DYNAMODB_LOCAL", "/nowhere"))


class KinesisLocal(Process):
    """kinesis-mock, packaged as kinesis-local: plain HTTP/1.1 and h2c."""

    def __init__(self, folder):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        package = NPM / "node_modules/kinesis-local"
        super().__init__(["node", package / "main.js"], folder, "kinesis-local", clean_environment(
            folder, KINESIS_MOCK_CERT_PATH=package / "server.json", KINESIS_MOCK_PLAIN_PORT=self.port,
            KINESIS_MOCK_TLS_PORT=free_port(), LOG_LEVEL="ERROR"))
        self.wait_for(lambda: listening(self.port), 60, "kinesis-local listens")


class Kinesalite(Process):
    """kinesalite: HTTP/1.1 only, and a CBOR dialect of its own."""

    def __init__(self, folder):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        super().__init__(
            ["node", NPM / "node_modules/kinesalite/cli.js", "--port", self.port, "--createStreamMs", 50,
             "--updateStreamMs", 50, "--deleteStreamMs", 50], folder, "kinesalite", clean_environment(folder))
        self.wait_for(lambda: listening(self.port), 30, "kinesalite listens")


class DynamoDbLocal(Process):
    def __init__(self, folder):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        super().__init__(
            ["java", "-Xmx300m", f"-Djava.library.path={DYNAMODB_LOCAL}", "-cp", f"{DYNAMODB_LOCAL}/*",
             "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-sharedDb",
             "-port", self.port], folder, "dynamodb-local", clean_environment(folder))
        self.wait_for(lambda: listening(self.port), 60, "DynamoDB Local listens")
