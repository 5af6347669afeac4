"""Reads the lines of Markdown tables."""

import re

_CELL_END = re.compile(r"(?<!\\)\|")


def is_rule(line: str) -> bool:
    """Tell whether a line is the one below a table's names, as `|---|:-:|`."""
    rule = line.strip()
    return rule.startswith("|") and "-" in rule and set(rule) <= {"|", "-", ":", " ", "\t"}


def cells_of(line: str) -> list[str]:
    """Return the cells of a row, without the backslash before a `|` that ends none."""
    cells = _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip().replace(r"\|", "|") for cell in cells]
