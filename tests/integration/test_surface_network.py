"""Outbound HTTP and sockets in every version, asked through the program of servers on loopback: allowed and denied."""

import http.server
import re
import socket
import ssl
import threading

import pytest
from apps import guest
from host_app import HostApp, answers
from servers import certificate
from surface import Refused, hold

# The guests, with what each says when a request may not be made.
REQUESTS = {
    "spin_network": "HttpRequestDenied", "spin_network_2023": "HttpRequestDenied",
    "spin_network_async": "HttpRequestDenied", "spin_network_snapshot": "HttpRequestDenied"}
BLOCKING = ["spin_network", "spin_network_2023"]
ASYNCHRONOUS = ["spin_network_async", "spin_network_snapshot"]


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        who = dict(pair for part in peer["subject"] for pair in part)["commonName"] if peer else "nobody"
        body = f"hello {who}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_OPTIONS(self):
        body = f"{self.path} {self.headers['x-one']} {self.headers['x-two']}".encode()
        self.send_response(200 if body == b"/whole 1 None" else 400)
        self.send_header("content-length", "0")
        self.send_header("content-type", "text/odd")
        self.end_headers()

    def log_message(self, *_):
        pass


class Web(http.server.ThreadingHTTPServer):
    def __init__(self, context=None):
        self.connections = 0
        super().__init__(("127.0.0.1", 0), Page)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def handle_error(self, *_):
        pass  # clients that are not trusted, or do not trust

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.fixture
def web():
    with Web() as server:
        yield server


def ask(asked, app, calls, *flags):
    """`calls` are (command, expected); only `fermyon:spin/http` is counted."""
    got, output = answers(app, [command for command, _ in calls], *flags)
    for (command, expected), answer in zip(calls, got, strict=True):
        if command.startswith("spin "):
            hold(asked, [("http1", "send-request", command, expected)], [answer])
        else:
            assert expected.search(answer), (command, answer)
    return output


def says(text):
    return re.compile(f"^{text}$")


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name, tmp_path, web, asked):
    app = HostApp(tmp_path, guest(name), {"allowed_outbound_hosts": [f"http://127.0.0.1:{web.port}"]})
    page = says("status 200 body hello nobody")
    denied = Refused(f"^error ErrorCode::{REQUESTS[name]}$")
    calls = [(f"get http 127.0.0.1:{web.port} /", page), (f"get http localhost:{web.port} /", denied),
             ("get http 127.0.0.1:1 /", denied), (f"get https 127.0.0.1:{web.port} /", denied)]
    if name in BLOCKING:
        calls += [(f"spin http://127.0.0.1:{web.port}/", page),
                  (f"spin http://localhost:{web.port}/", Refused("destination-not-allowed"))]
    output = ask(asked, app, calls)
    assert web.connections == 1
    assert f"To allow it, add 'http://localhost:{web.port}' to allowed_outbound_hosts" in output, output


@pytest.mark.parametrize("name", ["spin_network", *ASYNCHRONOUS])
def test_every_function_of_headers_and_requests(name, tmp_path, web, asked):
    app = HostApp(tmp_path, guest(name), {"allowed_outbound_hosts": [f"http://127.0.0.1:{web.port}"]})
    request = r'Method::Options Some\(Scheme::Http\) Some\("/whole"\) true 200 text/odd'
    if name in BLOCKING:
        request = rf"\[Ok\(\(\)\), Ok\(\(\)\), Ok\(\(\)\), Ok\(\(\)\)\] true {request} Some\(Ok\(Ok\(false\)\)\)"
    else:
        request = rf"\(Some\(7000000000\), Some\(8000000000\), Some\(9000000000\)\) true {request} 418 0"
    ask(asked, app, [("fields", says(r"\[49, 50\] \[51\] \(false, false, 3\) true")),
                     (f"request 127.0.0.1:{web.port}", says(request))])


@pytest.mark.parametrize("name", BLOCKING)
def test_what_only_one_of_two_versions_has(name, tmp_path, asked):
    """The snapshot's timeouts have other names; its switch for IPv6 went with the release."""
    app = HostApp(tmp_path, guest(name), {"allowed_outbound_hosts": ["*://*:*"]})
    missing = re.compile("not-supported not-supported not-supported not-supported" if name.endswith("2023")
                         else "error there is no such function")
    ask(asked, app, [("timeouts 7000000", says(r"None \[Ok\(\(\)\), Ok\(\(\)\), Ok\(\(\)\)\] "
                                               r"\(Some\(7000000\), Some\(7000001\)\) Some\(7000002\)")),
                     ("ipv6-only", missing)])


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_to_a_blocked_network(name, tmp_path, web, asked):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["127.0.0.0/8", "::1/128"]\n')
    app = HostApp(tmp_path / "app", guest(name), {"allowed_outbound_hosts": ["*://*:*"]})
    calls = [(f"get http {host}:{web.port} /", Refused("^error ErrorCode::DestinationIpProhibited$"))
             for host in ("127.0.0.1", "localhost")]
    if name in BLOCKING:
        calls.append((f"spin http://localhost:{web.port}/", Refused("runtime-error")))
    ask(asked, app, calls, "--runtime-config-file", config)
    assert web.connections == 0


