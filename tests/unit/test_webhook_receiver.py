"""The sample that receives webhooks takes what the app signs, and nothing else."""

import base64
import runpy
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from chalicelib.gateways.webhooks import signed
from tooling.project import ROOT

SAMPLE = ROOT / "samples" / "webhook_receiver.py"
KEY, BODY = b"the key of an endpoint", b'{"type": "ticket.created"}'
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def is_genuine(headers: dict[str, str], body: bytes = BODY) -> bool:
    check: Callable[..., bool] = runpy.run_path(str(SAMPLE))["is_genuine"]
    return check(SECRET, headers, body)


def headers_of(age: timedelta = timedelta(0), key: bytes = KEY) -> dict[str, str]:
    return signed(key, "evt_1", datetime.now(timezone.utc) - age, BODY)


def test_what_the_app_signs_is_genuine() -> None:
    headers = headers_of()
    assert is_genuine(headers)
    rotating = {**headers, "webhook-signature": f"v1,b2xk {headers['webhook-signature']}"}
    assert is_genuine(rotating)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_signed_long_ago_or_ahead_is_not(minutes: int) -> None:
    assert not is_genuine(headers_of(timedelta(minutes=minutes)))


def test_what_another_key_signed_or_was_changed_is_not() -> None:
    assert not is_genuine(headers_of(key=b"another"))
    assert not is_genuine(headers_of(), BODY + b" ")
    assert not is_genuine({**headers_of(), "webhook-id": "evt_2"})
    assert not is_genuine({})
    assert not is_genuine({**headers_of(), "webhook-timestamp": "now"})


def test_the_sample_is_short() -> None:
    assert len(SAMPLE.read_text("utf-8").splitlines()) <= 40
