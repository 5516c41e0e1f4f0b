"""`slotmcp prompt`: the receptionist's instructions."""

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run


@pytest.mark.usefixtures("imported")
def test_the_text_is_printed_in_full(slotmcp: Run) -> None:
    result = slotmcp("prompt")
    assert result.code == Exit.OK
    assert result.out.startswith("You are the receptionist of ")
    assert "Today is " in result.out
    assert result.out == slotmcp("prompt", "denver-hvac").out


@pytest.mark.usefixtures("imported")
def test_an_undated_text_in_another_language(slotmcp: Run) -> None:
    text = slotmcp("prompt", "--undated", "--locale", "de").out
    assert "Today is " not in text
    assert "Wie kann ich Ihnen helfen?" in text


@pytest.mark.usefixtures("imported")
def test_an_unknown_project_is_refused(slotmcp: Run) -> None:
    result = slotmcp("prompt", "nowhere")
    assert result.code != Exit.OK
    assert "denver-hvac" in result.err
