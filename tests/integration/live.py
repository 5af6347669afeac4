"""The API of a deployed stage, in the place of the local one; what only the local stack has is skipped."""

import os
import time
from typing import Any, NoReturn

import pytest
import requests

from tests.integration.api import Api
from tooling.deployed_stage import LiveStage, open_live_stage
from tooling.environment import LIVE_STAGE

PATIENCE = 5


class LiveApi(Api):
    """A deployed API. Its limits are real, so a request that is refused for now is sent again when told."""

    def __init__(self, stage: LiveStage) -> None:
        self.url = stage.url
        self.stage = stage.name
        self.agent_token = stage.agent_token

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request."""
        return self._request(method, path, **arguments)

    def proof_of(self, customer_id: str, expires: int | None = None) -> NoReturn:
        """Skip the test: the samples' customers are not there."""
        pytest.skip("needs the customers of the samples, which only the local stack has")

    def raw(self, request: bytes) -> NoReturn:
        """Skip the test: there is another server before the app."""
        pytest.skip("is about the local server, which AWS's own replaces")

    def aws(self, service: str) -> NoReturn:
        """Skip the test: a look behind the API is for the local stack."""
        pytest.skip("looks into the tables or the bucket, which is for the local stack")

    def break_down(self, operation: str, **fault: Any) -> NoReturn:
        """Skip the test: AWS cannot be made to fail."""
        pytest.skip("makes Bedrock fail, which only the stand-in does when told")

    def recover(self) -> None:
        """Leave AWS as it is."""

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request, as often as it takes to get past the limits."""
        for _ in range(PATIENCE):
            response = super()._request(method, path, **arguments)
            if response.status_code != 429:
                break
            time.sleep(int(response.headers.get("Retry-After", "1")))
        return response


def open_live_api() -> LiveApi:
    """Return the API of the stage that the tests were told to run against."""
    return LiveApi(open_live_stage(os.environ[LIVE_STAGE]))
