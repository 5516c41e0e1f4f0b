"""The reference pages describe every setting, metric, command, option and exit code."""

import re

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from pydantic.fields import FieldInfo
from typer.main import get_command

from project.repository import ROOT, command_names, headings, prose
from slotmcp.asgi import SSE_PATHS
from slotmcp.cli.commands import app
from slotmcp.cli.exits import Exit
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings
from slotmcp.telemetry import metrics
from slotmcp.telemetry.metrics import REGISTRY
from slotmcp.tools.http import STREAMABLE_PATH
from slotmcp.web.dashboard.api_page import DOCS_PATH
from slotmcp.web.dashboard.request import DASHBOARD
from slotmcp.web.oauth import METADATA_PATH
from slotmcp.web.openapi import OPENAPI_PATH
from slotmcp.web.retell import RETELL_PATH, RETELL_TOOL_PATH
from slotmcp.web.shutdown import OPEN_PATHS
from slotmcp.web.tool_calls import STATUSES, TOOLS_PATH
from slotmcp.web.vapi import VAPI_PATH
from slotmcp.web.webhooks import CALCOM_PATH

REFERENCE = ROOT / "docs" / "reference"


def test_each_setting_has_a_heading_and_each_heading_is_a_setting() -> None:
    settings = {CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in Settings.model_fields)}
    assert set(headings(REFERENCE / "settings.md", 2)) == settings


def test_each_default_and_range_is_on_the_page() -> None:
    page = " ".join(prose(REFERENCE / "settings.md").split())
    for name, field in Settings.model_fields.items():
        section = page.partition(f"## {ENV_PREFIX}{name.upper()} ")[2].partition(" ## ")[0]
        value = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
        value = str(value).lower() if isinstance(value, bool) else value
        default = "none" if value == "" else f"`{value}`"
        assert name == "database_url" or f"Default: {default}" in section, name
        assert all(bound in section.partition("Range: ")[2] for bound in bounds_of(field)), name


def bounds_of(field: FieldInfo) -> list[str]:
    """Return the minimum and the maximum of a numeric setting as text."""
    values = [getattr(limit, name, None) for limit in field.metadata for name in ("ge", "gt", "le")]
    return [str(value) for value in values if value is not None]


def test_each_metric_has_a_heading_with_its_type_and_labels_and_each_heading_is_a_metric() -> None:
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
    """Return the name of a metric in queries, without the suffixes of histograms."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(name: str) -> tuple[str, ...]:
    found = {one._name: one._labelnames for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)}  # noqa: SLF001  the library has no public access
    return tuple(found[name.removesuffix("_total")])


def test_each_command_has_a_heading_and_each_heading_is_a_command() -> None:
    listed = set(headings(REFERENCE / "cli.md", 2))
    assert listed == {*(f"slotmcp {command}" for command in command_names()), "Exit codes"}


def test_each_option_is_in_the_section_of_its_command() -> None:
    page = prose(REFERENCE / "cli.md")
    commands = get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    for name, command in commands.items():
        section = page.partition(f"## slotmcp {name}\n")[2].partition("\n## ")[0]
        leaves = getattr(command, "commands", {name: command}).values()
        options = [option for leaf in leaves for one in leaf.params for option in one.opts if option.startswith("--")]
        missing = [option for option in options if f"`{option}" not in section and f" {option} " not in section]
        assert [option for option in missing if option not in {"--project", "--help"}] == [], name


def test_the_exit_codes_are_those_of_the_program() -> None:
    codes = re.findall(r"^\| (\d+) \|", prose(REFERENCE / "cli.md"), re.MULTILINE)
    assert sorted(map(int, codes)) == sorted(Exit)


def test_each_http_route_is_listed() -> None:
    rows = re.findall(r"^\| `(/[^`]*)` \| [A-Z, ]+ \|", prose(REFERENCE / "http.md"), re.MULTILINE)
    plain_paths = {TOOLS_PATH, VAPI_PATH, RETELL_PATH, RETELL_TOOL_PATH}
    other_paths = {*OPEN_PATHS, OPENAPI_PATH, DOCS_PATH, CALCOM_PATH, METADATA_PATH, DASHBOARD}
    assert set(rows) == {STREAMABLE_PATH, *SSE_PATHS} | plain_paths | other_paths


def test_each_error_code_is_listed_with_its_http_status() -> None:
    section = prose(REFERENCE / "errors.md").partition("## Codes")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", section, re.MULTILINE)
    assert {code: int(status) for code, status in listed} == STATUSES


def test_each_http_error_of_the_web_package_is_listed() -> None:
    section = prose(REFERENCE / "errors.md").partition("## HTTP errors")[2]
    listed = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", section, re.MULTILINE))
    sources = [*(ROOT / "src" / "slotmcp" / "web").rglob("*.py"), ROOT / "src" / "slotmcp" / "asgi.py"]
    literal = re.compile(r'_response\(\s*(\d{3}), "(\w+)"')
    written = {found for source in sources for found in literal.findall(source.read_text(encoding="utf-8"))}
    assert len(written) > 8
    assert written <= listed
