"""What components may use beside WASI, from the manifest to the file, server or variable behind it."""

import http.server
import sqlite3
import subprocess

import pytest

from apps import guest
from harness import BINARY, clean_environment
from host_app import HostApp, answers
from loopback import serving


def test_a_component_keeps_values_in_the_store_that_spin_keeps(tmp_path):
    app = HostApp(tmp_path, guest("spin_stores"), {"key_value_stores": ["default"]})
    lines, output = answers(app, ["kv2 open default", "kv2 get seed", "kv2 set colour blue", "kv2 get colour",
                                  "kv open other"], "--key-value", "seed=grown")
    assert "grown" in lines[1] and "blue" in lines[3], lines
    assert "AccessDenied" in lines[4], lines
    with sqlite3.connect(app.state / "sqlite_key_value.db") as database:
        rows = dict(database.execute("SELECT key, value FROM spin_key_value WHERE store = 'default'"))
    assert rows == {"seed": b"grown", "colour": b"blue"}
    assert f'Storing default key-value data to "{app.state}/sqlite_key_value.db"' in output


def test_what_another_program_stored_is_read(tmp_path):
    app = HostApp(tmp_path, guest("spin_stores"), {"key_value_stores": ["default"]})
    app.state.mkdir()
    with sqlite3.connect(app.state / "sqlite_key_value.db") as database:
        database.execute("CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
                         " PRIMARY KEY (store, key))")
        database.execute("INSERT INTO spin_key_value VALUES ('default', 'from', ?)", (b"elsewhere",))
    lines, _ = answers(app, ["kv1 open default", "kv1 get from"])
    assert "elsewhere" in lines[1], lines


@pytest.fixture
def identity():
    """Azure's identity of a platform, which refuses: its address, and what it was asked."""
    asked = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["X-IDENTITY-HEADER"]))
            self.send_response(400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Refusing) as address:
        yield f"http://{address}/token", asked


def test_an_azure_store_without_a_key_is_asked_for_as_who_the_environment_says(tmp_path, identity):
    place, asked = identity
    config = tmp_path / "runtime.toml"
    config.write_text('[key_value_store.default]\ntype = "azure_cosmos"\naccount = "acc"\ndatabase = "d"\n'
                      'container = "c"\n')
    app = HostApp(tmp_path / "app", guest("spin_stores"), {"key_value_stores": ["default"]})
    lines, _ = answers(app, ["kv2 open default", "kv2 get colour"], "--runtime-config-file", config,
                       IDENTITY_ENDPOINT=place, IDENTITY_HEADER="secret")
    assert "the platform's managed identity (IDENTITY_ENDPOINT) gave no token: HTTP status 400" in lines[1], lines
    assert asked == [("/token?api-version=2019-08-01&resource=https%3A%2F%2Facc.documents.azure.com", "secret")]


def test_a_component_queries_its_database_and_no_other(tmp_path):
    app = HostApp(tmp_path, guest("spin_stores"), {"sqlite_databases": ["default"]})
    lines, _ = answers(app, ["sqlite3 open default", "sqlite3 execute INSERT/**/INTO/**/t/**/VALUES(?,?) i:7 t:seven",
                             "sqlite3 rowid", "sqlite2 open audit"], "--sqlite", "CREATE TABLE t (id INT, name TEXT)")
    assert "AccessDenied" in lines[3], lines
    with sqlite3.connect(app.state / "sqlite_db.db") as database:
        assert database.execute("SELECT * FROM t").fetchall() == [(7, "seven")]


def test_variables_come_from_the_providers_in_their_order(tmp_path):
    app = HostApp(tmp_path, guest("spin_stores"),
                  variables={"place": {"default": "manifest"}, "name": {"required": True}, "token": {"required": True}},
                  component_variables={"greeting": "{{ name }} at {{ place }}", "secret": "{{ token }}"})
    lines, _ = answers(app, ["variables2 get greeting", "variables2 get secret", "variables2 get other"],
                       "--variable", "name=Ann", SPIN_VARIABLE_TOKEN="s3cret", SPIN_VARIABLE_NAME="nobody")
    assert "Ann at manifest" in lines[0] and "s3cret" in lines[1], lines
    assert "Undefined" in lines[2], lines


def test_a_required_variable_without_a_value_stops_the_start(tmp_path):
    app = HostApp(tmp_path, guest("spin_stores"), variables={"name": {"required": True}},
                  component_variables={"greeting": "{{ name }}"})
    ran = subprocess.run([BINARY, "up", "-f", app.manifest, "--state-dir", app.state],
                         env=clean_environment(tmp_path, AWS_ENDPOINT_URL_KINESIS="http://127.0.0.1:1"),
                         capture_output=True, text=True, timeout=30)
    assert ran.returncode == 2, ran
    assert "name" in ran.stderr, ran.stderr


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    with serving(Page) as address:
        yield address


def test_a_component_reaches_the_hosts_it_lists_and_no_other(tmp_path, web):
    app = HostApp(tmp_path, guest("spin_network"), {"allowed_outbound_hosts": ["http://{{ web }}"]},
                  variables={"web": {"required": True}})
    lines, output = answers(app, [f"get http {web} /", "get http 127.0.0.2:80 /"], "--variable", f"web={web}")
    assert "status 200 body hello" in lines[0], lines
    assert "HttpRequestDenied" in lines[1], lines
    assert "127.0.0.2" in output and "allowed_outbound_hosts" in output, output


def test_a_blocked_network_is_not_reached_although_it_is_listed(tmp_path, web):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["127.0.0.0/8"]\n')
    app = HostApp(tmp_path / "app", guest("spin_network"), {"allowed_outbound_hosts": ["*://*:*"]})
    lines, _ = answers(app, [f"get http {web} /"], "--runtime-config-file", config)
    assert "status" not in lines[0], lines
