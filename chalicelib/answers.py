"""Reads what AWS answers: an answer that is cut off or of another shape is a failure of its own.

Neither botocore nor PynamoDB checks an answer: both hand on what is there, or fail with an error of Python's
own. So each answer is asked for and read within `reading`, and nothing else is done there.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from chalicelib.errors import UnreadableAnswer

T = TypeVar("T")

OF_ANOTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@contextmanager
def reading(dependency: str) -> Iterator[None]:
    """Turn what comes of an unreadable answer within the block into UnreadableAnswer(dependency)."""
    try:
        yield
    except OF_ANOTHER_SHAPE as error:
        raise UnreadableAnswer(dependency) from error


def require_whole(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Raise ValueError, TypeError unless an answer of AWS is JSON from its beginning to its end.

    For botocore's event `before-parse`: what it cannot parse, such as an item that was cut off, botocore
    takes for an answer that holds nothing, which means that there is no such item.
    """
    is_json = "json" in operation_model.service_model.resolved_protocol and operation_model.output_shape
    # A stream is read later, piece by piece; and an error is an error, whatever its words.
    if is_json and isinstance(response_dict["body"], bytes) and response_dict["status_code"] < 300:
        require(json.loads(response_dict["body"]), dict)


def require(value: object, kind: type[T]) -> T:
    """Return a part of an answer. Raises TypeError unless it is of this kind; null is of none."""
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value


def finite(value: float | str) -> float:
    """Return a number of an answer. Raises TypeError, ValueError unless it is one that can be compared."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a finite number expected")
    return number
