"""JSON that the database checks, and the API hands on as it came, described by a struct.

The database names every problem of every topic, with its row and field; decoding into a struct would stop at the first.
So such JSON is decoded as it is, and the struct only says in the OpenAPI document what may stand in it.
"""

from __future__ import annotations

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import Meta

_SHAPE = "shape"


def described_by(struct: type[msgspec.Struct]) -> Meta:
    """What to annotate `dict[str, Any]` with, so that the document refers to the struct."""
    return Meta(extra={_SHAPE: struct}, extra_json_schema={"$ref": _address(struct)})


def _address(struct: type[msgspec.Struct]) -> str:
    return f"#/components/schemas/{struct.__name__}"


def _shape_of(field: FieldDefinition) -> type[msgspec.Struct] | None:
    told = (each.extra or {} for each in field.metadata if isinstance(each, Meta))
    found: type[msgspec.Struct] | None = next((each[_SHAPE] for each in told if _SHAPE in each), None)
    return found


class ShapePlugin(OpenAPISchemaPlugin):
    """Refers to the struct where the framework would say that it is some object."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether a struct describes it."""
        return not field_definition.is_union and _shape_of(field_definition) is not None

    def to_openapi_schema(  # type: ignore[override]  # the framework takes references, and does not say so
        self, field_definition: FieldDefinition, schema_creator: SchemaCreator
    ) -> Schema | Reference:
        """The reference; `openapi.py` adds the struct itself."""
        struct = _shape_of(field_definition)
        assert struct is not None
        return Reference(ref=_address(struct))
