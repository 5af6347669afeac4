"""Whatever is changed in a stack, each step finds the rights, policies and names that it needs."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import product
from typing import Any

import pytest

from deployment.infra import SET_ONCE
from tests.deploy.infra import WRITTEN, Document, as_list, is_accepted, of_type, values_of, with_defaults
from tests.deploy.stack_faults import faults
from tests.deploy.stack_life import IDENTITIES, Stack, stack_of

FIRST, SECOND = (f"arn:aws:iam::111122223333:role/{name}" for name in ("first", "second"))
WRITTEN_VALUES = {
    "Stage": ("dev", "prod"),
    "DeployerArn": (FIRST, SECOND),
    "DatabaseClass": ("by-stage", "db.m7g.large"),
    "FirstZone": ("", "us-east-1c"),
    "SecondZone": ("", "us-east-1d"),
    "AlarmEmail": ("", "ada@example.com"),
    "MonthlyBudgetUsd": ("100", "200"),
}
VALUES: dict[str, tuple[str, ...]] = {
    name: tuple(each["AllowedValues"]) if "AllowedValues" in each else WRITTEN_VALUES[name]
    for name, each in WRITTEN["Parameters"].items()
}
SHAPING = [name for name, each in WRITTEN["Parameters"].items() if "AllowedValues" in each] + ["Stage"]
"""The parameters whose values are all combined, since conditions go by them."""
ROLE = "${KnowledgeBaseRole#0.Arn}"
SEARCH = {"VectorStore": "OPENSEARCH_SERVERLESS"}
ORDERED = [
    (name, other)
    for name, each in WRITTEN["Resources"].items()
    for other in as_list(each.get("DependsOn", []))
]
ROLE_POLICIES = [*of_type("AWS::IAM::Role"), *of_type("AWS::IAM::RolePolicy")]
ALLOWED = [
    (name, action)
    for name in ROLE_POLICIES
    for statements in values_of("Statement", WRITTEN["Resources"][name]["Properties"])
    for statement in statements
    for action in as_list(statement["Action"])
    if action != "sts:AssumeRole"
]
Parameters = dict[str, str]
Move = tuple[str, Stack, Stack, str]


def shapes() -> Iterator[Parameters]:
    """Yield the combinations of what conditions go by, as far as the template's rules take them."""
    for combination in product(*(VALUES[name] for name in SHAPING)):
        chosen = with_defaults({**dict(zip(SHAPING, combination, strict=True)), "DeployerArn": FIRST})
        if is_accepted(chosen):
            yield chosen


def moves(written: Document = WRITTEN) -> Iterator[Move]:
    """Yield each creation, deletion and change: the one parameter if it is one, the stacks, and who does it.

    Changed are one parameter, or all that conditions go by but the stage, as `infra` does for OpenSearch.
    """
    for chosen in shapes():
        stack = stack_of(chosen, written=written)
        yield "", {}, stack, FIRST
        yield "", stack, {}, FIRST
        for other in shapes():
            if other != chosen and other["Stage"] == chosen["Stage"]:
                yield "", stack, stack_of(other, stack, written), FIRST
        for name, values in VALUES.items():
            for value in values:
                other = {**chosen, name: value}
                if value != chosen[name] and is_accepted(other):
                    yield name, stack, stack_of(other, stack, written), other["DeployerArn"]


def found_in(written: Document) -> Iterator[str]:
    """Yield all that fails in the life of a template's stacks, but for what `infra` refuses."""
    for name, before, after, by in moves(written):
        if name not in SET_ONCE:
            yield from faults(before, after, by)


def changed(change: Callable[[Any], object]) -> Document:
    """Return the template with its resources changed."""
    written = deepcopy(WRITTEN)
    change(written["Resources"])
    return written


def test_no_creation_change_or_deletion_of_a_stack_fails() -> None:
    assert set(found_in(WRITTEN)) == set()


