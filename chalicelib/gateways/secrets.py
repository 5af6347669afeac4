"""The secrets of a stage, from Secrets Manager, remembered for a few minutes so that rotation is noticed."""

import json
from dataclasses import dataclass

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from chalicelib.errors import Unavailable
from chalicelib.models import DatabaseAddress

REMEMBERED_SECONDS = 300


@dataclass(frozen=True)
class Secrets:
    """Reads secrets by the names that the settings give."""

    provider: SecretsProvider
    app_secret_id: str
    database_secret_id: str

    def app_secret(self) -> str:
        """Return the secret that signs session ids and proves customers. Raises Unavailable."""
        return self._read(self.app_secret_id)

    def database(self) -> DatabaseAddress:
        """Return where Postgres is. Raises Unavailable."""
        text = self._read(self.database_secret_id)
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
        try:
            return str(self.provider.get(name, max_age=REMEMBERED_SECONDS))
        except GetParameterError as error:
            raise Unavailable("secrets") from error
