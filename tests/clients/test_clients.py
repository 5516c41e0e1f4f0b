"""Tests of the client matrix: one client has its conversation, and the page names the pinned versions."""

import json
import sys
from pathlib import Path

import pytest

from clients.examples import AGENTS, CHECKS
from clients.matrix import CLIENTS, JAVASCRIPT_SCRIPTS, PYTHON_SCRIPTS, converse, pinned_version, server_settings
from project.repository import ROOT

PAGE = (ROOT / "docs" / "reference" / "clients.md").read_text(encoding="utf-8")


def test_a_client_books_and_its_model_sees_what_to_do_after_an_error() -> None:
    script = CLIENTS / "python" / "mcp_sdk.py"
    with server_settings() as settings:
        report = converse(script, settings, [sys.executable, str(script)])
    assert (report.booking != "", report.instructions, report.sentence, report.wrong) == (True, True, True, True)
    assert (report.success, report.error, report.flag) == ("both", "both", "error")


def test_there_are_at_least_twelve_clients_in_python_and_four_in_javascript() -> None:
    assert len(PYTHON_SCRIPTS) >= 12
    assert len(JAVASCRIPT_SCRIPTS) >= 4


@pytest.mark.parametrize("script", PYTHON_SCRIPTS, ids=lambda script: script.stem)
def test_the_page_names_the_version_that_a_script_pins(script: Path) -> None:
    package, version = pinned_version(script)
    assert f"| `{package}` | {version} |" in PAGE


def test_the_page_names_the_versions_that_package_json_pins() -> None:
    pinned = json.loads((CLIENTS / "javascript" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert [name for name, version in pinned.items() if f"| `{name}` | {version} |" not in PAGE] == []


@pytest.mark.parametrize("script", [*AGENTS, *CHECKS], ids=lambda script: script.parent.name)
def test_an_example_compiles_and_pins_its_package(script: Path) -> None:
    compile(script.read_text(encoding="utf-8"), str(script), "exec")
    package, version = pinned_version(script)
    assert script in CHECKS or f"| `{package}` | {version} |" in PAGE


def test_the_expected_examples_exist() -> None:
    names = {script.parent.name for script in (*AGENTS, *CHECKS)}
    assert names >= {"livekit-agent", "mounted-in-fastapi", "openai-agents", "pipecat-agent", "pydantic-ai"}
