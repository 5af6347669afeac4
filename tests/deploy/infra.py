"""The CloudFormation template as it comes out for some parameters: conditions decided, references left."""

from collections.abc import Iterator, Mapping
from typing import Any

from tooling.template import TEMPLATE, parse_template

Document = dict[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}

TEMPLATE_TEXT = TEMPLATE.read_text("utf-8")
WRITTEN: Document = parse_template(TEMPLATE_TEXT)
RULES: Document = WRITTEN["Rules"]


def infra(**parameters: str) -> Document:
    """Return Resources and Outputs that exist with these parameters and the defaults of the others."""
    return existing(WRITTEN, with_defaults(parameters))


def with_defaults(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the values of all parameters."""
    defaults = {name: str(each.get("Default", "")) for name, each in WRITTEN["Parameters"].items()}
    return {**defaults, "Stage": "dev", **parameters}


def existing(written: Document, values: Mapping[str, str]) -> Document:
    """Return Resources and Outputs of a template that exist with these values of all parameters."""
    met = {name: _decide(each, values) for name, each in written["Conditions"].items()}
    return {
        section: _resolve(_that_exist(written[section], met), met) for section in ("Resources", "Outputs")
    }


def is_accepted(values: Mapping[str, str]) -> bool:
    """Say whether the template's rules take these values of all parameters."""
    return all(
        _decide(each["Assert"], values)
        for rule in RULES.values()
        if "RuleCondition" not in rule or _decide(rule["RuleCondition"], values)
        for each in rule["Assertions"]
    )


def of_type(kind: str, document: Document = WRITTEN) -> Document:
    """Return the properties of all resources of a type, by their logical ids."""
    return {name: each["Properties"] for name, each in document["Resources"].items() if each["Type"] == kind}


def values_of(key: str, node: Any) -> Iterator[Any]:
    """Yield what stands under a key, anywhere below a node."""
    if isinstance(node, dict):
        for name, each in node.items():
            if name == key:
                yield each
            yield from values_of(key, each)
    elif isinstance(node, list):
        for each in node:
            yield from values_of(key, each)


def as_list(value: Any) -> list[Any]:
    """Return a value that may be written without its list as a list."""
    return value if isinstance(value, list) else [value]


def _that_exist(section: Document, met: Mapping[str, bool]) -> Document:
    return {name: each for name, each in section.items() if met.get(each.get("Condition", ""), True)}


def _decide(condition: Any, values: Mapping[str, str]) -> bool:
    if "Fn::Or" in condition:
        return any(_decide(each, values) for each in condition["Fn::Or"])
    if "Fn::Not" in condition:
        return not _decide(condition["Fn::Not"][0], values)
    left, right = (
        values[each["Ref"]] if isinstance(each, dict) else each for each in condition["Fn::Equals"]
    )
    return bool(left == right)


def _resolve(node: Any, met: dict[str, bool]) -> Any:
    if isinstance(node, list):
        return [each for each in (_resolve(each, met) for each in node) if each != NO_VALUE]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node:
        condition, then, otherwise = node["Fn::If"]
        return _resolve(then if met[condition] else otherwise, met)
    resolved = {name: _resolve(each, met) for name, each in node.items()}
    return {name: each for name, each in resolved.items() if each != NO_VALUE}
