"""Traces, metrics and logs, as a collector that is not ours understands them."""

import signal

import pytest

from apps import App
from collector import Collector, attributes
from harness import Consumer, clean_environment, create_stream, stream_arn, wait_until


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
