"""Traces, metrics and logs, as a collector that is not ours understands them."""

import http.server
import signal

import pytest

from apps import App, guest
from collector import Collector, attributes
from harness import Consumer, clean_environment, create_stream, stream_arn, wait_until
from host_app import HostApp
from loopback import serving
from servers import certificate


@pytest.fixture
def collector():
    with Collector() as one:
        yield one


@pytest.fixture
def app(client, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    return App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="TRIM_HORIZON",
               shard_idle_wait_millis=200)


def surroundings(app, service, **more):
    return clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint, **more)


def consume(app, service, client, stream_name, environment, payloads, until=lambda: True):
    """Runs until the payloads are handled and `until` holds, then stops in order."""
    for payload in payloads:
        client.put_record(StreamName=stream_name, PartitionKey="k", Data=payload.encode())
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        wait_until(lambda: app.guest_bytes().count(b"\n") >= len(payloads), 30, lambda: consumer.output)
        wait_until(until, 30, lambda: consumer.output)
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output
        return consumer.output


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_collector_gets_spans_logs_and_metrics_of_each_call(service, client, stream_name, app, collector, protocol):
    collector.failures = 1  # the first request is sent once more
    environment = surroundings(
        app, service, **collector.environment(protocol), OTEL_SERVICE_NAME="orders", SPIN_VERSION="4.0.0",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test", OTEL_EXPORTER_OTLP_HEADERS="api-key=k%20ey",
        OTEL_BSP_SCHEDULE_DELAY=100, OTEL_BLRP_SCHEDULE_DELAY=100, OTEL_METRIC_EXPORT_INTERVAL=200)
    consume(app, service, client, stream_name, environment, ["one", "two"], until=lambda: collector.failures == 0)

    resource = collector.resource()
    assert resource["service.name"] == "orders"
    assert resource["service.version"] == "4.0.0 (unknown unknown)"
    assert resource["deployment.environment"] == "test"
    assert all(headers.get("api-key") == "k ey" for headers, _ in collector.requests)

    calls = [span for span in collector.spans() if span.name == f"{stream_name} receive"]
    assert sum(attributes(span)["messaging.batch.message_count"] for span in calls) == 2
    call = calls[0]
    assert call.kind == call.SPAN_KIND_CONSUMER
    assert call.end_time_unix_nano > call.start_time_unix_nano
    told = attributes(call)
    assert told["messaging.system"] == "aws_kinesis"
    assert told["messaging.destination.name"] == stream_name
    assert told["messaging.destination.partition.id"] == "shardId-000000000000"
    assert told["component_id"] == "recorder"
    assert any(event.name == "app_log" for event in call.events)

    logs = collector.logs()
    assert b"".join(record.body.string_value.encode() for record in logs) == app.guest_bytes()
    assert {attributes(record)["component_id"] for record in logs} == {"recorder"}
    assert {record.trace_id for record in logs} == {span.trace_id for span in calls}

    metrics = collector.metrics()
    [point] = metrics["spin.request_count"].sum.data_points
    assert point.as_int == len(calls)
    assert attributes(point) == {"trigger_type": "kinesis", "app_id": "drill", "component_id": "recorder"}
    [memory] = metrics["spin.component_memory_used"].histogram.data_points
    assert memory.count == len(calls) and memory.sum > 0


def test_a_collector_that_is_gone_delays_nothing(service, client, stream_name, app):
    environment = surroundings(app, service, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
                               OTEL_BSP_SCHEDULE_DELAY=50, OTEL_BSP_EXPORT_TIMEOUT=100)
    output = consume(app, service, client, stream_name, environment, ["one", "two"])
    assert output.count("telemetry cannot be sent and is dropped") <= 3, "once a signal"


def test_a_protocol_that_is_not_offered_ends_the_start(service, app):
    environment = surroundings(app, service, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
                               OTEL_EXPORTER_OTLP_PROTOCOL="http/json")
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        assert consumer.wait(30) == 2, consumer.output
        assert "http/json OTLP protocol is not supported" in consumer.output


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """root.pem vouches for server.pem and for our ann.pem."""
    folder = tmp_path_factory.mktemp("pki")
    certificate(folder, "root")
    certificate(folder, "server", signed_by="root")
    certificate(folder, "ann", signed_by="root", usage="clientAuth")
    return folder


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_collector_that_wants_our_certificate_takes_compressed_requests(service, client, stream_name, app, pki,
                                                                          protocol):
    with Collector(pki) as collector:
        environment = surroundings(
            app, service, **collector.environment(protocol), OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
            OTEL_EXPORTER_OTLP_CERTIFICATE=pki / "root.pem", OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=pki / "ann.pem",
            OTEL_EXPORTER_OTLP_CLIENT_KEY=pki / "ann.key")
        output = consume(app, service, client, stream_name, environment, ["one", "two"])
        assert "telemetry cannot be sent" not in output
        calls = [span for span in collector.spans() if span.name == f"{stream_name} receive"]
        assert sum(attributes(span)["messaging.batch.message_count"] for span in calls) == 2
        assert b"".join(record.body.string_value.encode() for record in collector.logs()) == app.guest_bytes()
        if protocol != "grpc":  # there the library has taken it off
            assert {headers["content-encoding"] for headers, _ in collector.requests} == {"gzip"}


def test_a_collector_that_wants_our_certificate_gets_nothing_without(service, client, stream_name, app, pki):
    with Collector(pki) as collector:
        environment = surroundings(app, service, **collector.environment("http/protobuf"),
                                   OTEL_EXPORTER_OTLP_CERTIFICATE=pki / "root.pem", OTEL_BSP_SCHEDULE_DELAY=50,
                                   OTEL_BSP_EXPORT_TIMEOUT=100)
        output = consume(app, service, client, stream_name, environment, ["one", "two"])
        assert collector.requests == []
        assert "telemetry cannot be sent and is dropped" in output