def test_a_change_that_would_fail_is_one_that_infra_refuses() -> None:
    failing = {name for name, before, after, by in moves() if faults(before, after, by)}
    assert failing == set(SET_ONCE)


@pytest.mark.parametrize(("name", "other"), ORDERED)
def test_each_depends_on_is_missed_where_it_is_left_out(name: str, other: str) -> None:
    def change(resources: Any) -> None:
        left = [each for each in as_list(resources[name].pop("DependsOn")) if each != other]
        resources[name]["DependsOn"] = left

    assert any(found_in(changed(change)))


@pytest.mark.parametrize(("name", "action"), ALLOWED)
def test_each_action_of_the_role_is_missed_where_it_is_left_out(name: str, action: str) -> None:
    def change(resources: Any) -> None:
        for statements in values_of("Statement", resources[name]["Properties"]):
            for statement in statements:
                statement["Action"] = [each for each in as_list(statement["Action"]) if each != action]

    assert any(f"may not {action} on" in fault for fault in found_in(changed(change)))


def _merge_permission(resources: Any) -> None:
    permission = resources.pop("VectorPermission")["Properties"]
    policies = resources["KnowledgeBaseRole"]["Properties"]["Policies"]
    kept = {"PolicyName": "vectors", "PolicyDocument": permission["PolicyDocument"]}
    policies.append({"Fn::If": ["InS3Vectors", kept, {"Ref": "AWS::NoValue"}]})
    del resources["S3KnowledgeBase"]["DependsOn"]


def _cut_by_stage(resources: Any) -> None:
    chunking = resources["S3DataSource"]["Properties"]["VectorIngestionConfiguration"][
        "ChunkingConfiguration"
    ]
    chunking["FixedSizeChunkingConfiguration"]["MaxTokens"] = {"Fn::If": ["AlarmWanted", 300, 512]}


def _widen_by_stage(resources: Any) -> None:
    resources["VectorIndex"]["Properties"]["Dimension"] = {"Fn::If": ["AlarmWanted", 512, 1024]}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            _merge_permission,
            "delete S3DataSource: ${KnowledgeBaseRole#0.Arn} may not s3vectors:DeleteVectors",
        ),
        (_cut_by_stage, "create S3DataSource: its name is that of ${S3DataSource#0}"),
        (_widen_by_stage, "create S3KnowledgeBase: its name is that of ${S3KnowledgeBase#0}"),
        (
            lambda resources: resources.pop("SearchEncryption"),
            "create SearchCollection: there is no AWS::OpenSearchServerless::SecurityPolicy of encryption",
        ),
        (
            lambda resources: resources.pop("SearchAccess"),
            f"create SearchIndex: {FIRST} may not aoss:CreateIndex",
        ),
        (
            lambda resources: resources["EndpointSecurityGroup"].update(Condition="InOpenSearch"),
            "use SecretsManagerEndpoint: refers to EndpointSecurityGroup, which is not there",
        ),
    ],
)
def test_a_fault_that_is_planted_is_found(change: Callable[[Any], object], fault: str) -> None:
    assert any(each.startswith(fault) for each in found_in(changed(change)))


@pytest.mark.parametrize("prepared", [SEARCH, {"PrepareSearch": "true"}])
def test_an_index_is_deleted_only_by_whom_its_access_policy_names(prepared: Parameters) -> None:
    stack = stack_of({**prepared, "DeployerArn": FIRST})
    for after in ({}, stack_of({"DeployerArn": SECOND}, stack)):
        assert faults(stack, after, FIRST) == []
        (fault,) = faults(stack, after, SECOND)
        assert fault.startswith(f"delete SearchIndex: {SECOND} may not aoss:DeleteIndex")


def test_what_has_a_name_of_its_own_is_known_to_have_one() -> None:
    named = {
        each["Type"]
        for each in WRITTEN["Resources"].values()
        if any(key.endswith("Name") and key != "ServiceName" for key in each.get("Properties", {}))
    }
    assert named - {"AWS::RDS::DBInstance"} <= set(IDENTITIES)
