"""The Makefile: help is the default, and names every target."""

import re
import subprocess

from project.repository import ROOT


def make(*arguments: str) -> str:
    done = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603, S607  our own Makefile
    return done.stdout


def phony() -> set[str]:
    found = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found is not None
    return set(found[1].split())


def test_make_alone_is_help_and_help_names_every_target() -> None:
    said = make()
    assert said == make("help")
    assert set(re.findall(r"^  (\w+) +\S", said, re.MULTILINE)) == phony()


def test_the_targets_of_the_issue_are_there() -> None:
    assert {"help", "demo", "test", "check", "bench", "clean"} <= phony()


def test_the_gate_runs_its_parts_in_order() -> None:
    plan = make("--dry-run", "check")
    parts = ["ruff format --check", "ruff check", "mypy", "lint-imports", "pytest"]
    places = [plan.index(part) for part in parts]
    assert places == sorted(places)
    assert "--cov" in plan


def test_continuous_integration_runs_the_same_gate_and_nothing_after_it() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "set -euo pipefail"
    assert lines[-1] == "exec make check"