def test_a_certificate_that_cannot_be_read_ends_the_start(service, app, pki):
    environment = surroundings(app, service, OTEL_EXPORTER_OTLP_ENDPOINT="https://127.0.0.1:1",
                               OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=pki / "ann.pem",
                               OTEL_EXPORTER_OTLP_CLIENT_KEY=pki / "none.key")
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        assert consumer.wait(30) == 2, consumer.output
        assert f"the client's key {pki}/none.key cannot be read" in consumer.output


@pytest.fixture
def told():
    """A server that keeps the traces it was told of: its address, and the list."""
    seen = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["traceparent"])
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Page) as address:
        yield f"http://{address}", seen


def reporter(client, stream_name, tmp_path, place):
    create_stream(client, stream_name, 1)
    app = HostApp(tmp_path / "app", guest("spin_otel"), {"allowed_outbound_hosts": [place]})
    app.keys["stream_arn"] = stream_arn(client, stream_name)
    app.write()
    return app


def test_a_guests_telemetry_goes_out_with_ours_and_its_spans_lie_between(service, client, stream_name, tmp_path,
                                                                         collector, told):
    place, traces = told
    app = reporter(client, stream_name, tmp_path, place)
    commands = [f"span work span ask get {place}/", "unended left", "unbegun never", "metrics 2", "metrics 2001",
                "log hello"]
    for command in commands:
        client.put_record(StreamName=stream_name, PartitionKey="k", Data=command.encode())
    environment = surroundings(app, service, **collector.environment("http/protobuf"), OTEL_SERVICE_NAME="orders",
                               OTEL_BSP_SCHEDULE_DELAY=100, OTEL_BLRP_SCHEDULE_DELAY=100)
    with Consumer(app, service.endpoint, "--experimental-wasi-otel", environment=environment) as consumer:
        wait_until(lambda: app.guest_bytes().count(b"\n") >= len(commands), 30, lambda: consumer.output)
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output
    assert b"exported\nerror the metric guest.sum has more than 2000 data points" in app.guest_bytes()

    spans = collector.spans()
    assert not {"left", "never"} & {span.name for span in spans}, "one never ended, the other never began"
    [work] = [span for span in spans if span.name == "work"]
    [ask] = [span for span in spans if span.name == "ask"]
    [request] = [span for span in spans if span.name == "spin_outbound_http.send_request"]
    calls = {span.span_id: span for span in spans if span.name == f"{stream_name} receive"}
    assert work.parent_span_id in calls, "below the call's span"
    assert ask.parent_span_id == work.span_id
    assert request.parent_span_id == ask.span_id, "what the guest asks for is below its span"
    assert traces == [f"00-{request.trace_id.hex()}-{request.span_id.hex()}-01"]
    assert {span.trace_id for span in (work, ask, request)} == {calls[work.parent_span_id].trace_id}
    assert attributes(work)["colour"] == "blue"
    assert [value.int_value for value in attributes(work)["sizes"].values] == [1, 2]
    assert work.status.message == "went wrong" and work.status.code == work.status.STATUS_CODE_ERROR
    assert [event.name for event in work.events] == ["halfway"]
    assert work.links[0].span_id == work.parent_span_id
    assert work.start_time_unix_nano <= ask.start_time_unix_nano <= ask.end_time_unix_nano

    [said] = [record for record in collector.logs() if record.event_name == "said"]
    body = {pair.key: pair.value for pair in said.body.kvlist_value.values}
    assert body["text"].string_value == "hello" and body["bytes"].bytes_value == b"\0\1\xff"
    assert said.severity_number == 13 and said.severity_text == "WARN"
    assert said.span_id in calls

    metrics = collector.metrics()
    assert [point.as_int for point in metrics["guest.sum"].sum.data_points] == [40, 41]
    assert metrics["guest.sum"].sum.is_monotonic and metrics["guest.sum"].sum.aggregation_temporality == 1
    assert metrics["guest.gauge"].gauge.data_points[0].as_int == -5
    [point] = metrics["guest.histogram"].histogram.data_points
    assert list(point.explicit_bounds) == [1.0, 2.5] and list(point.bucket_counts) == [1, 0, 2]
    assert point.sum == 10.5 and point.exemplars[0].span_id.hex() == "0102030405060708"
    [point] = metrics["guest.exponential"].exponential_histogram.data_points
    assert point.scale == -1 and point.positive.offset == -2 and list(point.positive.bucket_counts) == [1, 300]
    [permits] = metrics["outbound_connection_permits_acquired"].sum.data_points
    assert permits.as_int == 1 and attributes(permits) == {"kind": "http", "waited": False}
    [resource] = [one for message in collector.messages("/v1/metrics") for one in message.resource_metrics
                  if any(metric.name == "guest.sum" for scope in one.scope_metrics for metric in scope.metrics)]
    assert attributes(resource.resource)["guest.version"] == "3"
    assert attributes(resource.resource)["service.name"] == "orders"
    assert resource.scope_metrics[0].scope.name == "guest-library"


def test_a_component_with_telemetry_of_its_own_needs_the_flag(service, client, stream_name, tmp_path, told):
    app = reporter(client, stream_name, tmp_path, told[0])
    with Consumer(app, service.endpoint, environment=surroundings(app, service)) as consumer:
        assert consumer.wait(30) == 2, consumer.output
        assert "--experimental-wasi-otel" in consumer.output
        assert "wasi:otel/tracing@0.2.0-rc.2" in consumer.output or "wasi:otel/logs@0.2.0-rc.2" in consumer.output
