"""Kinds and tables as JSON Schema (draft 2020-12), for editors. Sans-IO."""

from collections.abc import Mapping
from typing import Any, Final

from espat.scenario.schema.kinds import Kind
from espat.scenario.schema.tables import Field, Pairs, Table, Tables

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
VARIABLE: Final = {"type": "string", "pattern": r"\{\{\w+\}\}"}
"""A text with a variable of a scenario in it."""

JsonSchema = dict[str, Any]


def as_json_schema(kind: "Kind[Any] | Table | Tables | Pairs", *, variables: bool = False) -> JsonSchema:
    """What editors are told of a value. `variables`: whether those of a scenario may stand in its texts."""
    if isinstance(kind, Table):
        return table_schema(kind.fields, meaning=kind.meaning, variables=variables)
    if isinstance(kind, Tables):
        items = as_json_schema(kind.table, variables=variables)
        return {"type": "array", "items": items, "maxItems": kind.limit}
    if isinstance(kind, Pairs):
        values = as_json_schema(kind.value, variables=variables)
        return {"type": "object", "additionalProperties": values, "maxProperties": kind.limit}
    return with_variables(kind.json_schema) if variables else dict(kind.json_schema)


def table_schema(fields: Mapping[str, Field], *, meaning: str = "", variables: bool = False) -> JsonSchema:
    """A table of these fields and no others."""
    properties: JsonSchema = {}
    for key, field in fields.items():
        schema = as_json_schema(field.kind, variables=variables)
        told = described(field)
        properties[key] = schema | ({"description": told} if told else {})
        for alias in field.aliases:
            properties[alias] = schema | {"description": f"another name of {key}"}
    required = [key for key, field in fields.items() if field.required and not field.aliases]
    return {
        **({"description": meaning} if meaning else {}),
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def described(field: Field) -> str:
    """What a field means, and what it is when it is left out."""
    meaning = field.meaning or getattr(field.kind, "meaning", "")
    return f"{meaning} (default: {field.default.replace('`', '')})" if field.default else meaning


def with_variables(schema: Mapping[str, Any]) -> JsonSchema:
    """The same, or a text with a variable in it where it is a text of some form."""
    formed = "enum" in schema or "pattern" in schema
    if formed or any("pattern" in choice or "enum" in choice for choice in schema.get("anyOf", ())):
        return {"anyOf": [*schema.get("anyOf", (dict(schema),)), VARIABLE]}
    return dict(schema)
