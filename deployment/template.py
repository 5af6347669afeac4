"""What the deployment has to know of the CloudFormation template before AWS reads it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

LONGEST_TEMPLATE_BYTES = 51_200
"""A longer one would have to lie in a bucket."""
NAME = re.compile(r"^( +(?:TableName|BucketName): )!Sub (\S+)$", re.MULTILINE)
VARIABLE = re.compile(r"\$\{([\w:]+)\}")


@dataclass(frozen=True)
class Template:
    """The template's text, the names of its parameters, and each resource's type and deletion policy."""

    text: str
    parameters: tuple[str, ...]
    resources: dict[str, tuple[str, str]]

    def with_names(self, values: Mapping[str, str]) -> str:
        """Return the text with the names of tables and bucket written out.

        What an earlier stack has left is taken over only where no function makes its name.
        """
        return NAME.sub(
            lambda found: found[1] + VARIABLE.sub(lambda variable: values[variable[1]], found[2]), self.text
        )


def read_template(path: Path) -> Template:
    """Read a template; CloudFormation's short forms may stay what they are."""
    text = path.read_text("utf-8")
    sections = dict(_entries(yaml.compose(text)))
    resources = {}
    for name, node in _entries(sections["Resources"]):
        scalars = {key: value.value for key, value in _entries(node) if isinstance(value, yaml.ScalarNode)}
        resources[name] = (scalars["Type"], scalars.get("DeletionPolicy", "Delete"))
    return Template(text, tuple(name for name, _ in _entries(sections["Parameters"])), resources)


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)
