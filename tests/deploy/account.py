"""An AWS account in this process, which loses any one of the calls that change something.

What moto has is played by it. Its API Gateway takes no definition such as Chalice's, so that is played here.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from moto import mock_aws

from tests.deploy.fakes import FakePages, Held
from tests.service_models import require_valid

ACCOUNT, REGION = "123456789012", "us-east-1"
READS = ("Batch", "Describe", "Get", "List")
INTEGRATION = "x-amazon-apigateway-integration"


class Lost(BotoCoreError):
    """A call whose answer never arrived."""

    fmt = "The connection was lost"


@dataclass
class Fault:
    """Counts the calls that change something, and loses the answer of the one with a number.

    What that leaves behind is also what a next call that never arrives would leave.
    """

    lost: int | None = None
    calls: list[str] = field(default_factory=list)

    @property
    def has_struck(self) -> bool:
        """Say whether the call with the number was made."""
        return self.lost is not None and len(self.calls) > self.lost

    def after(self, operation: str) -> None:
        """Count a call that was just made; lose its answer if it is the one."""
        if operation.startswith(READS):
            return
        self.calls.append(operation)
        if len(self.calls) - 1 == self.lost:
            raise Lost


class Gateway:
    """API Gateway, as far as Chalice and the deployment use it."""

    def __init__(self, session: Session) -> None:
        client = session.create_client("apigateway")
        self.exceptions: Any = client.exceptions
        self.meta = client.meta
        self.fault = Fault()
        self.definitions: dict[str, Any] = {}
        self.deployed: set[str] = set()
        self._made = 0

    def get_paginator(self, operation: str) -> FakePages:
        """Return the pages of an operation: here always one."""
        return FakePages(lambda arguments: getattr(self, operation)(**arguments))

    def get_rest_apis(self) -> dict[str, Any]:
        """List the APIs."""
        names = {api_id: each["info"]["title"] for api_id, each in self.definitions.items()}
        return {"items": [{"id": api_id, "name": name} for api_id, name in names.items()]}

    def get_rest_api(self, restApiId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Return an API."""
        self._require(restApiId)
        return {"id": restApiId, "endpointConfiguration": {"types": ["REGIONAL"]}}

    def get_resources(self, restApiId: str, embed: list[str]) -> dict[str, Any]:  # noqa: N803
        """List an API's paths, with what each method leads to."""
        assert embed == ["methods"]
        paths = self.definitions[restApiId]["paths"].values()
        return {"items": [{"resourceMethods": _integrations(methods)} for methods in paths]}

    def get_stages(self, restApiId: str) -> dict[str, Any]:  # noqa: N803
        """List an API's stages."""
        return {"item": [{"stageName": "api"}] if restApiId in self.deployed else []}

    def import_rest_api(self, body: str, parameters: Any) -> dict[str, str]:
        """Make an API."""
        self._made += 1
        self.definitions[f"api{self._made}"] = json.loads(body)
        self.fault.after("ImportRestApi")
        return {"id": f"api{self._made}"}

    def put_rest_api(self, restApiId: str, mode: str, body: str) -> None:  # noqa: N803
        """Replace an API's definition."""
        self._require(restApiId)
        self.definitions[restApiId] = json.loads(body)
        self.fault.after("PutRestApi")

    def update_rest_api(self, restApiId: str, patchOperations: Any) -> None:  # noqa: N803
        """Change an API's settings."""
        self._require(restApiId)
        self.fault.after("UpdateRestApi")

    def create_deployment(self, restApiId: str, stageName: str, tracingEnabled: bool) -> None:  # noqa: N803
        """Make an API reachable."""
        self._require(restApiId)
        self.deployed.add(restApiId)
        self.fault.after("CreateDeployment")

    def delete_rest_api(self, restApiId: str) -> None:  # noqa: N803
        """Delete an API."""
        self._require(restApiId)
        del self.definitions[restApiId]
        self.fault.after("DeleteRestApi")

    def _require(self, api_id: str) -> None:
        if api_id not in self.definitions:
            answer = {"Error": {"Code": "NotFoundException", "Message": ""}}
            raise self.exceptions.NotFoundException(answer, "Operation")


class AccountInProcess:
    """An account; `session` is botocore's, as Chalice takes it."""

    def __init__(self) -> None:
        session: Any = botocore.session.get_session()
        session.set_config_variable("region", REGION)
        self._create, self.fault = session.create_client, Fault()
        self.gateway = Gateway(session)
        self.made: set[tuple[str, str]] = set()
        session.register("before-parameter-build", lambda **event: require_valid(**event))
        session.register("after-call", self._note)
        session.create_client = self.client
        self.session = session
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service == "apigateway":
            return Held(service, self.gateway)
        if service not in self._clients:
            self._clients[service] = self._create(service)
        return self._clients[service]

    def _note(self, model: Any, **_: Any) -> None:
        self.made.add((model.service_model.signing_name, model.name))
        self.fault.after(model.name)

    def losing(self, call: int | None) -> Fault:
        """Lose the answer of a call that changes something, counted from now."""
        self.fault = self.gateway.fault = Fault(call)
        return self.fault


@contextmanager
def account_in_process() -> Iterator[AccountInProcess]:
    """Play an account until the block ends."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield AccountInProcess()


def _integrations(methods: dict[str, Any]) -> dict[str, Any]:
    return {
        method.upper(): {"methodIntegration": {"uri": each[INTEGRATION].get("uri", "")}}
        for method, each in methods.items()
    }