# ---- TLS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spin_network", "spin_network_async"])
def test_tls_with_the_client_s_certificate(name, tmp_path, asked):
    for folder in ("pki", "other"):
        (tmp_path / folder).mkdir()
        certificate(tmp_path / folder, "root")
    pki = tmp_path / "pki"
    certificate(pki, "server", signed_by="root")
    certificate(pki, "ann", signed_by="root", usage="clientAuth")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    context.load_verify_locations(pki / "root.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    tls = "[[client_tls]]\ncomponent_ids = [\"asker\"]\nhosts = [\"localhost\"]\nca_roots_file = \"{}\"\n{}"
    client = 'client_cert_file = "pki/ann.pem"\nclient_private_key_file = "pki/ann.key"\n'
    configurations = {
        "with": (tls.format("pki/root.pem", client), says("status 200 body hello ann")),
        "without": (tls.format("pki/root.pem", ""), re.compile("^error")),
        "untrusted": (tls.format("other/root.pem", client), re.compile("^error ErrorCode::Tls"))}
    with Web(context) as server:
        for way, (text, expected) in configurations.items():
            config = tmp_path / f"{way}.toml"
            config.write_text(text)
            app = HostApp(tmp_path / way, guest(name), {"allowed_outbound_hosts": ["https://*:*"]})
            # The entry is for a name; for the address there is neither root nor certificate.
            ask(asked, app, [(f"get https localhost:{server.port} /", expected),
                             (f"get https 127.0.0.1:{server.port} /", re.compile("^error ErrorCode::Tls"))],
                "--runtime-config-file", config)


# ---- sockets -----------------------------------------------------------------------------------------------------


@pytest.fixture
def echo():
    """Answers "pong" to what comes, by TCP and by UDP on one port."""
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())

    def serve_tcp():
        while True:
            try:
                connection, _ = tcp.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                connection.sendall(b"pong")

    def serve_udp():
        while True:
            try:
                _, sender = udp.recvfrom(100)
            except OSError:
                return
            if sender is None:  # it was shut down
                return
            udp.sendto(b"pong", sender)

    for serve in (serve_tcp, serve_udp):
        threading.Thread(target=serve, daemon=True).start()
    yield tcp.getsockname()[1]
    for one in (tcp, udp):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


@pytest.mark.parametrize("name", BLOCKING)
def test_sockets(name, tmp_path, echo, asked):
    allowed = [f"tcp://127.0.0.1:{echo}", f"udp://127.0.0.1:{echo}", "udp://0.0.0.0:0"]
    app = HostApp(tmp_path, guest(name), {"allowed_outbound_hosts": allowed})
    denied = Refused("^error .*access-denied")
    ask(asked, app, [
        (f"tcp 127.0.0.1 {echo}", says("tcp pong")), (f"udp 127.0.0.1 {echo}", says("udp pong")),
        ("tcp 127.0.0.1 1", denied), ("udp 127.0.0.1 1", denied), (f"tcp 127.0.0.2 {echo}", denied),
        ("bind-tcp 0", denied), ("bind-udp 0", denied),
        ("lookup localhost", Refused("permanent-resolver-failure")),
        *([("listen", denied),
           (f"tcp-options 127.0.0.1 {echo}", says(r"8 \(true, 60, 5, 3\) 9 true true false true true true")),
           (f"udp-options 127.0.0.1 {echo}", says("3 9 true true true true")),
           ("udp-options 127.0.0.1 1", denied)] if name == "spin_network" else [])])


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_asynchronous_sockets(name, tmp_path, echo, asked):
    allowed = [f"tcp://127.0.0.1:{echo}", f"udp://127.0.0.1:{echo}"]
    app = HostApp(tmp_path, guest(name), {"allowed_outbound_hosts": allowed})
    denied = Refused("^error ErrorCode::AccessDenied$")
    ask(asked, app, [
        (f"tcp 127.0.0.1 {echo}", says("tcp pong 0 true")), (f"udp 127.0.0.1 {echo}", says("udp pong")),
        (f"udp-connected 127.0.0.1 {echo}", says("udp pong true")),
        ("tcp 127.0.0.1 1", denied), ("udp 127.0.0.1 1", denied), ("udp-connected 127.0.0.1 1", denied),
        (f"tcp 127.0.0.2 {echo}", denied), ("bind-tcp 127.0.0.1", denied), ("bind-udp 127.0.0.1", denied),
        ("listen", denied), ("lookup localhost", Refused("^error ErrorCode::PermanentResolverFailure$")),
        ("tcp-options", says(r"8 \(true, 60, 5, 3\) 9 true true false true")),
        ("udp-options", says("3 9 true true true"))])


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_asynchronous_sockets_to_a_blocked_network(name, tmp_path, echo, asked):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["private"]\n')
    app = HostApp(tmp_path / "app", guest(name), {"allowed_outbound_hosts": ["*://*:*"]})
    denied = Refused("^error ErrorCode::AccessDenied$")
    ask(asked, app, [*((f"{way} 127.0.0.1 {echo}", denied) for way in ("tcp", "udp", "udp-connected")),
                     ("listen", denied), ("lookup localhost", Refused("PermanentResolverFailure"))],
        "--runtime-config-file", config)


@pytest.mark.parametrize("name", BLOCKING)
def test_sockets_to_a_blocked_network(name, tmp_path, echo, asked):
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["private"]\n')
    app = HostApp(tmp_path / "app", guest(name), {"allowed_outbound_hosts": ["*://*:*"]})
    denied = Refused("^error .*access-denied")
    ask(asked, app, [(f"tcp 127.0.0.1 {echo}", denied), (f"udp 127.0.0.1 {echo}", denied)],
        "--runtime-config-file", config)
