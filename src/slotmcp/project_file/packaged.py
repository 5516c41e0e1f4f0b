"""Packaged data files: the sample project file and the JSON Schema."""

import json
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("project.schema.json")
SAMPLE = Path(__file__).parent / "samples" / "denver-hvac.yaml"


def sample_text() -> str:
    """Return the sample project file: a heating and cooling company in Denver, with relative dates."""
    return SAMPLE.read_text(encoding="utf-8")


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a project file."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema
