"""What API Gateway is told that Chalice has no words for, and the one question that a deployment asks."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.api.cors import Origins
from chalicelib.api.http import PROTECTION, STATUSES
from deployment.account import Account
from deployment.functions import ask_one_question, over_http
from deployment.gateway import (
    ATTEMPTS,
    FORMAT,
    RESPONSES,
    ROLE,
    STAGE,
    Limits,
    limit_and_log,
    missing_responses,
    prepare_access_log,
    shape_answers,
)
from deployment.work import DONE, Work
from tests.deploy.fakes import ACCOUNT, CALLER, FakeClient, Scene, refusal, role, scene
from tests.fakes import ORIGINS
from tests.local_server import LocalHandler, LocalServer
from tooling.errors import CommandError
from tooling.throttling import PAGES_BURST, PAGES_PER_SECOND

NO_ROLE_YET = refusal("BadRequestException", "The role ARN does not have required permissions")
MANAGED_POLICIES: Any = {"iam": {"load_aws_managed_policies": True}}
GROUP = "/aws/apigateway/customer-support-dev"


@pytest.mark.parametrize("kind", RESPONSES)
def test_every_answer_of_the_gateway_has_the_shape_of_the_apps_errors(kind: str) -> None:
    arguments = RESPONSES[kind].arguments(ORIGINS)
    body = json.loads(arguments["responseTemplates"]["application/json"])
    assert body.keys() == {"error", "code", "correlation_id"}
    assert body["correlation_id"] == "$context.requestId"
    headers = arguments["responseParameters"]
    assert headers["gatewayresponse.header.X-Correlation-Id"] == "context.requestId"
    assert headers.items() >= {f"gatewayresponse.header.{n}": f"'{v}'" for n, v in PROTECTION.items()}.items()


@pytest.mark.parametrize(
    ("kind", "public", "agents", "granted"),
    [
        ("THROTTLED", ("*",), (), "'*'"),
        ("THROTTLED", ("https://shop.example",), (), "'https://shop.example'"),
        ("THROTTLED", ("https://shop.example", "https://www.example"), (), "'*'"),
        ("UNAUTHORIZED", ("*",), (), None),
        ("ACCESS_DENIED", ("*",), (), None),
        ("AUTHORIZER_FAILURE", ("*",), (), None),
        ("UNAUTHORIZED", ("*",), ("https://desk.example",), "'https://desk.example'"),
    ],
)
def test_the_gateways_own_answers_are_for_the_pages_of_their_routes(
    kind: str, public: tuple[str, ...], agents: tuple[str, ...], granted: str | None
) -> None:
    headers = RESPONSES[kind].arguments(Origins(public, agents))["responseParameters"]
    assert headers.get("gatewayresponse.header.Access-Control-Allow-Origin") == granted


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("UNAUTHORIZED", "401", "unauthorized"),
        ("ACCESS_DENIED", "403", "forbidden"),
        ("AUTHORIZER_FAILURE", "503", "unavailable"),
        ("MISSING_AUTHENTICATION_TOKEN", "404", "not_found"),
        ("THROTTLED", "429", "too_many_requests"),
        ("REQUEST_TOO_LARGE", "413", "body_too_large"),
        ("INTEGRATION_TIMEOUT", "503", "unavailable"),
    ],
)
def test_the_gateway_answers_with_the_status_that_the_app_would(kind: str, status: str, code: str) -> None:
    arguments = RESPONSES[kind].arguments(ORIGINS)
    assert arguments["statusCode"] == status
    assert json.loads(arguments["responseTemplates"]["application/json"])["code"] == code
    of_the_app = {app_code: app_status for app_status, app_code in STATUSES.values()}
    assert of_the_app.get(code, int(status)) == int(status)


@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_what_has_no_answer_of_its_own_keeps_its_status(kind: str) -> None:
    assert "statusCode" not in RESPONSES[kind].arguments(ORIGINS)


@pytest.mark.parametrize("kind", ["THROTTLED", "AUTHORIZER_FAILURE", "INTEGRATION_TIMEOUT"])
def test_what_passes_says_when_to_come_back(kind: str) -> None:
    assert "gatewayresponse.header.Retry-After" in RESPONSES[kind].arguments(ORIGINS)["responseParameters"]


def test_only_what_differs_is_put() -> None:
    current = {kind: response.arguments(ORIGINS) for kind, response in RESPONSES.items()}
    assert missing_responses(current, ORIGINS) == {}
    current["THROTTLED"] = {**current["THROTTLED"], "statusCode": "500"}
    assert missing_responses(current, ORIGINS).keys() == {"THROTTLED"}


def test_the_access_log_holds_neither_addresses_nor_paths_with_ids() -> None:
    assert not {"sourceIp", "$context.path", "userAgent", "authorizer"} & set(json.loads(FORMAT).values())
    assert "identity" not in FORMAT
    assert json.loads(FORMAT)["route"] == "$context.resourcePath"


@contextmanager
def emulated() -> Iterator[tuple[Any, Scene, str]]:
    """Yield clients by service, surroundings, and the id of an API with a stage."""
    with mock_aws(config=MANAGED_POLICIES), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        session: Any = boto3.Session(region_name="us-east-1")
        gateway = session.client("apigateway")
        api_id = gateway.create_rest_api(name="customer-support")["id"]
        root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
        gateway.put_method(restApiId=api_id, resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(restApiId=api_id, resourceId=root, httpMethod="GET", type="MOCK")
        gateway.create_deployment(restApiId=api_id, stageName=STAGE)
        at = scene({})
        account = Account("us-east-1", CALLER, session.client)
        work = Work("dev", account, at.work.terminal, at.work.root, at.pauses.append)
        yield session.client, Scene(work, at.output, at.pauses), api_id


def test_against_an_emulator_limits_log_and_answers_are_set_once() -> None:
    with emulated() as (client, at, api_id):
        assert "50/s" in limit_and_log(at.work, api_id, Limits(50, 100))
        stage = client("apigateway").get_stage(restApiId=api_id, stageName=STAGE)
        assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 50
        assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 100
        assert stage["methodSettings"]["~1/GET"]["throttlingRateLimit"] == PAGES_PER_SECOND["/"]
        assert stage["methodSettings"]["~1/GET"]["throttlingBurstLimit"] == PAGES_BURST
        assert stage["accessLogSettings"]["destinationArn"].endswith(f":{ACCOUNT}:log-group:{GROUP}")
        (group,) = client("logs").describe_log_groups()["logGroups"]
        assert (group["logGroupName"], group["retentionInDays"]) == (GROUP, 14)
        assert limit_and_log(at.work, api_id, Limits(50, 100)) == DONE
        assert limit_and_log(at.work, api_id, Limits(60, 100)) != DONE
        assert shape_answers(at.work, api_id, ORIGINS) != DONE
        assert shape_answers(at.work, api_id, ORIGINS) == DONE


def account_without_role(
    update_account: Any, create_role: Any = None
) -> tuple[Scene, FakeClient, FakeClient]:
    gateway = FakeClient(get_account={}, update_account=update_account)
    made = {"Role": role(ROLE)}
    iam = FakeClient(create_role=create_role or made, attach_role_policy={}, get_role=made)
    logs = FakeClient(create_log_group={}, put_retention_policy={})
    return scene({"apigateway": gateway, "iam": iam, "logs": logs}), gateway, iam


def test_a_gateway_that_may_not_log_yet_is_given_the_role_for_it() -> None:
    at, gateway, iam = account_without_role([NO_ROLE_YET, NO_ROLE_YET, {}])
    prepare_access_log(at.work)
    assert f"giving it the role {ROLE}" in at.said
    assert gateway.called("update_account")[-1]["patchOperations"][0]["value"] == role(ROLE)["Arn"]
    assert iam.called("create_role")[0]["RoleName"] == ROLE
    assert len(at.pauses) == 2


def test_a_role_that_is_there_from_an_interrupted_run_is_taken() -> None:
    at, gateway, _ = account_without_role({}, refusal("EntityAlreadyExists"))
    prepare_access_log(at.work)
    assert len(gateway.called("update_account")) == 1


def test_a_role_that_the_gateway_never_accepts_is_said() -> None:
    at, gateway, _ = account_without_role(NO_ROLE_YET)
    with pytest.raises(CommandError, match="does not accept the role arn:aws:iam"):
        prepare_access_log(at.work)
    assert len(gateway.called("update_account")) == ATTEMPTS


def test_a_role_that_somebody_has_set_is_not_touched() -> None:
    logs = FakeClient(create_log_group=refusal("ResourceAlreadyExistsException"), put_retention_policy={})
    gateway = FakeClient(get_account={"cloudwatchRoleArn": "arn:theirs"})
    at = scene({"apigateway": gateway, "logs": logs})
    prepare_access_log(at.work)
    assert gateway.called("update_account") == []


@pytest.mark.parametrize("operation", ["create_log_group", "create_role", "update_account"])
def test_what_may_not_be_done_for_the_log_is_not_swallowed(operation: str) -> None:
    denied = refusal("AccessDeniedException")
    at, gateway, iam = account_without_role({})
    for client in (gateway, iam, at.work.account.client("logs")):
        client.answers.update({operation: denied} if operation in client.answers else {})
    with pytest.raises(ClientError):
        prepare_access_log(at.work)


class _Api(LocalHandler):
    """Answers as told by the first of `answers`."""

    answers: list[tuple[int, str]]
    questions: list[Any]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.questions.append((self.path, json.loads(self.rfile.read(length))))
        status, body = self.answers.pop(0)
        self.answer(status, body.encode())


@contextmanager
def api(*answers: tuple[int, str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the address of an API that gives these answers, and the questions that came."""
    questions: list[Any] = []
    with closing(LocalServer(_Api, answers=list(answers), questions=questions)) as server:
        yield f"{server.url}/api/", questions


def test_the_question_goes_over_the_address_until_a_new_api_is_known() -> None:
    at = scene({})
    answer = json.dumps({"response": "Like this.", "degraded": []})
    with api((403, '{"message": "Forbidden"}'), (200, answer)) as (url, questions):
        assert ask_one_question(at.work, over_http(url)).endswith("→ Like this.")
    assert [path for path, _ in questions] == ["/api/chat", "/api/chat"]
    assert questions[0] == questions[1]
    assert len(at.pauses) == 1


def test_an_address_where_nobody_answers_is_said() -> None:
    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:9/api/ does not answer"):
        ask_one_question(scene({}).work, over_http("http://127.0.0.1:9/api/"))
