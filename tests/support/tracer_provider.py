"""Provider of OpenTelemetry that only one test uses."""

from typing import Final

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

_PROVIDER: Final = TracerProvider()
"""One for all tests: a tracer stays with the provider that it saw first."""


def set_tracer_provider(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Record the spans of the current test. OpenTelemetry itself cannot remove a provider again."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", _PROVIDER)
    _PROVIDER.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter
