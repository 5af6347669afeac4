"""Reads what is written below the fields of a class."""

import ast
import inspect
from itertools import pairwise


def field_docstrings(kind: type) -> dict[str, str]:
    """Return what is written below each field of a class, and of those of ours that it comes from."""
    # Of a TypedDict, what it comes from is kept here alone.
    bases = getattr(kind, "__orig_bases__", kind.__bases__)
    found: dict[str, str] = {}
    for base in bases:
        if isinstance(base, type) and base.__module__.split(".")[0] == kind.__module__.split(".")[0]:
            found |= field_docstrings(base)
    (definition,) = (n for n in ast.parse(inspect.getsource(kind)).body if isinstance(n, ast.ClassDef))
    return found | {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
