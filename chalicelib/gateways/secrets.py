"""The secrets of a stage, from Secrets Manager, remembered for a few minutes so that rotation is noticed."""

import json
import time
from collections.abc import Callable

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from chalicelib.errors import Unavailable
from chalicelib.models import DatabaseAddress

REMEMBERED_SECONDS = 300
RETRY_SECONDS = 30


class Secrets:
    """Reads secrets by the names that the settings give.

    When Secrets Manager is out of reach, a value read before serves on: most likely it is still right.
    """

    def __init__(
        self,
        provider: SecretsProvider,
        app_secret_id: str,
        database_secret_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._app_secret_id = app_secret_id
        self._database_secret_id = database_secret_id
        self._clock = clock
        self._last_known: dict[str, str] = {}
        self._retry_at = 0.0

    def app_secret(self) -> str:
        """Return the secret that signs session ids and proves customers. Raises Unavailable."""
        return self._read(self._app_secret_id)

    def database(self) -> DatabaseAddress:
        """Return where Postgres is. Raises Unavailable."""
        text = self._read(self._database_secret_id)
        try:
            secret = json.loads(text)
            return DatabaseAddress(
                host=secret["host"],
                port=int(secret["port"]),
                username=secret["username"],
                password=secret["password"],
                dbname=secret["dbname"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable("secrets") from error

    def _read(self, name: str) -> str:
        if name in self._last_known and self._clock() < self._retry_at:
            return self._last_known[name]
        try:
            value = str(self._provider.get(name, max_age=REMEMBERED_SECONDS))
        except GetParameterError as error:
            if name not in self._last_known:
                raise Unavailable("secrets") from error
            # Not at every request: each try may take seconds that a customer waits for.
            self._retry_at = self._clock() + RETRY_SECONDS
            return self._last_known[name]
        self._last_known[name] = value
        return value
