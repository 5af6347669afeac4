"""Each dependency of each route, out of reach in each way: what is promised holds, and nothing is lost."""

from concurrent.futures import Future
from dataclasses import replace

import pytest

from app import app
from chalicelib.api.cors import PREFLIGHT
from deployment.facts import Extras
from deployment.policies import FUNCTIONS, known_facts, render
from tests.faults.matrix import BY_NAME, CASES, Case, Lanes, calls_of
from tests.faults.promises import ALL_OF_DYNAMODB, PROMISES
from tooling.project import ROOT
from tooling.stages import read_config

Dependencies = dict[str, dict[str, frozenset[str]]]

API = "api_handler"
NOT_FOR_CALLERS = {"customers", "migrate"}
"""For the other functions, which take its failure for an outage of Postgres: see
`tests/unit/test_customers_function.py`; and for the deployment, which shows how it failed."""
ASKS_NOBODY = {"s3:GetObject"}
"""A link is signed where the app runs."""
ONLY_DEPLOYED = {"lambda:InvokeFunction"}
"""Locally each function reads Postgres by itself."""
ONLY_WHEN_ERASED = {"dynamodb:DeleteItem support-tickets", "dynamodb:DeleteItem support-events"}
"""A turn takes its ticket back when it is erased meanwhile: see `tests/property/test_person_invariant.py`."""
LAMBDAS_OWN = ("logs:", "xray:", "ec2:", "sqs:")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_promise_is_kept(results: dict[Case, "Future[None]"], case: Case) -> None:
    results[case].result()


def test_each_route_and_function_is_in_the_matrix() -> None:
    routes = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
    asked = {name.split(",")[0] for name in BY_NAME}
    wanted = {name for name in routes if not name.startswith((PREFLIGHT, "HEAD"))} | {*FUNCTIONS}
    assert asked == wanted - {API, *NOT_FOR_CALLERS}
    assert PROMISES.keys() == BY_NAME.keys()


@pytest.fixture(scope="module")
def dependencies(lanes: Lanes) -> Dependencies:
    """What each route depends on, and what it has to be allowed to do for that."""
    with lanes.busy.world() as world:
        return {name: calls_of(route, world) for name, route in BY_NAME.items()}


@pytest.mark.parametrize("name", BY_NAME)
def test_each_dependency_is_in_the_matrix(dependencies: Dependencies, name: str) -> None:
    of_the_route = [other for other in PROMISES if other.split(",")[0] == name.split(",")[0]]
    promised = {dependency for other in of_the_route for dependency in PROMISES[other]}
    assert dependencies[name].keys() <= promised
    assert PROMISES[name].keys() - {ALL_OF_DYNAMODB} <= dependencies[name].keys()


def test_each_action_that_a_policy_allows_is_in_the_matrix(dependencies: Dependencies) -> None:
    tried = {action for calls in dependencies.values() for actions in calls.values() for action in actions}
    assert allowed() - ASKS_NOBODY - ONLY_DEPLOYED - ONLY_WHEN_ERASED == tried


def allowed() -> set[str]:
    """Return the actions that a stage with mails allows the app, of DynamoDB with the table or the index."""
    found = set()
    known = known_facts(read_config(ROOT), "dev")
    facts = replace(known, extras=Extras(mail_from="support@example.com"))
    for policy in render(facts).values():
        for statement in policy["Statement"]:
            if "/stream/" in statement["Resource"][0]:
                continue  # Lambda reads it, and calls the function with what it finds
            resources = [each.partition(":table/")[2] for each in statement["Resource"]]
            tables = [each.replace("-dev", "") for each in resources if each]
            for action in statement["Action"]:
                found |= {f"{action} {table}" for table in tables} or {action}
    return {action for action in found if not action.startswith(LAMBDAS_OWN)}
