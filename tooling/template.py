"""Reads the deployed definitions out of the CloudFormation template: there is no second one to keep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tooling.project import ROOT

TEMPLATE = ROOT / "infra" / "rds_kb.yaml"
STAGE_SUFFIX = "-${Stage}"
CREATE_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")

Properties = dict[str, Any]


@dataclass(frozen=True)
class TableDefinition:
    """A DynamoDB table: its bare name, CreateTable's arguments, and the attribute that lets items expire."""

    name: str
    properties: Properties
    ttl_attribute: str | None


class Template:
    """The resources of a template; intrinsic functions stay as they are written."""

    def __init__(self, path: Path = TEMPLATE) -> None:
        self._resources: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)["Resources"]  # noqa: S506

    def tables(self) -> list[TableDefinition]:
        """Return every DynamoDB table."""
        return [_table(properties) for properties in self._of_type("AWS::DynamoDB::Table")]

    def guardrail(self) -> Properties:
        """Return the properties of the guardrail."""
        (guardrail,) = self._of_type("AWS::Bedrock::Guardrail")
        return guardrail

    def _of_type(self, kind: str) -> Iterator[Properties]:
        return (resource["Properties"] for resource in self._resources.values() if resource["Type"] == kind)


def _table(properties: Mapping[str, Any]) -> TableDefinition:
    return TableDefinition(
        name=properties["TableName"]["Fn::Sub"].removesuffix(STAGE_SUFFIX),
        properties={name: properties[name] for name in CREATE_TABLE_PROPERTIES if name in properties},
        ttl_attribute=properties.get("TimeToLiveSpecification", {}).get("AttributeName"),
    )


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
