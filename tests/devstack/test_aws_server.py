"""The one local endpoint: who answers what, who is refused, and that conditional writes hold."""

import http.client
import socket
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from devstack.aws.clients import AwsClients
from devstack.aws.moto_bucket import MotoBucket
from devstack.aws.server import AwsServer, Environ, StartResponse
from devstack.ports import HOST
from devstack.stage import read_local_stage

STAGE = read_local_stage()


class Recorder:
    """Stands where the Bedrock stand-in stands and writes down what reaches it."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.paths.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]


class Endpoint:
    """A server with what it told."""

    def __init__(self) -> None:
        self.stand_in = Recorder()
        self.changes: list[str] = []
        self.lock = threading.RLock()
        self.server = AwsServer(0, self.stand_in, self.lock, lambda: self.changes.append("changed"))
        self.aws = AwsClients(self.server.url, STAGE)

    def request(self, headers: dict[str, str], path: str = "/") -> int:
        connection = http.client.HTTPConnection(self.server.url.removeprefix("http://"), timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    served = Endpoint()
    yield served
    served.server.close()


@pytest.fixture
def bucket(endpoint: Endpoint) -> str:
    name = f"bucket-{uuid4().hex}"
    endpoint.aws.s3.create_bucket(Bucket=name)
    endpoint.changes.clear()
    return name


def test_what_is_signed_for_bedrock_or_comprehend_reaches_the_stand_in(endpoint: Endpoint) -> None:
    session = boto3.Session("local", "local", region_name="us-east-1")
    url = endpoint.server.url
    endpoint.stand_in.paths.clear()
    endpoint.aws.knowledge_bases.list_knowledge_bases()
    session.client("comprehend", endpoint_url=url).detect_sentiment(Text="hi", LanguageCode="en")
    session.client("bedrock-runtime", endpoint_url=url).converse(modelId="m", messages=[])
    assert endpoint.stand_in.paths == ["/knowledgebases/", "/", "/model/m/converse"]


def test_the_switchboard_of_the_stand_in_needs_no_signature(endpoint: Endpoint) -> None:
    endpoint.stand_in.paths.clear()
    assert endpoint.request({}, "/_devstack/faults") == 200
    assert endpoint.stand_in.paths == ["/_devstack/faults"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:4566"},
        {"Host": "[half"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_a_foreign_web_page_could_send_is_refused(endpoint: Endpoint, headers: dict[str, str]) -> None:
    assert endpoint.request(headers) == 403


@pytest.mark.parametrize("headers", [{"Host": "localhost:4566"}, {"Origin": "http://localhost:8000"}])
def test_local_names_are_served(endpoint: Endpoint, headers: dict[str, str]) -> None:
    assert endpoint.request(headers, "/_devstack/faults") == 200


def test_it_listens_on_this_machine_alone(endpoint: Endpoint) -> None:
    assert endpoint.server.url.startswith(f"http://{HOST}:")


def test_five_hundred_connections_at_once_are_all_answered(endpoint: Endpoint) -> None:
    where = (HOST, int(endpoint.server.url.rpartition(":")[2]))
    with ExitStack() as opened:
        crowd = [opened.enter_context(socket.create_connection(where, timeout=30)) for _ in range(500)]
        for connection in crowd:
            connection.sendall(b"GET /_devstack/faults HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert all(connection.recv(65536).split()[1] == b"200" for connection in crowd)


def test_only_what_changes_objects_is_reported(endpoint: Endpoint, bucket: str) -> None:
    s3 = endpoint.aws.s3
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert endpoint.changes == ["changed"]
    s3.get_object(Bucket=bucket, Key="a")
    s3.list_objects_v2(Bucket=bucket)
    with pytest.raises(ClientError):
        s3.put_object(Bucket=f"{bucket}-missing", Key="a", Body=b"1")
    assert endpoint.changes == ["changed"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}]})
    assert endpoint.changes == ["changed"] * 2


def test_objects_are_read_in_process_as_they_were_put(endpoint: Endpoint, bucket: str) -> None:
    objects = MotoBucket(bucket, endpoint.lock)
    assert objects.objects() == {}
    content = bytes(range(256)) * 1000
    etag = endpoint.aws.s3.put_object(Bucket=bucket, Key="Ü b/c+d.bin", Body=content)["ETag"]
    assert objects.objects() == {"Ü b/c+d.bin": etag}
    assert objects.read("Ü b/c+d.bin") == content
    endpoint.aws.s3.delete_object(Bucket=bucket, Key="Ü b/c+d.bin")
    assert objects.objects() == {}
    with pytest.raises(KeyError):
        objects.read("Ü b/c+d.bin")


def test_a_bucket_that_does_not_exist_has_no_objects(endpoint: Endpoint) -> None:
    assert MotoBucket("nobody-made-this", endpoint.lock).objects() == {}


def test_of_many_conditional_writes_at_once_one_succeeds(endpoint: Endpoint) -> None:
    table = f"table-{uuid4().hex}"
    endpoint.aws.dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def claim(number: int) -> bool:
        item = {"pk": {"S": "lease"}, "holder": {"N": str(number)}}
        try:
            endpoint.aws.dynamodb.put_item(
                TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        except endpoint.aws.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(64))) == 1
