"""The secrets of a stage, from Secrets Manager, remembered for a few minutes so that rotation is noticed."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.answers import reading, require
from chalicelib.domain.database import DatabaseAddress, DatabaseSecret
from chalicelib.domain.event import EVERY_TYPE, Endpoint
from chalicelib.errors import Unavailable
from chalicelib.gateways.aws import calling

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

REMEMBERED_SECONDS = 300
RETRY_SECONDS = 30
RENEW_SECONDS = 2
"""While Postgres is down, each request would ask for a newer secret; yet a rotation must not wait long."""


class Secrets:
    """Reads secrets by the names that the settings give.

    While Secrets Manager is out of reach, the value read before is used: most likely it is still right.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        app_secret_id: str,
        agent_tokens_secret_id: str,
        webhooks_secret_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._app_secret_id = app_secret_id
        self._agent_tokens_secret_id = agent_tokens_secret_id
        self._webhooks_secret_id = webhooks_secret_id
        self._clock = clock
        self._last_known: dict[str, str] = {}
        self._stale_at: dict[str, float] = {}
        self._retry_at = 0.0
        self._renewing = Lock()
        self._renew_at: dict[str, float] = {}

    def app_secret(self) -> str:
        """Return the secret that signs session ids and proves customers. Raises Unavailable."""
        return self._read(self._app_secret_id)

    def agent_tokens(self) -> Mapping[str, str]:
        """Return the agents' tokens by their names. Raises Unavailable."""
        return read_tokens(self._read(self._agent_tokens_secret_id))

    def webhooks(self) -> tuple[Endpoint, ...]:
        """Return who is told of events, as it is now: an endpoint may be gone. Raises Unavailable."""
        secret_id = self._webhooks_secret_id
        return read_endpoints(self._read(secret_id, past_the_cache=True)) if secret_id else ()

    def database(self, secret: DatabaseSecret) -> DatabaseAddress:
        """Return how Postgres is reached, as it was read within the last minutes. Raises Unavailable."""
        return _address(self._read(secret.secret_id), secret)

    def renewed_database(self, secret: DatabaseSecret) -> DatabaseAddress:
        """Return how Postgres is reached, as the secret has it now. Raises Unavailable."""
        self._renew(secret.secret_id)
        return self.database(secret)

    def _renew(self, name: str) -> None:
        """Read a secret again, but not at each of many calls that fail for another reason than its age."""
        with self._renewing:
            if self._clock() >= self._renew_at.get(name, 0.0):
                self._renew_at[name] = self._clock() + RENEW_SECONDS
                self._read(name, past_the_cache=True)

    def _read(self, name: str, past_the_cache: bool = False) -> str:
        is_known, now = name in self._last_known, self._clock()
        is_fresh = is_known and now < self._stale_at[name] and not past_the_cache
        if not is_fresh and not (is_known and now < self._retry_at):
            try:
                self._last_known[name] = self._value(name)
                self._stale_at[name] = now + REMEMBERED_SECONDS
            except Unavailable:
                if not is_known:
                    raise
                # Not at every request: each try may take seconds that a customer waits for.
                self._retry_at = self._clock() + RETRY_SECONDS
        return self._last_known[name]

    def _value(self, name: str) -> str:
        with calling("secrets"):
            return require(self._client.get_secret_value(SecretId=name)["SecretString"], str)


@dataclass(frozen=True)
class AddressInSecret:
    """The address of Postgres that a secret tells; see domain.database.DatabaseAddresses."""

    secrets: Secrets
    secret: DatabaseSecret

    def known(self) -> DatabaseAddress:
        """Return the address as it was read within the last minutes."""
        return self.secrets.database(self.secret)

    def renewed(self) -> DatabaseAddress:
        """Return the address as the secret has it now."""
        return self.secrets.renewed_database(self.secret)


def read_tokens(text: str) -> dict[str, str]:
    """Return by name the tokens that a secret holds: `{"name": "token"}`, `["token"]`, or one as it is.

    Raises UnreadableAnswer when it holds something else.
    """
    with reading("secrets"):
        tokens = {name: require(token, str).strip() for name, token in _named_tokens(text).items()}
    return {name: token for name, token in tokens.items() if token}


def read_endpoints(text: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a secret: `[{"url": "https://…", "secret": "whsec_…", "events": ["*"]}]`.

    Raises UnreadableAnswer when it holds something else.
    """
    with reading("secrets"):
        return tuple(map(_endpoint, require(json.loads(text), list)))


def _endpoint(told: Any) -> Endpoint:
    key = base64.b64decode(_filled(told["secret"]).removeprefix("whsec_"), validate=True)
    if not key:
        raise ValueError("an empty key signs nothing")
    events = require(told.get("events", [EVERY_TYPE]), list)
    return Endpoint(_filled(told["url"]), key, tuple(require(each, str) for each in events))


def _named_tokens(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith(("{", "[")):
        return {"token-1": text}
    tokens = json.loads(text)
    return tokens if isinstance(tokens, dict) else {f"token-{n}": token for n, token in enumerate(tokens, 1)}


def _address(text: str, secret: DatabaseSecret) -> DatabaseAddress:
    with reading("secrets"):
        told = json.loads(text)
        place = asdict(secret) if secret.host else told
        return DatabaseAddress(
            host=_filled(place["host"]),
            port=int(place["port"]),
            username=_filled(told["username"]),
            password=_filled(told["password"]),
            dbname=_filled(place["dbname"]),
            tls_roots=secret.tls_roots,
        )


def _filled(value: object) -> str:
    text = require(value, str)
    if not text:
        raise ValueError("must not be empty")
    return text
