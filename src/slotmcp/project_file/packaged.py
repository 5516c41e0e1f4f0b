"""What ships beside the code: the sample, and the JSON Schema."""

import json
from importlib.resources import files
from typing import Any

_HERE = files(__package__)


def sample_text() -> str:
    """The sample project file: a heating and cooling company in Denver, alive on any day."""
    return (_HERE / "samples" / "denver-hvac.yaml").read_text(encoding="utf-8")


def project_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a project file, for editors and other programs."""
    schema: dict[str, Any] = json.loads((_HERE / "project.schema.json").read_text(encoding="utf-8"))
    return schema
