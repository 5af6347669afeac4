"""`dev.py webhooks listen`: it is told of events while it runs, says what is genuine, and leaves no trace."""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from chalicelib.domain.event import Event
from chalicelib.gateways.outbound import Outbound
from chalicelib.gateways.secrets import read_endpoints
from chalicelib.gateways.webhooks import Webhook
from cli.options import build_parser
from cli.webhooks import is_signed, listen
from devstack.aws.clients import AwsClients
from devstack.aws.server import AwsServer
from devstack.ports import free_port
from devstack.stage import read_local_stage
from devstack.stop_request import StopRequest

STAGE = read_local_stage()
OTHER = {"url": "https://hooks.example.com/x", "secret": "whsec_b3RoZXI=", "events": ["*"]}
EVENT = Event(
    "ticket.created", "ticket#T-1", 1, datetime(2026, 11, 20, tzinfo=timezone.utc), {"a": "é\x1b[2J"}
)


@dataclass(frozen=True)
class Local:
    """The secret of a local stage, with one endpoint in it, and the port that its stand-ins are at."""

    aws: AwsClients
    port: int

    def endpoints(self) -> list[dict[str, Any]]:
        kept = self.aws.secrets.get_secret_value(SecretId=STAGE.webhooks_secret_id)["SecretString"]
        endpoints: list[dict[str, Any]] = json.loads(kept)
        return endpoints


@pytest.fixture
def local() -> Iterator[Local]:
    before = dict(os.environ)
    server = AwsServer(0, lambda _environ, _start: [], threading.RLock(), lambda: None)
    aws = AwsClients(server.url, STAGE)
    aws.secrets.create_secret(Name=STAGE.webhooks_secret_id, SecretString=json.dumps([OTHER]))
    yield Local(aws, int(server.url.rsplit(":", 1)[1]))
    aws.secrets.delete_secret(SecretId=STAGE.webhooks_secret_id, ForceDeleteWithoutRecovery=True)
    server.close()
    os.environ.clear()
    os.environ.update(before)


def options(aws_port: int, port: int) -> Any:
    arguments = ["webhooks", "listen", "--aws-port", str(aws_port), "--port", str(port)]
    return build_parser().parse_args(arguments)


def until_registered(local: Local) -> None:
    ends = time.monotonic() + 10
    while len(local.endpoints()) < 2:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_it_prints_what_arrives_and_takes_itself_out_again(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    stop, codes = StopRequest(), []
    chosen = options(local.port, free_port())
    listening = threading.Thread(target=lambda: codes.append(listen(chosen, stop)))
    listening.start()
    until_registered(local)
    endpoint = read_endpoints(json.dumps(local.endpoints()))[1]
    outbound = Outbound(allow_loopback=True)
    clock = lambda: datetime.now(timezone.utc)  # noqa: E731
    Webhook(endpoint, outbound, clock).send(EVENT)
    assert outbound.post(endpoint.url, {"webhook-id": "evt_forged"}, b"{}").status == 401
    stop.ask()
    listening.join(10)
    assert codes == [0]
    printed = capsys.readouterr().out
    assert f"{EVENT.event_id}  signature right" in printed
    assert '"ticket.created"' in printed
    assert "evt_forged  SIGNATURE WRONG" in printed
    assert "\x1b" not in printed
    assert local.endpoints() == [OTHER]


def test_without_a_stage_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    try:
        assert listen(options(free_port(), free_port()), StopRequest()) == 1
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert "dev.py run" in capsys.readouterr().err


def test_a_time_that_is_no_number_is_not_signed() -> None:
    assert not is_signed(b"key", {"webhook-timestamp": "now"}, b"{}")
