"""A collector's stand-in: takes OTLP over HTTP and gRPC, and parses it with OpenTelemetry's own messages."""

import gzip
import ssl
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

REQUESTS = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
}


def attributes(holder):
    """A list of KeyValue as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in holder.attributes}


class Collector:
    """Keeps what it was sent. Ends with the `with` block."""

    def __init__(self, pki=None):
        """Over TLS, for clients that root.pem vouches for, where `pki` is a folder with it, server.pem and server.key."""
        self.scheme, self.host = ("https", "localhost") if pki else ("http", "127.0.0.1")
        self.requests = []  # (headers, message)
        self.failures = 0   # so many requests are told to come again
        self.lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                message = REQUESTS[self.path]()
                body = self.rfile.read(int(self.headers["content-length"]))
                message.ParseFromString(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
                assert self.headers["content-type"] == "application/x-protobuf"
                taken = collector.take(dict(self.headers), message)
                self.send_response(200 if taken else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # clients that are not trusted
        if pki:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki / "server.pem", pki / "server.key")
            context.load_verify_locations(pki / "root.pem")
            context.verify_mode = ssl.CERT_REQUIRED
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.grpc = grpc.server(futures.ThreadPoolExecutor(4))
        for add, service, answer in (
                (trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
                 trace_service_pb2_grpc.TraceServiceServicer, trace_service_pb2.ExportTraceServiceResponse),
                (metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
                 metrics_service_pb2_grpc.MetricsServiceServicer, metrics_service_pb2.ExportMetricsServiceResponse),
                (logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
                 logs_service_pb2_grpc.LogsServiceServicer, logs_service_pb2.ExportLogsServiceResponse)):
            add(self.servicer(service, answer), self.grpc)
        if pki:
            root, key, own = ((pki / name).read_bytes() for name in ("root.pem", "server.key", "server.pem"))
            credentials = grpc.ssl_server_credentials([(key, own)], root, require_client_auth=True)
            self.grpc_port = self.grpc.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.grpc_port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()

    def servicer(self, service, answer):
        collector = self

        class Servicer(service):
            def Export(self, request, context):
                if not collector.take(dict(context.invocation_metadata()), request):
                    context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
                return answer()

        return Servicer()

    def take(self, headers, message):
        with self.lock:
            if self.failures > 0:
                self.failures -= 1
                return False
            self.requests.append((headers, message))
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.grpc.stop(None)

    def environment(self, protocol):
        port = self.grpc_port if protocol == "grpc" else self.http.server_port
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{self.scheme}://{self.host}:{port}",
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}

    def messages(self, kind):
        with self.lock:
            return [message for _, message in self.requests if isinstance(message, REQUESTS[kind])]

    def spans(self):
        return [span for message in self.messages("/v1/traces") for resource in message.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def logs(self):
        return [record for message in self.messages("/v1/logs") for resource in message.resource_logs
                for scope in resource.scope_logs for record in scope.log_records]

    def metrics(self):
        """The newest of each name."""
        return {metric.name: metric for message in self.messages("/v1/metrics") for resource in message.resource_metrics
                for scope in resource.scope_metrics for metric in scope.metrics}

    def resource(self):
        return attributes(self.messages("/v1/traces")[0].resource_spans[0].resource)
