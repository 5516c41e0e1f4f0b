"""The Makefile lists every target in its help, which is the default."""

import os
import re
import subprocess

from project.repository import ROOT


def make(*arguments: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603  our own Makefile
        ["make", *arguments],  # noqa: S607
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def phony() -> set[str]:
    match = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert match is not None
    return set(match[1].split())


def test_help_is_the_default_and_lists_every_target() -> None:
    output = make()
    assert output == make("help")
    assert set(re.findall(r"^  (\w+) +\S", output, re.MULTILINE)) == phony()


def test_bytecode_is_stored_whatever_the_environment_says() -> None:
    output = make("--eval", "environment:; @env", "environment", PYTHONDONTWRITEBYTECODE="1")
    assert "PATH=" in output
    assert "PYTHONDONTWRITEBYTECODE" not in output


def test_the_main_targets_exist() -> None:
    assert {"help", "demo", "test", "check", "bench", "clean"} <= phony()


def test_the_gate_runs_its_steps_in_order() -> None:
    plan = make("--dry-run", "check")
    steps = ["lock --check", "ruff format --check", "ruff check", "mypy", "lint-imports", "pytest"]
    places = [plan.index(step) for step in steps]
    assert places == sorted(places)
    assert "--cov" in plan


def test_continuous_integration_runs_the_same_gate_last() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "set -euo pipefail"
    assert lines[-1] == "exec make check"
