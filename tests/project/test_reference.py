"""The reference pages: a heading for each setting and command, and the exit codes as they are."""

import re

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from project.repository import ROOT, command_names, headings, prose
from slotmcp.cli.exits import Exit
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings
from slotmcp.telemetry import metrics
from slotmcp.telemetry.metrics import REGISTRY

REFERENCE = ROOT / "docs" / "reference"


def test_each_setting_has_a_heading_and_no_heading_is_left_over() -> None:
    settings = {CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in Settings.model_fields)}
    assert set(headings(REFERENCE / "settings.md", 2)) == settings


def test_each_default_is_told() -> None:
    page = prose(REFERENCE / "settings.md")
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, str):
            section = page.partition(f"## {ENV_PREFIX}{name.upper()}")[2].partition("\n## ")[0]
            default = f"`{field.default}`" if field.default else "none"
            assert f"Default: {default}" in section, name


def test_each_metric_has_a_heading_that_tells_its_type_and_labels_and_no_heading_is_left_over() -> None:
    page = prose(REFERENCE / "metrics.md")
    families = {named(family): family for family in REGISTRY.collect()}
    assert set(headings(REFERENCE / "metrics.md", 3)) == set(families)
    for name, family in families.items():
        section = page.partition(f"### {name}\n")[2].partition("\n#")[0].strip()
        assert section.lower().startswith(family.type), name
        first_sentence = section.partition(". ")[0]
        assert all(f"`{label}`" in first_sentence for label in labels_of(name)), name
        assert len(family.documentation) > 5, name


def named(family: Metric) -> str:
    """A metric as a query names it, but for the parts of a histogram."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(name: str) -> tuple[str, ...]:
    found = {one._name: one._labelnames for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)}  # noqa: SLF001  nobody else tells
    return tuple(found[name.removesuffix("_total")])


def test_each_command_has_a_heading_and_no_heading_is_left_over() -> None:
    told = set(headings(REFERENCE / "cli.md", 2))
    assert told == {*(f"slotmcp {command}" for command in command_names()), "Exit codes"}


def test_the_exit_codes_are_those_of_the_program() -> None:
    told = re.findall(r"^\| (\d+) \|", prose(REFERENCE / "cli.md"), re.MULTILINE)
    assert sorted(map(int, told)) == sorted(Exit)
