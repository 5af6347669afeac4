"""A stack's life as CloudFormation lives it, and what is missing at one of its steps.

A resource is made or changed after what it needs. What is no longer wanted goes at the end, before what it
needs. Nothing else is promised: what may or may not be there at a step counts as missing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.deploy.infra import WRITTEN, Document, as_list, existing, with_defaults

REGION = "us-east-1"
"""Whose schemas are read; they are the same elsewhere."""
OUTPUTS = "Outputs"
REFERENCE = re.compile(r"\$\{(\w+)(?=[.}])")
IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "AWS::Bedrock::DataSource": ("KnowledgeBaseId", "Name"),
    "AWS::Bedrock::Guardrail": ("Name",),
    "AWS::Bedrock::KnowledgeBase": ("Name",),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::EC2::SecurityGroupIngress": ("GroupId", "FromPort", "SourceSecurityGroupId"),
    "AWS::EC2::Subnet": ("VpcId", "CidrBlock"),
    "AWS::EC2::SubnetRouteTableAssociation": ("SubnetId",),
    "AWS::EC2::VPCEndpoint": ("VpcId", "ServiceName"),
    "AWS::IAM::RolePolicy": ("RoleName", "PolicyName"),
    "AWS::OpenSearchServerless::AccessPolicy": ("Type", "Name"),
    "AWS::OpenSearchServerless::Collection": ("Name",),
    "AWS::OpenSearchServerless::Index": ("CollectionEndpoint", "IndexName"),
    "AWS::OpenSearchServerless::SecurityPolicy": ("Type", "Name"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::SecretsManager::Secret": ("Name",),
}
"""What there can be one of alone: a second one is refused while the first is there."""

Verb = Literal["create", "update", "use", "delete"]


@dataclass(frozen=True)
class Resource:
    """A resource as it is made, its references written as `${Name#generation.Attribute}`.

    A resource that replaces another one of its logical name has the next generation.
    """

    name: str
    kind: str
    properties: Document
    needs: frozenset[str]
    is_kept: bool
    generation: int = 0

    @property
    def reference(self) -> str:
        """Return what refers to it."""
        return f"${{{self.name}#{self.generation}}}"

    @property
    def identity(self) -> tuple[str, str] | None:
        """Return what no other resource may be the same in; None where names are made for it."""
        values = [self.properties.get(key) for key in IDENTITIES.get(self.kind, ())]
        return (self.kind, json.dumps(values)) if values else None


Stack = Mapping[str, Resource]


@dataclass(frozen=True)
class Step:
    """What is done to a resource; `sure` is what is there then, each in all its possible versions."""

    verb: Verb
    resource: Resource
    sure: tuple[tuple[Resource, ...], ...]
    possible: tuple[Resource, ...]


def stack_of(
    parameters: Mapping[str, str], before: Stack | None = None, written: Document = WRITTEN
) -> Stack:
    """Return the stack that a template makes with these parameters, in the place of another one."""
    values = with_defaults(parameters)
    document = existing(written, values)
    outputs = {"Type": OUTPUTS, "Properties": document["Outputs"]}
    drafts = {
        name: _draft(name, each, values, document["Resources"])
        for name, each in {**document["Resources"], OUTPUTS: outputs}.items()
    }
    made: dict[str, Resource] = {}
    for name in drafts:
        _make(name, drafts, before or {}, made)
    return made


def life(before: Stack, after: Stack) -> Iterator[Step]:
    """Yield the steps that lead from one stack to another; an empty one is none."""
    possible = (*before.values(), *after.values())
    needed = {name: _all_needs(name, after) for name in after}
    for name, resource in after.items():
        if resource != before.get(name):
            verb: Verb = "update" if _stays(name, before, after) else "create"
            yield Step(verb, resource, tuple(_sure_before_clean_up(name, before, after, needed)), possible)
    for resource in after.values():
        yield Step("use", resource, tuple((each,) for each in after.values()), ())
    for name, resource in before.items():
        if not _stays(name, before, after) and not resource.is_kept:
            there = [before[each] for each in _all_needs(name, before) if not _stays(each, before, after)]
            yield Step("delete", resource, tuple((each,) for each in (*after.values(), *there)), ())


def _sure_before_clean_up(
    name: str, before: Stack, after: Stack, needed: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Resource, ...]]:
    """Yield what is there while a resource is made or changed: nothing has been deleted yet."""
    for other, resource in after.items():
        if other in needed[name]:
            yield (resource,)
        elif _stays(other, before, after):
            yield (before[other],) if name in needed[other] else (before[other], resource)
    yield from ((each,) for other, each in before.items() if not _stays(other, before, after))


def _stays(name: str, before: Stack, after: Stack) -> bool:
    """Say whether a resource is the same one in both, be it changed."""
    return name in before and name in after and before[name].generation == after[name].generation


def _all_needs(name: str, stack: Stack) -> frozenset[str]:
    """Return all that a resource needs, and what that needs."""
    direct = stack[name].needs & stack.keys()
    return direct | {each for one in direct for each in _all_needs(one, stack)}


def _draft(name: str, written: Document, values: Mapping[str, str], resources: Document) -> Resource:
    properties = _plain(written.get("Properties", {}), values)
    mentioned = set(REFERENCE.findall(json.dumps(properties)))
    # CloudFormation passes over a DependsOn on what a condition leaves out, and refuses a reference to it.
    ordered = set(as_list(written.get("DependsOn", []))) & resources.keys()
    is_kept = written.get("DeletionPolicy") == "Retain"
    return Resource(name, written["Type"], properties, frozenset(mentioned | ordered), is_kept)


def _make(name: str, drafts: Stack, before: Stack, made: dict[str, Resource]) -> None:
    """Make a resource after what it needs."""
    if name in made or name not in drafts:
        return
    draft, old = drafts[name], before.get(name)
    for each in sorted(draft.needs):
        _make(each, drafts, before, made)
    generations = {each: made[each].generation for each in draft.needs if each in made}
    text = REFERENCE.sub(lambda found: _stamped(found, generations), json.dumps(draft.properties))
    properties = json.loads(text)
    generation = 0 if old is None else old.generation + _is_replaced(old, draft.kind, properties)
    made[name] = Resource(name, draft.kind, properties, draft.needs, draft.is_kept, generation)


def _stamped(found: "re.Match[str]", generations: Mapping[str, int]) -> str:
    return f"{found[0]}#{generations[found[1]]}" if found[1] in generations else found[0]


def _is_replaced(old: Resource, kind: str, properties: Document) -> bool:
    """Say whether a change is one that cannot be made in place."""
    if kind == OUTPUTS:
        return False
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    paths = [path.split("/")[2:] for path in schema.get("createOnlyProperties", ())]
    return any(_at(path, old.properties) != _at(path, properties) for path in paths)


def _at(path: list[str], node: Any) -> Any:
    for each in path:
        node = node.get(each) if isinstance(node, dict) else None
    return node


def _plain(node: Any, values: Mapping[str, str]) -> Any:
    """Return a value with its parameters filled in and its references as text."""
    if isinstance(node, list):
        return [_plain(each, values) for each in node]
    if not isinstance(node, dict):
        return node
    if "Ref" in node:
        return values.get(node["Ref"], f"${{{node['Ref']}}}")
    if "Fn::GetAtt" in node:
        return "${" + ".".join(node["Fn::GetAtt"]) + "}"
    if "Fn::Sub" in node:
        return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), node["Fn::Sub"])
    return {name: _plain(each, values) for name, each in node.items()}
