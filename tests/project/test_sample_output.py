"""The commands on the pages print the output that the pages show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from project.repository import ROOT

SLOTMCP = [sys.executable, "-m", "slotmcp"]
PHONE = "303-555-0142"
LIMIT_SECONDS = 100


def run(*arguments: str, environment: dict[str, str]) -> str:
    command = [*SLOTMCP, *arguments]
    done = subprocess.run(  # noqa: S603  our own program
        command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True
    )
    return done.stdout


@pytest.fixture
async def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a database with the sample project and one booked customer."""
    variables = {**os.environ, "SLOTMCP_DATABASE_URL": str(tmp_path / "slotmcp.db")}
    run("import", str(ROOT / "examples" / "denver-hvac" / "project.yaml"), environment=variables)
    server = StdioServerParameters(command=SLOTMCP[0], args=[*SLOTMCP[1:], "stdio"], env=variables)
    async with Client(server) as client:
        slots = (await client.call_tool("get_slots", {"limit": 1})).structured_content or {}
        customer = {"customerName": "Maria Alvarez", "customerPhone": PHONE, "start": slots["slots"][0]["start"]}
        booked = await client.call_tool("book_slot", customer)
        assert not booked.is_error
    return variables


def test_forget_prints_the_output_on_its_page(environment: dict[str, str]) -> None:
    page = (ROOT / "docs" / "how-to" / "forget-a-customer.md").read_text("utf-8")
    shown = re.findall(rf'^\$ slotmcp forget "{PHONE}"\n(.+\n)', page, re.MULTILINE)
    assert len(shown) == 2
    printed = [run("forget", PHONE, environment=environment) for _ in shown]
    assert [output.splitlines(keepends=True)[0] for output in printed] == shown


def test_booking_prints_a_line_of_the_form_on_its_page(environment: dict[str, str]) -> None:
    page = (ROOT / "docs" / "how-to" / "manage-technicians.md").read_text("utf-8")
    shown = re.findall(r"^\$ slotmcp booking (b-104)\n(.+)$", page, re.MULTILINE)
    form = re.compile(r"b-104: AC repair, \w+, \w+ \d+ at \d+:\d\d [AP]M, with Ana Lucero: confirmed\.")
    assert [form.fullmatch(line) is not None for _, line in shown] == [True]
    assert form.fullmatch(run("booking", "b-104", environment=environment).strip())


@pytest.mark.parametrize(
    ("page", "first_file"), [("tutorials/first-booking.md", ""), ("how-to/describe-your-business.md", "acme.yaml")]
)
def test_the_commands_of_a_page_succeed(page: str, first_file: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    if first_file:
        (tmp_path / first_file).write_text(re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0])
    blocks = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("slotmcp ")]
    assert len(commands) > 2
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(tmp_path), "SLOTMCP_DATABASE_URL": str(tmp_path / "slotmcp.db")}
    script = "\n".join(["set -euo pipefail", *commands])
    subprocess.run(  # noqa: S603  commands of our own pages
        ["bash", "-c", script],  # noqa: S607  bash as installed
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
