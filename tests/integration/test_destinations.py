"""Where records go that a handler never managed: a directory, SQS, SNS and S3, read back by clients that are not ours."""

import base64
import json
import re
import stat
import subprocess

import pytest

from apps import App
from emulators import Moto
from harness import (BINARY, REGION, Consumer, clean_environment, create_stream, delivered, free_port, payload,
                     put_in_order, stream_arn, wait_until)

QUEUE = f"arn:aws:sqs:{REGION}:123456789012:dead"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:dead"
BUCKET = "s3://dead-letters/failed"


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with Moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def arn(client, stream_name):
    create_stream(client, stream_name, 1)
    return stream_arn(client, stream_name)


def surroundings(app, service, aws=None):
    """The environment of a consumer: Kinesis here, everything else there."""
    endpoint = aws if isinstance(aws, str) or aws is None else aws.endpoint
    return clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint, AWS_ENDPOINT_URL=endpoint)


def check(app, service, aws=None, *flags):
    result = subprocess.run(
        [BINARY, "check", "-f", app.manifest, "--state-dir", app.state, *flags], cwd=app.folder,
        env=surroundings(app, service, aws), capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout + result.stderr


# Bad values and `check`.

@pytest.mark.parametrize("keys, fragments", [
    ({"on_failure": "dead"}, ("on_failure", '"dead"', "directory:PATH")),
    ({"on_failure": "arn:aws:sqs:us-east-1:dead"}, ("on_failure", "arn:aws:sqs:REGION:ACCOUNT:QUEUE")),
    ({"on_failure": "s3://Not_A_Bucket"}, ("on_failure", "S3 bucket")),
    ({"on_failure": QUEUE, "on_failure_overflow": TOPIC}, ("on_failure_overflow", TOPIC)),
    ({"on_failure": BUCKET, "on_failure_overflow": "none"}, ("on_failure_overflow", "queue or topic")),
])
def test_a_bad_destination_is_refused_at_load(service, arn, tmp_path, keys, fragments):
    app = App(tmp_path, arn, **keys)
    with Consumer(app, service.endpoint) as consumer:
        status, output = consumer.wait(20), consumer.output
    assert status == 2, output
    for fragment in ("spin.toml:", *fragments):
        assert fragment in output, output


def test_check_tells_whether_a_directory_can_be_written(service, arn, tmp_path):
    app = App(tmp_path, arn)
    status, output = check(app, service)
    assert status == 0, output
    assert f"failed batches go to directory {app.state}/failed/drill/recorder" in output
    assert not app.state.exists(), "check changes nothing"
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    status, output = check(App(tmp_path, arn, on_failure="directory:blocked/failed"), service)
    assert status != 0
    assert str(blocked) in output and "on_failure" in output


@pytest.mark.parametrize("destination, make, gone", [
    (QUEUE, lambda aws: aws.client("sqs").create_queue(QueueName="dead"),
     lambda aws: aws.client("sqs").delete_queue(QueueUrl=queue_url(aws, "dead"))),
    (TOPIC, lambda aws: aws.client("sns").create_topic(Name="dead"),
     lambda aws: aws.client("sns").delete_topic(TopicArn=TOPIC)),
    (BUCKET, lambda aws: aws.client("s3").create_bucket(Bucket="dead-letters"),
     lambda aws: aws.client("s3").delete_bucket(Bucket="dead-letters")),
], ids=["queue", "topic", "bucket"])
def test_check_asks_the_service_whether_the_destination_exists(service, arn, tmp_path, moto, destination, make, gone):
    app = App(tmp_path, arn, on_failure=destination)
    make(moto)
    status, output = check(app, service, moto)
    assert status == 0, output
    assert f"failed batches go to {destination}" in output
    gone(moto)
    status, output = check(app, service, moto)
    assert status == 2, output
    assert "on_failure" in output
    status, output = check(app, service, f"http://127.0.0.1:{free_port()}")
    assert status == 1, output


# Failed batches. The handler fails for every record whose key begins with "bad". All records are put before the
# consumer starts, and the bad ones fill whole batches: no good one is given up with them.

def queue_url(aws, name):
    return aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def messages_of(aws, name):
    """Takes what is in the queue."""
    queue, url, bodies = aws.client("sqs"), queue_url(aws, name), []
    while True:
        answer = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        if not answer.get("Messages"):
            return bodies
        bodies += [json.loads(message["Body"]) for message in answer["Messages"]]


def failing_app(folder, arn, **keys):
    return App(folder, arn, environment={"GUEST_FAIL_IF": "<<bad"}, shard_iterator_type="TRIM_HORIZON", **{
        "maximum_retry_attempts": 2, "batch_size": 10, **keys})


def records_in(documents):
    """(key, number) of every record that the documents hold with its data, in no order."""
    return sorted(pair for document in documents for record in document["records"] if "data" in record
                  for pair in delivered(base64.b64decode(record["data"])))


def entries(prefix, count):
    return [(f"{prefix}-{number % 7}", number) for number in range(count)]


def check_invocation_record(document, arn, invoke_count=3):
    """Every member that Lambda writes, as it writes it."""
    assert document["version"] == "1.0"
    context = document["requestContext"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", context["requestId"])
    assert context["functionArn"] == "recorder"
    assert context["condition"] == "RetryAttemptsExhausted"
    assert context["approximateInvokeCount"] == invoke_count
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    info, records = document["KinesisBatchInfo"], document["records"]
    assert info["streamArn"] == arn
    assert info["shardId"] == "shardId-000000000000"
    assert info["batchSize"] == len(records)
    assert info["startSequenceNumber"] == records[0]["sequenceNumber"]
    assert info["endSequenceNumber"] == records[-1]["sequenceNumber"]
    assert info["approximateArrivalOfFirstRecord"] == records[0]["approximateArrivalTimestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["timestamp"])
    assert "poison record" in document["triggerKinesis"]["message"]


def test_a_directory_holds_every_record_of_a_given_up_batch(service, client, stream_name, arn, tmp_path):
    sent = []
    put_in_order(client, stream_name, entries("bad", 40), sent)
    put_in_order(client, stream_name, entries("good", 20))
    app = failing_app(tmp_path, arn)
    folder = app.state / "failed/drill/recorder"
    with Consumer(app, service.endpoint, environment=surroundings(app, service)) as consumer:
        consumer.wait_for(lambda: len(set(pair for pair in app.delivered() if pair[0].startswith("good"))) == 20, 60,
                          "the shard goes on behind the failed batches")
        files = sorted(folder.glob("*.json"))
        documents = [json.loads(file.read_text()) for file in files]
    assert records_in(documents) == sorted((key, number) for _, _, key, number in sent)
    for file, document in zip(files, documents):
        check_invocation_record(document, arn)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert all(record["text"].startswith("<<bad") for record in document["records"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(folder.glob(".*")), "no temporary file stays"


def test_failed_batches_can_be_put_again_byte_for_byte(service, client, stream_name, arn, tmp_path):
    sent = [(f"bad-{number}", b"<<bad:%d>>\x00\n\xff" % number) for number in range(5)]
    for key, data in sent:
        client.put_record(StreamName=stream_name, PartitionKey=key, Data=data)
    app = failing_app(tmp_path, arn, batch_size=2)
    folder = app.state / "failed/drill/recorder"
    with Consumer(app, service.endpoint, environment=surroundings(app, service)) as consumer:
        consumer.wait_for(lambda: len(list(folder.glob("*.json"))) == 3, 60, "three documents")
    create_stream(client, stream_name + "-2", 1)
    put = subprocess.run([BINARY, "put", "--stream", stream_name + "-2", "--failed", *sorted(folder.glob("*.json"))],
                         env=surroundings(app, service), capture_output=True, text=True, timeout=60)
    assert put.stdout == "put 5 records\n", put.stdout + put.stderr
    iterator = client.get_shard_iterator(StreamName=stream_name + "-2", ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = client.get_records(ShardIterator=iterator)["Records"]
    assert [(record["PartitionKey"], record["Data"]) for record in records] == sent


def test_a_queue_gets_every_record_in_messages_within_its_limit(service, client, stream_name, arn, tmp_path, moto):
    queue = moto.client("sqs")
    queue.create_queue(QueueName="dead", Attributes={"MaximumMessageSize": "65536"})
    sent = []
    put_in_order(client, stream_name, entries("bad", 21), sent)
    for number in range(100, 108):  # together larger than a message
        client.put_record(StreamName=stream_name, PartitionKey="bad-x", Data=payload("bad-x", number, 15_000))
        sent.append((None, None, "bad-x", number))
    large = payload("bad-large", 0, 200_000)
    client.put_record(StreamName=stream_name, PartitionKey="bad-large", Data=large)
    put_in_order(client, stream_name, [("good", 1)])
    app = failing_app(tmp_path, arn, on_failure=QUEUE)
    with Consumer(app, service.endpoint, environment=surroundings(app, service, moto)) as consumer:
        consumer.wait_for(lambda: ("good", 1) in app.delivered(), 60, "the shard goes on")
    bodies = messages_of(moto, "dead")
    assert records_in(bodies) == sorted((key, number) for _, _, key, number in sent)
    assert any(body["triggerKinesis"]["parts"] > 1 for body in bodies)
    for body in bodies:
        check_invocation_record(body, arn)
        assert len(json.dumps(body)) < 80_000
    [overflow] = [record["overflow"] for body in bodies for record in body["records"] if "overflow" in record]
    with open(overflow) as file:
        document = json.load(file)
    assert base64.b64decode(document["records"][0]["data"]) == large
    queue.delete_queue(QueueUrl=queue_url(moto, "dead"))


def test_a_fifo_queue_groups_by_shard(service, client, stream_name, arn, tmp_path, moto):
    queue = moto.client("sqs")
    url = queue.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sent = []
    put_in_order(client, stream_name, entries("bad", 20), sent)
    put_in_order(client, stream_name, [("good", 1)])
    app = failing_app(tmp_path, arn, on_failure=QUEUE + ".fifo")
    with Consumer(app, service.endpoint, environment=surroundings(app, service, moto)) as consumer:
        consumer.wait_for(lambda: ("good", 1) in app.delivered(), 60, "the shard goes on")
    bodies = []
    while messages := queue.receive_message(QueueUrl=url, AttributeNames=["All"], MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            assert message["Attributes"]["MessageGroupId"] == "shardId-000000000000"
            assert re.fullmatch(r"[0-9a-f]{64}", message["Attributes"]["MessageDeduplicationId"])
            bodies.append(json.loads(message["Body"]))
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert records_in(bodies) == sorted((key, number) for _, _, key, number in sent)


def test_a_topics_subscriber_gets_every_record(service, client, stream_name, arn, tmp_path, moto):
    queue, topics = moto.client("sqs"), moto.client("sns")
    queue.create_queue(QueueName="subscriber")
    topics.create_topic(Name="dead")
    topics.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:subscriber",
                     Attributes={"RawMessageDelivery": "true"})
    sent = []
    put_in_order(client, stream_name, entries("bad", 30), sent)
    put_in_order(client, stream_name, [("good", 1)])
    app = failing_app(tmp_path, arn, on_failure=TOPIC)
    with Consumer(app, service.endpoint, environment=surroundings(app, service, moto)) as consumer:
        consumer.wait_for(lambda: ("good", 1) in app.delivered(), 60, "the shard goes on")
    bodies = messages_of(moto, "subscriber")
    assert records_in(bodies) == sorted((key, number) for _, _, key, number in sent)
    for body in bodies:
        check_invocation_record(body, arn)


def test_a_bucket_gets_lambdas_objects(service, client, stream_name, arn, tmp_path, moto):
    store = moto.client("s3")
    store.create_bucket(Bucket="dead-letters")
    sent = []
    put_in_order(client, stream_name, entries("bad", 30), sent)
    put_in_order(client, stream_name, [("good", 1)])
    app = failing_app(tmp_path, arn, on_failure=BUCKET)
    with Consumer(app, service.endpoint, environment=surroundings(app, service, moto)) as consumer:
        consumer.wait_for(lambda: ("good", 1) in app.delivered(), 60, "the shard goes on")
    listed = store.list_objects_v2(Bucket="dead-letters", Prefix="failed/")["Contents"]
    documents = []
    for entry in listed:
        assert re.fullmatch(r"failed/aws/lambda/drill/recorder/shardId-000000000000/\d{4}/\d\d/\d\d/"
                            r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry["Key"])
        item = store.get_object(Bucket="dead-letters", Key=entry["Key"])
        assert item["ContentType"] == "application/json"
        documents.append(json.loads(item["Body"].read()))
    assert records_in(documents) == sorted((key, number) for _, _, key, number in sent)
    for document in documents:
        check_invocation_record(document, arn)
        event = json.loads(document["payload"])
        assert [one["kinesis"]["sequenceNumber"] for one in event["Records"]] == [
            one["sequenceNumber"] for one in document["records"]]
        assert event["Records"][0]["eventSource"] == "aws:kinesis"
        assert event["Records"][0]["kinesis"]["data"] == document["records"][0]["data"]


def test_a_destination_that_is_down_loses_nothing(service, client, stream_name, arn, tmp_path):
    sent = []
    put_in_order(client, stream_name, entries("bad", 20), sent)
    put_in_order(client, stream_name, [("good", 1)])
    port = free_port()
    app = failing_app(tmp_path, arn, on_failure=QUEUE)
    environment = surroundings(app, service, f"http://127.0.0.1:{port}")
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        consumer.wait_for(lambda: consumer.output.count(QUEUE) > 1, 30, "the log names the destination, twice")
        assert ("good", 1) not in app.delivered(), "the lane waits"
    # A restart while it is down loses nothing either: the position did not move.
    with Consumer(app, service.endpoint, environment=environment) as consumer:
        before = consumer.output.count(QUEUE)
        consumer.wait_for(lambda: consumer.output.count(QUEUE) > before, 30, "the log names it again")
        with Moto(tmp_path, port) as moto:
            moto.client("sqs").create_queue(QueueName="dead")
            consumer.wait_for(lambda: ("good", 1) in app.delivered(), 90, "the shard goes on")
            assert records_in(messages_of(moto, "dead")) == sorted((key, number) for _, _, key, number in sent)
