"""What AWS's service models say of a request beyond its shape, and of an answer as a whole.

botocore checks shapes and least lengths of requests alone, so a stand-in takes what AWS would refuse, and a
fake answers what AWS never would.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from devstack.bedrock.wire.operations import problems_with


def problems(shape: Shape, value: Any, place: str = "") -> Iterator[str]:
    """Yield what is wrong with a value of a request."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, each in value.items():
            if each is not None and name in shape.members:
                yield from problems(shape.members[name], each, f"{place}.{name}")
    elif isinstance(shape, ListShape):
        yield from _too_many(shape, len(value), place)
        for number, each in enumerate(value):
            yield from problems(shape.member, each, f"{place}[{number}]")
    elif isinstance(shape, MapShape):
        yield from _too_many(shape, len(value), place)
        for key, each in value.items():
            yield from problems(shape.key, key, f"{place} key")
            yield from problems(shape.value, each, f"{place}.{key}")
    elif isinstance(shape, StringShape):
        yield from _too_many(shape, len(value), place)
        yield from _of_text(shape, value, place)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _too_many(shape, value, place)


def require_valid(*, params: Mapping[str, Any], model: Any, **_: object) -> None:
    """Raise AssertionError for a request that AWS would refuse; for botocore's `before-parameter-build`."""
    found = list(problems(model.input_shape, params)) if model.input_shape else []
    assert not found, f"{model.service_model.service_name} {model.name}: {'; '.join(found)}"


def require_acceptable(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """Raise AssertionError for a request, as a client's method takes it, that botocore or AWS refuses."""
    service_model, names = _service(service)
    model = service_model.operation_model(names[operation])
    if model.input_shape is None:
        assert not request, f"{service} {model.name} takes nothing: {request}"
        return
    # botocore fills these in before it looks.
    tokens = dict.fromkeys(model.idempotent_members, "0")
    report = ParamValidator().validate({**tokens, **request}, model.input_shape)
    assert not report.has_errors(), f"{service} {model.name}: {report.generate_report()}"
    require_valid(params=request, model=model)


def require_possible(service: str, operation: str, answer: object) -> None:
    """Raise AssertionError for an answer, as a client's method returns it, that AWS cannot give."""
    model, names = _service(service)
    shape = model.operation_model(names[operation]).output_shape
    found = problems_with(answer, shape) if shape else []
    assert not found, f"{service} {operation} answers: {'; '.join(found)}"


def operations_of(service: str) -> Collection[str]:
    """Return the names that a service's operations have at a client."""
    return _service(service)[1]


@cache
def _service(name: str) -> tuple[ServiceModel, dict[str, str]]:
    """Return a service's model, and its operations by the names of a client's methods."""
    model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
    return model, {xform_name(each): each for each in model.operation_names}


def require_valid_answer(*, operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    """Raise AssertionError for an answer in JSON that AWS cannot give; for botocore's `before-parse`."""
    if response_dict["status_code"] < 300:
        found = problems_with(json.loads(response_dict["body"]), operation_model.output_shape)
        # AWS itself answers zero, where its model has one as the least.
        found = [each for each in found if "NumberOfDecreasesToday" not in each]
        assert not found, f"{operation_model.name} answers: {'; '.join(found)}"


def _too_many(shape: Shape, number: float, place: str) -> Iterator[str]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min")
    if most is not None and number > most:
        yield f"{place} is {number}, at most {most}"
    if least is not None and number < least:
        yield f"{place} is {number}, at least {least}"


def _of_text(shape: StringShape, value: str, place: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{place} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
        yield f"{place} does not match {pattern}"


@cache
def _compiled(pattern: str) -> "re.Pattern[str] | None":
    """Return a pattern as Python reads it; None for the few that it cannot, which are Java's."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
