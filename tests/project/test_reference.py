"""The reference pages: a heading for each setting and command, and the exit codes as they are."""

import re

from project.repository import ROOT, command_names, headings, prose
from slotmcp.cli.exits import Exit
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings

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


def test_each_command_has_a_heading_and_no_heading_is_left_over() -> None:
    told = set(headings(REFERENCE / "cli.md", 2))
    assert told == {*(f"slotmcp {command}" for command in command_names()), "Exit codes"}


def test_the_exit_codes_are_those_of_the_program() -> None:
    told = re.findall(r"^\| (\d+) \|", prose(REFERENCE / "cli.md"), re.MULTILINE)
    assert sorted(map(int, told)) == sorted(Exit)
