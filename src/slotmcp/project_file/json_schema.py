"""Generator of the JSON Schema of a project file: `python -m slotmcp.project_file.json_schema FILE`."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from slotmcp.project_file.schema import FileEntry


def build_schema() -> dict[str, Any]:
    """Return the schema. It covers shapes and bounds; the reader checks all other rules."""
    schema = FileEntry.model_json_schema(schema_generator=_ForEditors)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "slotmcp project file"}


def write_schema(path: Path) -> None:
    """Write the schema to a file."""
    path.write_text(json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


class _ForEditors(GenerateJsonSchema):
    """Generator without null for optional keys, and without titles of fields."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  pydantic passes it by name
        return False


if __name__ == "__main__":
    write_schema(Path(sys.argv[1]))
