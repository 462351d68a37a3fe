"""Fixtures of the integration tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import BINARY, LocalKinesis, kinesis  # noqa: E402
from surface import Asked  # noqa: E402
from toolchains import Node, Python  # noqa: E402


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"no {BINARY}: build the release preset first", returncode=4)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The embedded Kinesis, one a module; tests use streams of their own."""
    with LocalKinesis(tmp_path_factory.mktemp("service")) as server:
        yield server


@pytest.fixture
def client(service):
    return kinesis(service.endpoint)


@pytest.fixture
def stream_name(request):
    return "".join(char if char.isalnum() else "-" for char in request.node.name)[:100]


@pytest.fixture(scope="session")
def asked():
    """Which functions of the host the tests of this run asked for."""
    return Asked()


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    return Node(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    return Python(tmp_path_factory.mktemp("python"))
