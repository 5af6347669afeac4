"""The CloudFormation template, read here too: the local stack has no definitions of its own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tooling.project import ROOT

TEMPLATE = ROOT / "infra" / "rds_kb.yaml"
STAGE_SUFFIX = "-${Stage}"
CREATE_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
"""Those that CreateTable takes as they are."""
NAME = re.compile(r"^( +(?:TableName|BucketName): )!Sub (\S+)$", re.MULTILINE)
COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)
VARIABLE = re.compile(r"\$\{([\w:]+)\}")

Properties = dict[str, Any]


@dataclass(frozen=True)
class TableDefinition:
    """A DynamoDB table: its bare name, CreateTable's arguments, and the attribute that lets items expire."""

    name: str
    properties: Properties
    ttl_attribute: str | None


@dataclass(frozen=True)
class QueueDefinition:
    """An SQS queue: its bare name, and where a message goes that was received so often, if anywhere."""

    name: str
    dead_letters: str | None
    max_receives: int


class Template:
    """A template's text and what it declares; intrinsic functions stay as they are written."""

    def __init__(self, path: Path = TEMPLATE) -> None:
        self.text = path.read_text("utf-8")
        content = parse_template(self.text)
        self.parameters: tuple[str, ...] = tuple(content.get("Parameters", ()))
        self._resources: dict[str, Any] = content["Resources"]

    def tables(self) -> list[TableDefinition]:
        """Return every DynamoDB table."""
        return [_table(properties) for properties in self._of_type("AWS::DynamoDB::Table")]

    def queues(self) -> list[QueueDefinition]:
        """Return every SQS queue."""
        return [self._queue(properties) for properties in self._of_type("AWS::SQS::Queue")]

    def guardrail(self) -> Properties:
        """Return the properties of the guardrail."""
        (guardrail,) = self._of_type("AWS::Bedrock::Guardrail")
        return guardrail

    def names_of(self, kind: str, deletion_policy: str) -> set[str]:
        """Return the logical names of the resources of a type that have a deletion policy."""
        return {
            name
            for name, each in self._resources.items()
            if (each["Type"], each.get("DeletionPolicy")) == (kind, deletion_policy)
        }

    def kinds(self) -> list[str]:
        """Return the types of all resources."""
        return sorted({resource["Type"] for resource in self._resources.values()})

    def interface_services(self) -> list[str]:
        """Return the services that the functions in the VPC reach over interface endpoints."""
        endpoints = self._of_type("AWS::EC2::VPCEndpoint")
        names = [
            each["ServiceName"]["Fn::Sub"] for each in endpoints if each["VpcEndpointType"] == "Interface"
        ]
        return [name.rpartition(".")[2] for name in names]

    def secret_names(self, stage: str) -> list[str]:
        """Return the names of a stage's secrets."""
        secrets = self._of_type("AWS::SecretsManager::Secret")
        return [each["Name"]["Fn::Sub"].replace("${Stage}", stage) for each in secrets]

    def with_names(self, values: Mapping[str, str]) -> str:
        """Return the text with the names of tables and bucket written out, and without comments.

        CloudFormation takes over what an earlier stack left only where a name is written out, and a text of
        at most 51,200 bytes.
        """
        return NAME.sub(
            lambda found: found[1] + VARIABLE.sub(lambda variable: values[variable[1]], found[2]),
            COMMENT.sub("", self.text),
        )

    def _queue(self, properties: Mapping[str, Any]) -> QueueDefinition:
        redrive = properties.get("RedrivePolicy")
        target = self._resources[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]] if redrive else None
        return QueueDefinition(
            name=_bare(properties["QueueName"]),
            dead_letters=_bare(target["Properties"]["QueueName"]) if target else None,
            max_receives=redrive["maxReceiveCount"] if redrive else 0,
        )

    def _of_type(self, kind: str) -> Iterator[Properties]:
        return (resource["Properties"] for resource in self._resources.values() if resource["Type"] == kind)


def parse_template(text: str) -> dict[str, Any]:
    """Return a template's content, its short forms such as `!Ref` written out as `{"Ref": …}`."""
    content: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    return content


def _table(properties: Mapping[str, Any]) -> TableDefinition:
    taken = {name: properties[name] for name in CREATE_TABLE_PROPERTIES if name in properties}
    if "StreamSpecification" in properties:
        # CreateTable wants to be told what the template's form implies.
        taken["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return TableDefinition(
        name=_bare(properties["TableName"]),
        properties=taken,
        ttl_attribute=properties.get("TimeToLiveSpecification", {}).get("AttributeName"),
    )


def _bare(name: Mapping[str, str]) -> str:
    return name["Fn::Sub"].removesuffix(STAGE_SUFFIX)


class _Loader(yaml.SafeLoader):
    """Plain YAML plus CloudFormation's short forms."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)
