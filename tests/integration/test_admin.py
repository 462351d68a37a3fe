"""The admin port and `status`: what a running consumer tells."""

import http.client
import json
import re
import socket
import sqlite3
import subprocess

import pytest

from apps import App
from harness import (
    BINARY, ROOT, Consumer, Process, clean_environment, create_stream, free_port, put_in_order, stream_arn,
    wait_until)

SHARDS = 2


@pytest.fixture
def app(client, stream_name, tmp_path):
    create_stream(client, stream_name, SHARDS)
    return App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="TRIM_HORIZON",
               shard_idle_wait_millis=200, detector_poll_millis=1000)


def put(client, app, numbers):
    put_in_order(client, app.keys["stream_arn"].rsplit("/", 1)[1], [(f"k{n}", n) for n in numbers])


def get(port, path, host=None, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def ready(port):
    return get(port, "/readyz")[0] == 200


def status(*arguments, folder):
    return subprocess.run([BINARY, "status", *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          cwd=folder, env=clean_environment(folder))


class Admin(Consumer):
    """A consumer with an admin port."""

    def __init__(self, app, endpoint, *flags, **options):
        self.port = free_port()
        super().__init__(app, endpoint, "--admin", f"127.0.0.1:{self.port}", *flags, **options)
        self.wait_for(lambda: get(self.port, "/healthz")[0] == 200, 30, "the admin port answers")

    def api(self):
        code, body = get(self.port, "/api/status")
        assert code == 200
        return json.loads(body)


def test_it_is_off_unless_asked_for(service, client, app):
    put(client, app, range(5))
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 5, 30, "5 records")
        assert not (app.state / "admin").exists()
        assert "Status and metrics" not in consumer.output


def test_page_health_readiness_status_and_metrics(service, client, app):
    put(client, app, range(40))
    with Admin(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: ready(consumer.port), 30, "it is ready")
        consumer.wait_for(lambda: len(app.delivered()) >= 40, 30, "40 records")
        assert f"Status and metrics: http://127.0.0.1:{consumer.port}" in consumer.output
        assert (app.state / "admin").read_text() == f"http://127.0.0.1:{consumer.port}\n"
        code, page = get(consumer.port, "/")
        assert code == 200 and "shardId-000000000001" in page and "<script" not in page
        document = wait_until(
            lambda: (d := consumer.api())["triggers"][0]["counters"]["records_done"] == 40 and d, 10, "40 are counted")
        assert document["version"] == 1 and document["ready"] is True
        assert len(document["shards"]) == SHARDS
        for shard in document["shards"]:
            assert shard["held"] and shard["reason"] == "none" and shard["source"] == "polling"
            assert shard["owner"].startswith(document["worker"]["id"])
        _, text = get(consumer.port, "/metrics")
        application = document["triggers"][0]["application"]
        assert f'trigger_kinesis_records_processed_total{{application="{application}"}} 40\n' in text
        assert text.count("trigger_kinesis_shard_behind_latest_seconds{") == SHARDS
        assert f'trigger_kinesis_leases_held{{application="{application}"}} {SHARDS}\n' in text
        consumer.signal(15)
        assert consumer.wait(15) == 0, consumer.output
    assert not (app.state / "admin").exists()


def test_each_metric_has_a_line_in_the_documentation(service, app):
    with Admin(app, service.endpoint) as consumer:
        families = set(re.findall(r"^# TYPE (\S+)", get(consumer.port, "/metrics")[1], re.MULTILINE))
    documented = set(re.findall(r"^\| `([a-z_]+)` \| (?:gauge|counter|histogram) \|",
                                (ROOT / "docs/operating/metrics.md").read_text(), re.MULTILINE))
    assert families == documented


def test_each_reason_has_a_line_in_the_documentation():
    words = set(re.findall(r'^    \{"([a-z_]+)",', (ROOT / "src/model/reason.cc").read_text(), re.MULTILINE))
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/operating/status.md").read_text(), re.MULTILINE))
    assert len(words) > 15 and words <= documented


def test_it_only_reads_and_only_for_this_machine(service, app):
    with Admin(app, service.endpoint) as consumer:
        assert get(consumer.port, "/api/status", method="POST")[0] == 405
        assert get(consumer.port, "/nothing")[0] == 404
        assert get(consumer.port, "/", host="evil.example")[0] == 403
        assert get(consumer.port, "/", host=f"localhost:{consumer.port}")[0] == 200
        assert get(consumer.port, "/metrics", method="HEAD") == (200, "")


def test_a_port_that_is_taken_is_wrong_configuration(service, app):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with Consumer(app, service.endpoint, "--admin", f"127.0.0.1:{port}") as consumer:
            assert consumer.wait(30) == 2
            assert f"127.0.0.1:{port}" in consumer.output and "in use" in consumer.output
    with Consumer(app, service.endpoint, "--admin", "example.com:80") as consumer:
        assert consumer.wait(30) == 2
        assert "--admin" in consumer.output and "127.0.0.1:9400" in consumer.output


def test_the_environment_names_it_and_a_flag_wins(service, client, app):
    port = free_port()
    environment = clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                                    TRIGGER_KINESIS_ADMIN=f"127.0.0.1:{port}")
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        consumer.wait_for(lambda: ready(port), 30, "it is ready")
    put(client, app, range(5))
    with Consumer(app, service.endpoint, "--admin", "off", environment=environment) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 5, 30, "5 records")
        assert get(port, "/healthz")[0] == 0


