"""Makes JSON Schemas of the types of requests and answers, with what is written below their fields."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from chalicelib.api import fields
from tooling.docstrings import field_docstrings

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
LINE_ENDS = r"\t\n\r\u2028\u2029"
INVISIBLE = (
    r"\s\u00ad\u0300-\u036f\u0483-\u0489\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u20d0-\u20f0"
    r"\ue000-\uf8ff\ufe00-\ufe0f\ufeff"
)
"""The best known of the characters that leave a text blank."""
DAY = r"((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|[12]\d))"
HOUR, MINUTE = r"([01]\d|2[0-3])", r"[0-5]\d"
MOMENT = (
    rf"^2\d{{3}}-{DAY}([Tt ]{HOUR}:{MINUTE}(:{MINUTE}([.,]\d{{1,9}})?)?([Zz]|[+-]{HOUR}(:?{MINUTE})?)?)?$"
)
JSON_VALUE = "JsonValue"
OBJECT: Schema = {
    "type": "object",
    "propertyNames": {"pattern": f"^[^{CONTROL}{LINE_ENDS}]*$"},
    "additionalProperties": {"$ref": REFERENCE.format(model=JSON_VALUE)},
}
ANY_VALUE: Schema = {
    "description": "Any JSON; the names in objects are on one line.",
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": REFERENCE.format(model=JSON_VALUE)}},
        OBJECT,
    ],
}


def reference(kind: type) -> Schema:
    """Return the reference to the schema of a type."""
    return {"$ref": REFERENCE.format(model=kind.__name__)}


def schema_of(kind: Any) -> Schema:
    """Return the schema of a type without fields."""
    return TypeAdapter(kind).json_schema(schema_generator=_Generator)


def properties_of(kind: type[BaseModel]) -> dict[str, Schema]:
    """Return the schemas of the fields of a query or of headers, by the names that are sent."""
    properties: dict[str, Schema] = schema_of(kind)["properties"]
    return {name: _never_null(schema) for name, schema in properties.items()}


def schemas_of(requests: Iterable[type[BaseModel]], answers: Iterable[type]) -> dict[str, Schema]:
    """Return the schemas of types, and of those in them, by the types' names."""
    kinds = {kind.__name__: kind for kind in (*requests, *answers)}
    adapters: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (name, "validation" if issubclass(kind, BaseModel) else "serialization", TypeAdapter(kind))
        for name, kind in kinds.items()
    ]
    _, found = TypeAdapter.json_schemas(adapters, ref_template=REFERENCE, schema_generator=_Generator)
    return dict(sorted({**found["$defs"], JSON_VALUE: ANY_VALUE}.items()))


class _Generator(GenerateJsonSchema):
    """Adds what pydantic can't see: our own rules, and the docstrings of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Leave titles out: they only repeat the names."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Describe the fields of a request."""
        return _described(super().model_schema(schema), schema["cls"])

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Describe the fields of an answer."""
        return _described(super().typed_dict_schema(schema), schema["cls"])

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """Say in JSON Schema what a rule checks."""
        return _ruled(super().function_after_schema(schema), schema["function"]["function"])

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Say in JSON Schema what a rule reads."""
        return _ruled(super().function_before_schema(schema), schema["function"]["function"])


def _ruled(schema: Schema, rule: object) -> Schema:
    if rule is fields.check_text:
        return {**schema, "pattern": f"^[^{CONTROL}]*$"}
    if rule is fields.check_one_line:
        return {**schema, "pattern": f"^[^{CONTROL}{LINE_ENDS}]*$"}
    if rule is fields.check_not_blank:
        one = schema["pattern"].removeprefix("^").removesuffix("*$")
        return {**schema, "pattern": f"^{one}*{one[:-1]}{INVISIBLE}]{one}*$"}
    if rule is fields.read_moment:
        return _or_null({"type": "string", "pattern": MOMENT, "examples": ["2026-11-20T12:00:00Z"]})
    if rule is fields.check_metadata:
        return _or_null(OBJECT)
    return schema


def _never_null(schema: Schema) -> Schema:
    """Return the schema of what is text on the wire: left out, but never null."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    return {**kinds[0], **rest} if kinds else schema


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _described(schema: Schema, kind: type) -> Schema:
    schema.pop("title", None)
    names = {name: each.alias or name for name, each in getattr(kind, "model_fields", {}).items()}
    for name, text in field_docstrings(kind).items():
        schema["properties"][names.get(name, name)]["description"] = text
    return schema
