"""A hostile component is stopped by a limit or refused, and the other one goes on: each deed has its test."""

import http.server
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from hostile_app import MIB, HostileApp, Siege, open_files

EVERYWHERE = {"allowed_outbound_hosts": ["*://*:*"], "key_value_stores": ["default"], "sqlite_databases": ["default"]}


@pytest.fixture
def besieged(tmp_path):
    """Starts an app; what it needs beside its defaults is given by name."""
    started = []

    def start(environment=None, prepare=None, **options):
        app = HostileApp(tmp_path / "app", **options)
        if prepare:
            prepare(app)
        started.append(Siege(app, **(environment or {})))
        return started[-1]
    yield start
    for siege in started:
        siege.kill()


class Web(http.server.ThreadingHTTPServer):
    """Bodies as long as the path says, redirects, endless headers. Knows who asked it, at which address."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def __init__(self):
        super().__init__(("::", 0), Page)
        self.port = self.server_address[1]
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.connection.getsockname()[0].removeprefix("::ffff:"), self.path))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("location", self.path.removeprefix("/to/"))
            self.send_header("content-length", "0")
            self.end_headers()
            return
        try:
            if self.path == "/headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while True:
                    self.wfile.write(b"x-more: " + b"x" * 60_000 + b"\r\n")
            size = int(self.path.strip("/") or 5)
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            chunk = b"x" * MIB
            for _ in range(size // MIB):
                self.wfile.write(chunk)
            self.wfile.write(chunk[:size % MIB])
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = Web()
    yield server
    server.shutdown()


# ---- time and memory of its own ----------------------------------------------------------------------------------


def test_endless_loops_on_every_thread_end_with_their_time(besieged):
    siege = besieged(trigger={"handler_timeout_millis": 1000, "parallelization_factor": 8})
    for key in "abcdefgh":
        siege.tell("loop", key=key)
    siege.hold_out(lambda: siege.output.count("records were given up") >= 8, "8 calls ended")
    assert siege.output.count('message="the handler did not end before its deadline"') >= 8
    siege.grew_at_most(64)


def test_memory_is_not_given_beyond_the_limit(besieged):
    siege = besieged()
    refused, = siege.answers("grow 4096")
    assert refused.startswith("error refused after "), refused
    siege.complaint("take 4096", says="the guest asked for more than its 67108864 bytes of memory and then failed")
    siege.grew_at_most(128)


def test_a_stack_that_overflows_ends_the_call(besieged):
    siege = besieged()
    siege.complaint("recurse", says="a batch failed")
    assert "wasm trap" in siege.output
    siege.grew_at_most(64)


def test_a_table_is_not_given_beyond_the_limit(besieged):
    siege = besieged(source="tables")
    siege.tell("any")
    siege.hold_out(lambda: b"refused after" in siege.app.out("bad"), "the table is refused")
    assert int(siege.app.out("bad").split()[2]) <= 1 << 20
    siege.grew_at_most(64)


# ---- what it makes the host hold ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, limit", [
    ("stores", "Error::StoreTableFull"),
    ("databases", 'Error::Io("too many connections opened")'),
    ("tcp", 'name: "new-socket-limit"'),
    ("udp", 'name: "new-socket-limit"'),
    ("files", 'name: "quota"'),
    ("streams", 'name: "quota"'),
])
def test_handles_are_refused_beyond_their_number(besieged, tmp_path, kind, limit):
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "in.txt").write_text("in")
    siege = besieged(allowed=EVERYWHERE, component=[f'files = [{{ source = "{tmp_path}/mounted", destination = "/" }}]'])
    more = " / in.txt" if kind in ("files", "streams") else ""
    before = open_files(siege.child.pid)
    first, second = siege.answers(f"handles {kind} 10000{more}", f"handles {kind} 100000{more}")
    assert " open, then " in second and limit in second, second
    if kind == "stores":
        assert (first, second.split()[0]) == ("10000 open", "65536")
    else:
        assert first == second and int(second.split()[0]) <= 1024, (first, second)
    siege.grew_at_most(64)
    siege.hold_out(lambda: open_files(siege.child.pid) <= before + 50, "files are closed with the instance")


@pytest.mark.parametrize("kind", ["pollables", "mounts"])
def test_handles_that_have_no_error_of_their_own_end_the_call(besieged, tmp_path, kind):
    siege = besieged(component=files_of(tmp_path))
    kept, = siege.answers(f"handles {kind} 10000")
    assert kept == "10000 open"
    siege.complaint(f"handles {kind} 1000000", says="a batch failed")
    siege.grew_at_most(96)


@pytest.mark.parametrize("deed", ["fields 10000 100000", "bodies 10000 1000000"])
def test_headers_and_bodies_that_are_never_sent_have_a_bound(besieged, deed):
    siege = besieged(allowed=EVERYWHERE)
    siege.complaint(f"handles {deed}",
                    says="the guest keeps more than 64 MiB of HTTP headers, requests and bodies open")
    siege.grew_at_most(128)


def test_connections_and_requests_under_way_have_a_bound(besieged):
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        siege = besieged(allowed=EVERYWHERE)
        held, = siege.answers(f"handles connections 10000 {place}")
        assert int(held.split()[0]) <= 1024 and ", then ErrorCode" in held, held
        begun, = siege.answers(f"handles requests 10000 {place}")
        assert begun == "10000 open"
        assert open_files(siege.child.pid) < 1500
        siege.grew_at_most(96)


# ---- answers larger than anyone needs ----------------------------------------------------------------------------


def test_random_bytes_have_a_bound(besieged):
    siege = besieged()
    siege.complaint("results random 4294967295", says="requested len 4294967295 exceeds limit 67108864")
    siege.grew_at_most(64)


def test_a_read_of_a_file_is_not_as_large_as_was_asked_for(besieged, tmp_path):
    (tmp_path / "in.txt").write_text("in")
    siege = besieged(component=[f'files = [{{ source = "{tmp_path}/in.txt", destination = "/in.txt" }}]'])
    assert siege.answers("results file 4294967295 / in.txt") == ["2 bytes"]
    siege.grew_at_most(64)


def test_a_value_larger_than_its_memory_ends_the_call_and_a_larger_one_is_an_error(besieged):
    def prepare(app):
        app.state.mkdir()
        with sqlite3.connect(app.state / "sqlite_key_value.db") as database:
            database.execute("CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, "
                             "value BLOB NOT NULL, PRIMARY KEY (store, key))")
            for key, size in (("large", 100), ("huge", 500)):
                database.execute("INSERT INTO spin_key_value VALUES ('default', ?, zeroblob(?))", (key, size * MIB))
    siege = besieged(allowed=EVERYWHERE, prepare=prepare)
    siege.complaint("results get large", says="the guest asked for more than its 67108864 bytes of memory")
    refused, = siege.answers("results get huge")
    assert refused.startswith("error Error::Other("), refused
    siege.grew_at_most(400)


def test_answers_that_nobody_takes_do_not_pile_up(besieged):
    def prepare(app):
        app.state.mkdir()
        with sqlite3.connect(app.state / "sqlite_key_value.db") as database:
            database.execute("CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, "
                             "value BLOB NOT NULL, PRIMARY KEY (store, key))")
            database.execute("INSERT INTO spin_key_value VALUES ('default', 'large', zeroblob(?))", (60 * MIB,))
    siege = besieged(allowed=EVERYWHERE, prepare=prepare, source="spin_stores_async")
    siege.tell("kv3 open default\nkv3 unread large 100")
    siege.hold_out(lambda: b"100 begun" in siege.app.out("bad") or "a batch failed" in siege.output, "the call ends")
    siege.grew_at_most(450)


ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c)"


def test_results_of_queries_have_a_bound_in_bytes_and_in_time(besieged):
    siege = besieged(allowed=EVERYWHERE, trigger={"handler_timeout_millis": 10_000})
    limit = "query result exceeds limit of 134217728 bytes"
    many_rows, large_rows, blob = siege.answers(
        f"results query {ENDLESS} select 1 from c", f"results query {ENDLESS} select randomblob(1000) from c",
        "results query select randomblob(900000000)")
    assert limit in many_rows and limit in large_rows, (many_rows, large_rows)
    assert "too big" in blob, blob
    siege.complaint(f"results query {ENDLESS} select count(*) from c", says="did not end before its deadline")
    siege.grew_at_most(400)


def test_a_body_of_a_gibibyte_passes_or_is_refused_and_is_never_held(besieged, web):
    siege = besieged(allowed=EVERYWHERE)
    url = f"http://127.0.0.1:{web.port}/{1024 * MIB}"
    assert siege.answers(f"results stream {url}") == [f"status 200 of {1024 * MIB} bytes"]
    siege.grew_at_most(64)
    siege.complaint(f"results keep {url}", says="the guest asked for more than its 67108864 bytes of memory")
    siege.grew_at_most(128)
    refused, = siege.answers(f"results whole {url}")
    assert "runtime-error" in refused, refused
    endless, = siege.answers(f"results stream http://127.0.0.1:{web.port}/headers")
    assert endless.startswith("error "), endless
    siege.grew_at_most(300)


# ---- paths -------------------------------------------------------------------------------------------------------


SECRET = "only for the host"
READS = ["../secret", "../../secret", "/etc/passwd", "data/../../secret", "data/out", "data/up/secret",
         "data/../../../../../../etc/passwd", "data/absolute"]


def mounted(siege, tmp_path):
    """The folder that the guest sees, with links that lead out of it, and a secret beside it."""
    found, = siege.app.state.rglob("in.txt")
    data = found.parent
    root = data.parent
    (root.parent / "secret").write_text(SECRET)
    (tmp_path / "secret").write_text(SECRET)
    (data / "out").symlink_to("../../secret")
    (data / "up").symlink_to("../..")
    (data / "absolute").symlink_to(tmp_path / "secret")
    return root


def files_of(tmp_path):
    folder = tmp_path / "mounted" / "data"
    folder.mkdir(parents=True)
    (folder / "in.txt").write_text("in")
    return [f'files = [{{ source = "{tmp_path}/mounted", destination = "/" }}]']


def below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_paths_lead_nowhere_else_and_nothing_is_written(besieged, tmp_path):
    siege = besieged(component=files_of(tmp_path))
    root = mounted(siege, tmp_path)
    before = below(root.parent)
    assert siege.answers("files read / data/in.txt") == ["in"]
    outside = siege.answers(*(f"files read / {path}" for path in READS),
                            *(f"files std-read /{path}" for path in READS))
    assert [answer for answer in outside if not answer.startswith("error ")] == []
    written = siege.answers(
        "files write / data/in.txt", "files write / new.txt", "files write / data/out", "files make / folder",
        "files remove / data/in.txt", "files rename / data/in.txt / moved.txt", "files link / data/in.txt / other.txt",
        "files symlink / data/in.txt other.txt")
    assert [answer for answer in written if not answer.startswith("error ")] == []
    assert below(root.parent) == before
    assert (root / "data" / "in.txt").read_text() == "in"
    assert SECRET.encode() not in siege.app.out("bad")


def test_paths_lead_nowhere_else_where_writing_is_allowed(besieged, tmp_path):
    siege = besieged(component=files_of(tmp_path), flags=["--allow-transient-write"])
    root = mounted(siege, tmp_path)
    assert siege.answers("files write / new.txt") == ["written"]
    before = below(root.parent)
    refused = siege.answers(
        "files write / ../escaped", "files write / data/out", "files write / data/absolute", "files write / data/up/new",
        "files make / ../folder", "files make / data/up/folder", "files remove / ../secret",
        "files rename / data/in.txt / ../escaped", "files rename / ../secret / taken",
        "files link / data/in.txt / data/up/escaped", "files link / ../secret / taken",
        "files symlink / /etc/passwd mine", f"files symlink / {tmp_path}/secret mine")
    assert [answer for answer in refused if not answer.startswith("error ")] == []
    siege.answers("files symlink / ../secret mine")  # A link may be made; it may not be followed.
    assert siege.answers("files read / mine")[0].startswith("error ")
    (root / "mine").unlink(missing_ok=True)
    assert below(root.parent) == before
    assert (tmp_path / "secret").read_text() == SECRET
    assert SECRET.encode() not in siege.app.out("bad")


# ---- hosts -------------------------------------------------------------------------------------------------------


# The same machine in other words; a server listens at all of them.
ELSEWHERE = ["127.0.0.2", "0x7f000002", "2130706434", "0177.0.0.2", "127.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]",
             "[::1]", "[::]", "0.0.0.0", "0", "localhost"]


def test_hosts_that_are_not_listed_are_refused_in_whatever_words(besieged, web):
    siege = besieged(allowed={"allowed_outbound_hosts": [f"http://127.0.0.1:{web.port}"]})
    reached, = siege.answers(f"network get http://127.0.0.1:{web.port}/5")
    assert reached == "status 200 of 5 bytes"
    answers = siege.answers(*(f"network {way} http://{host}:{web.port}/5"
                              for way in ("get", "spin") for host in ELSEWHERE),
                            f"network get http://127.0.0.1:{web.port + 1}/", f"network get https://127.0.0.1:{web.port}/",
                            f"network tcp 127.0.0.2:{web.port}", f"network tcp [::1]:{web.port}",
                            f"network tcp [::ffff:127.0.0.2]:{web.port}", f"network tcp 127.0.0.1:{web.port}")
    assert [answer for answer in answers if not answer.startswith("error ")] == []
    assert web.asked == [("127.0.0.1", "/5")]


def test_blocked_networks_are_not_reached_in_whatever_words(besieged, web):
    siege = besieged(allowed=EVERYWHERE, runtime='[outbound_networking]\nblock_networks = ["private"]\n')
    places = [*ELSEWHERE, "127.0.0.1", "10.0.0.1", "169.254.169.254", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"]
    answers = siege.answers(*(f"network {way} http://{host}:{web.port}/5" for way in ("get", "spin") for host in places),
                            f"network tcp 127.0.0.1:{web.port}", f"network tcp [::1]:{web.port}",
                            f"network tcp [::ffff:127.0.0.1]:{web.port}", f"network tcp 0.0.0.0:{web.port}")
    assert [answer for answer in answers if not answer.startswith("error ")] == []
    assert web.asked == []


def test_a_redirect_is_asked_about_like_any_request(besieged, web):
    siege = besieged(allowed={"allowed_outbound_hosts": [f"http://127.0.0.1:{web.port}"]})
    here, there = (f"http://127.0.0.{last}:{web.port}" for last in (1, 2))
    allowed, refused = siege.answers(f"network follow {here}/to/{here}/7", f"network follow {here}/to/{there}/7")
    assert allowed == "status 200 at hop 1"
    assert refused.startswith("error at hop 1: ") and "destination-not-allowed" in refused, refused
    assert {place for place, _ in web.asked} == {"127.0.0.1"}


# What a hostile name server would do: each question is given the next answer.
RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints, struct addrinfo** out) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || strcmp(name, "rebind.test") != 0)
    return real(name, service, hints, out);
  static int asked = 0;
  const int turn = __atomic_fetch_add(&asked, 1, __ATOMIC_SEQ_CST);
  return real(turn % 2 == 0 ? "127.0.0.1" : "127.0.0.2", service, hints, out);
}
"""