def test_up_local_serves_it_at_a_free_port(app, tmp_path):
    with Process([BINARY, "up", "-f", app.manifest, "--state-dir", app.state, "--local", "--local-port", free_port()],
                 app.folder, "up-local", clean_environment(app.folder)) as consumer:
        url = consumer.wait_for(
            lambda: (found := re.search(r"Status and metrics: (http://127.0.0.1:(\d+))", consumer.output)) and found,
            30, "the address is printed")
        consumer.wait_for(lambda: ready(int(url[2])), 30, "it is ready")
        shown = status("-f", app.manifest, "--state-dir", app.state, folder=app.folder)
        assert shown.returncode == 0, shown.stderr


def test_status_shows_one_screen_and_its_exit_code(service, client, app):
    put(client, app, range(20))
    missing = status("--state-dir", app.state, folder=app.folder)
    assert missing.returncode == 1 and "--admin" in missing.stderr
    with Admin(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 20 and ready(consumer.port), 30, "20 records")
        shown = status("--state-dir", app.state, folder=app.folder)
        assert shown.returncode == 0, shown.stderr
        assert "ready" in shown.stdout and "shardId-000000000001" in shown.stdout and "\033" not in shown.stdout
        assert "SHARD" in shown.stdout and "POSITION" in shown.stdout
        document = json.loads(status("--admin", f"127.0.0.1:{consumer.port}", "--json", folder=app.folder).stdout)
        assert document["version"] == 1
        assert status("--admin", "nonsense", folder=app.folder).returncode == 2
        assert status("--wach", folder=app.folder).returncode == 2
        with Process([BINARY, "status", "--watch", "--state-dir", app.state], app.folder, "watch",
                     clean_environment(app.folder)) as watch:
            watch.wait_for(lambda: watch.output.count("POSITION") >= 3, 15, "three screens")
            watch.signal(2)
            assert watch.wait(10) == 0, watch.output
        consumer.kill()
        gone = status("--admin", f"http://127.0.0.1:{consumer.port}", folder=app.folder)
        assert gone.returncode == 1 and "error:" in gone.stderr


def test_a_handler_that_fails_is_named_everywhere_in_the_same_word(service, client, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    app = App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="TRIM_HORIZON",
              shard_idle_wait_millis=200, environment={"GUEST_FAIL_IF": "<<"})
    put_in_order(client, stream_name, [("k", 1)])
    with Admin(app, service.endpoint) as consumer:
        shard = consumer.wait_for(
            lambda: (s := consumer.api()["shards"]) and s[0]["failing_attempts"] > 1 and s[0], 30, "it fails")
        assert shard["reason"] == "handler_failing" and shard["detail"]
        assert 'reason="handler_failing"} 1' in get(consumer.port, "/metrics")[1]
        assert "handler_failing" in status("--state-dir", app.state, folder=app.folder).stdout
        assert ready(consumer.port), "a failing handler is a warning: the position waits, nothing is lost"
        document = json.loads(get(consumer.port, "/readyz")[1])
        assert document["warnings"][0]["reason"] == "handler_failing"
        consumer.wait_for(lambda: "reason=handler_failing" in consumer.output, 30, "the log says so")


def test_a_service_that_goes_away_makes_it_unready_and_back(client, stream_name, tmp_path):
    from harness import LocalKinesis, kinesis
    with LocalKinesis(tmp_path) as first:
        own = kinesis(first.endpoint)
        create_stream(own, stream_name, 1)
        app = App(tmp_path / "app", stream_arn(own, stream_name), shard_iterator_type="TRIM_HORIZON",
                  shard_idle_wait_millis=200)
        port = first.port
        consumer = Admin(app, first.endpoint)
        consumer.wait_for(lambda: ready(consumer.port), 30, "it is ready")
    with consumer:
        consumer.wait_for(lambda: get(consumer.port, "/readyz")[0] == 503, 60, "it is not ready")
        document = json.loads(get(consumer.port, "/readyz")[1])
        assert document["reasons"][0]["reason"] == "service_unreachable"
        assert status("--state-dir", app.state, folder=app.folder).returncode == 1
        with LocalKinesis(tmp_path, port=port):
            consumer.wait_for(lambda: ready(consumer.port), 60, "it is ready again")


def test_pain_25_a_lease_row_deleted_by_hand_is_made_again(service, client, app):
    put(client, app, range(30))
    with Admin(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 30, 30, "30 records")
        with sqlite3.connect(app.state / "kinesis.db", timeout=10) as database:
            assert database.execute("delete from lease").rowcount == SHARDS
        put(client, app, range(30, 60))
        consumer.wait_for(lambda: set(app.delivered()) >= {(f"k{n}", n) for n in range(60)}, 90, "30 more records")
        consumer.wait_for(lambda: consumer.api()["triggers"][0]["counters"]["rows_recreated"] == SHARDS, 60,
                          "rows are made again")
        assert "somebody deleted the position of a shard" in consumer.output
