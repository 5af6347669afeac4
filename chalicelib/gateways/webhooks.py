"""Posts events to endpoints as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from chalicelib.domain.event import EVERY_TYPE, Endpoint, Event
from chalicelib.errors import SendingFailed, SendingRefused
from chalicelib.gateways.outbound import Outbound
from chalicelib.times import iso, to_seconds

GONE = 410
"""How an endpoint says that it wants no more."""


@dataclass(frozen=True)
class Webhook:
    """A receiver that is told by a signed request; any 2xx answer means that it has heard."""

    endpoint: Endpoint
    outbound: Outbound
    clock: Callable[[], datetime]

    @property
    def name(self) -> str:
        """Its host, and a few letters that tell two endpoints of one host apart; a path may be a secret."""
        digest = hashlib.sha256(self.endpoint.url.encode()).hexdigest()[:8]
        return f"{urlsplit(self.endpoint.url).hostname} ({digest})"

    def wants(self, event: Event) -> bool:
        """Say whether the endpoint takes events of this type."""
        return bool({event.type, EVERY_TYPE} & set(self.endpoint.events))

    def not_before(self, event: Event) -> datetime:
        """Return when it happened: an endpoint is told at once."""
        return event.timestamp

    def send(self, event: Event) -> None:
        """Deliver an event. Raises SendingFailed, SendingRefused."""
        body = body_of(event)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "customer-support-webhooks",
            **signed(self.endpoint.key, event.event_id, self.clock(), body),
        }
        status = self.outbound.post(self.endpoint.url, headers, body).status
        if status == GONE:
            raise SendingRefused(f"answered {status}")
        if not 200 <= status < 300:
            raise SendingFailed(f"answered {status}")


def body_of(event: Event) -> bytes:
    """Return what is sent of an event: `{type, timestamp, data}`."""
    body = {"type": event.type, "timestamp": iso(event.timestamp), "data": event.data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signed(key: bytes, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that show who sent a body, and when: each attempt has its own time."""
    seconds = to_seconds(moment)
    mac = hmac.digest(key, f"{message_id}.{seconds}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
