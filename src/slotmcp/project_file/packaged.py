"""Packaged data files: the sample project files and the JSON Schema."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("project.schema.json")
SAMPLE_FOLDER = Path(__file__).with_name("samples")
DEFAULT_SAMPLE = "denver-hvac"
SAMPLES: Mapping[str, str] = {
    DEFAULT_SAMPLE: "a heating and cooling company in Denver: twelve technicians, and bookings on any day",
    "berlin-dentist": "a dental clinic in Berlin, in German: floating breaks, every second Saturday, questions",
    "london-cleaners": "a cleaning company in London: areas, travel, prices and questions",
    "sydney-vet": "a mobile vet in Sydney: on call at night for emergencies, a place kept free by day",
}
"""Names of the samples, each with one line about it."""


def sample_text(name: str = DEFAULT_SAMPLE) -> str:
    """Return a sample project file by its name."""
    return (SAMPLE_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a project file."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema
