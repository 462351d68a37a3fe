"""What is not ours: two Kinesis emulators, moto, DynamoDB Local and the KCL, as tools/setup/emulators installed them."""

import os
import sys
from pathlib import Path

import boto3

from harness import REGION, Process, clean_environment, free_port, listening

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
        # Its first answer loads most of its code: longer than a program that asks in earnest would wait.
        boto3.client("dynamodb", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test",
                     aws_secret_access_key="test").list_tables()


class Moto(Process):
    """moto: SQS, SNS and S3 over plain HTTP. Forgets everything when it ends."""

    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        super().__init__([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port], folder, "moto",
                         clean_environment(folder))
        self.wait_for(lambda: listening(self.port), 60, "moto listens")

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")