def test_a_name_that_is_pointed_elsewhere_leads_nowhere_else(besieged, web, tmp_path):
    compiler = shutil.which("clang-19") or shutil.which("cc")
    (tmp_path / "resolver.c").write_text(RESOLVER)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", "resolver.so", "resolver.c", "-ldl"], cwd=tmp_path, check=True)
    siege = besieged(allowed={"allowed_outbound_hosts": [f"http://rebind.test:{web.port}"]},
                     runtime='[outbound_networking]\nblock_networks = ["127.0.0.2/32"]\n',
                     environment={"LD_PRELOAD": tmp_path / "resolver.so"})
    # Each deed is a call of its own, with connections of its own, so each asks for the name.
    answers = siege.answers(*(f"network get http://rebind.test:{web.port}/{size}" for size in range(6, 12)))
    assert sorted(set(answer.split(" of ")[0] for answer in answers)) == [
        "error ErrorCode::DestinationIpProhibited", "status 200"], answers
    assert {place for place, _ in web.asked} == {"127.0.0.1"}


# ---- what it says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lines", "line", "binary", "errors"])
def test_a_flood_of_output_is_cut_and_the_rest_counted(besieged, kind):
    siege = besieged()
    # The first line after the flood may end one that was cut.
    siege.tell(f"print {kind} {1024 * MIB}", "files mounts")
    assert siege.answers("files readlink / none")
    stream = "stderr" if kind == "errors" else "stdout"
    assert len(siege.app.out("bad", stream)) <= 2 * MIB
    assert len(siege.output) < MIB, len(siege.output)
    siege.grew_at_most(64)


def test_a_huge_error_is_cut_in_the_log(besieged):
    siege = besieged()
    siege.complaint("fail 50000000", says="records were given up")
    assert len(siege.output) < MIB, len(siege.output)
    for document in (siege.app.state / "failed").rglob("*"):
        assert not document.is_file() or document.stat().st_size < MIB, document
    siege.grew_at_most(256)


def test_more_failed_records_than_there_are_fail_the_batch(besieged):
    siege = besieged(source="stream")
    siege.complaint("!items 10000000", says="a batch failed")
    siege.complaint("!state 50000000", says="a batch failed")
    siege.grew_at_most(256)
