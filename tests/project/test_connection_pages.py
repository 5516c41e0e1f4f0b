"""The pages about clients and voice platforms: each block of configuration agrees with the code."""

import ast
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.main import get_command

from project.configurations import (
    Block,
    blocks_of,
    commands_of,
    headers_of,
    install_link,
    names_of,
    objects_in,
    urls_of,
)
from project.repository import ROOT, headings, prose
from slotmcp.asgi import SSE_PATHS
from slotmcp.cli.commands import app
from slotmcp.services.access import PREFIX
from slotmcp.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings
from slotmcp.tools.http import STREAMABLE_PATH
from slotmcp.tools.server import CALLER_TOOLS
from slotmcp.web.authentication import API_KEY_HEADER, CALL_HEADERS
from slotmcp.web.openapi import OPENAPI_PATH, openapi_document
from slotmcp.web.retell import RETELL_PATH, RETELL_TOOL_PATH
from slotmcp.web.tool_calls import KEY_HEADER, TOOLS_PATH
from slotmcp.web.vapi import VAPI_PATH

HOW_TO = ROOT / "docs" / "how-to"
INDEX = HOW_TO / "connect-clients.md"
CLIENTS = sorted((HOW_TO / "clients").glob("*.md"))
PLATFORMS = sorted((HOW_TO / "platforms").glob("*.md"))
PAGES = [*CLIENTS, *PLATFORMS]
ADDRESS = "book.example.com"
OTHER_HOSTS = {
    "agent.example.com",
    "api.elevenlabs.io",
    "api.retellai.com",
    "api.vapi.ai",
    "cursor.com",
    "insiders.vscode.dev",
    "login.example.com",
    "opencode.ai",
}
"""Hosts of other companies, and of the reader's own programs."""
OTHER_HEADERS = {"content-type", "xi-api-key"}
TRY = "Four prompts to try first"
CLIENT_SECTIONS = ["Configuration", "What the model sees", "Limits", "Call id", TRY]
PLATFORM_SECTIONS = ["Configuration", "Prompt", *CLIENT_SECTIONS[1:]]
KEY_FORMS = re.compile(r"slk_\.\.\.|\$\w+|\$?\{(?:env:|input:)?[\w-]+\}|\{os\.environ\['BOOKING_KEY'\]\}")
TOOL_SCHEMAS = {tool.name: tool.parameters for tool in CALLER_TOOLS}

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def paths() -> set[str]:
    """Return the paths of the server that a configuration can name."""
    by_tool = {path.format(name=name) for path in (TOOLS_PATH, RETELL_TOOL_PATH) for name in TOOL_SCHEMAS}
    return {STREAMABLE_PATH, *SSE_PATHS, VAPI_PATH, RETELL_PATH, OPENAPI_PATH} | by_tool


def wrong_urls(block: Block) -> list[str]:
    """Return the URLs whose host is not known, or whose path the server does not have."""
    wrong = []
    for url in urls_of(block):
        parts = urlsplit(url.rstrip(".,"))
        if parts.hostname == ADDRESS:
            wrong += [] if parts.path in paths() | {""} else [url]
        elif parts.hostname not in OTHER_HOSTS:
            wrong.append(url)
    return wrong


def check_command(words: list[str]) -> None:
    """Parse a command line of slotmcp as the program does, without running it.

    Raises:
        AssertionError: if the words start another program.
        click.UsageError: if slotmcp refuses them.
    """
    words = words[1:] if words[0] == "uvx" else words
    assert Path(words[0]).name == "slotmcp", words
    command: Any = get_command(app)
    rest = words[1:]
    while hasattr(command, "commands"):
        assert rest, words
        assert rest[0] in command.commands, words
        command = command.commands[rest.pop(0)]
    command.make_context(words[0], rest)


def wrong_headers(block: Block) -> list[tuple[str, object]]:
    """Return the headers that the server does not read, and credentials in another form."""
    return [(name, value) for name, value in headers_of(block) if not _is_header(name, value)]


def _is_header(name: str, value: object) -> bool:
    text = str(value).removeprefix("f").strip("\"'")
    match name.lower():
        case "authorization":
            return text.startswith("Bearer ") and KEY_FORMS.fullmatch(text.removeprefix("Bearer ")) is not None
        case key if key == API_KEY_HEADER:
            return isinstance(value, dict) or KEY_FORMS.fullmatch(text) is not None
    return name.lower() in {*CALL_HEADERS, KEY_HEADER} | OTHER_HEADERS


def functions_in(block: Block) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tools that a configuration declares, with the schema of their parameters."""
    for found in objects_in(block.parsed):
        if isinstance(found.get("parameters"), dict) and "properties" in found["parameters"]:
            yield found["name"], found["parameters"]


def wrong_parameters(name: str, schema: dict[str, Any]) -> list[str]:
    """Return the parameters that a tool does not have in this form."""
    properties = TOOL_SCHEMAS[name]["properties"]
    return [
        key
        for key, value in schema["properties"].items()
        if key not in properties or any(properties[key].get(part) != value.get(part) for part in ("type", "enum"))
    ]


def test_each_page_is_in_the_table() -> None:
    links = set(re.findall(r"\]\(((?:clients|platforms)/[\w-]+\.md)\)", INDEX.read_text(encoding="utf-8")))
    assert links == {str(page.relative_to(HOW_TO)) for page in PAGES}
    assert len(CLIENTS) == len(PLATFORMS) == 8


@by_name
def test_each_page_has_the_same_sections(page: Path) -> None:
    assert headings(page, 2) == (CLIENT_SECTIONS if page in CLIENTS else PLATFORM_SECTIONS)


@by_name
def test_each_page_has_the_same_four_prompts(page: Path) -> None:
    assert prompts_of(page) == prompts_of(INDEX)


def prompts_of(page: Path) -> list[str]:
    """Return the prompts to try first."""
    section = prose(page).partition(f"## {TRY}\n")[2].partition("\n## ")[0]
    found = re.findall(r'^\d\. "(.+)"$', section, re.MULTILINE)
    assert len(found) == 4, page
    return found


@pytest.mark.parametrize("page", [*PAGES, INDEX], ids=lambda page: page.stem)
def test_commands_urls_names_and_headers_agree_with_the_code(page: Path) -> None:
    blocks = blocks_of(page)
    assert any(ADDRESS in block.text for block in blocks)
    for block in blocks:
        for words in commands_of(block):
            check_command(words)
        assert wrong_urls(block) == []
        assert set(names_of(block)) <= {"slotmcp"}
        assert wrong_headers(block) == []
        for name, schema in functions_in(block):
            assert wrong_parameters(name, schema) == []


@by_name
def test_addresses_in_sentences_are_those_of_the_server(page: Path) -> None:
    named = re.findall(rf"`https://{re.escape(ADDRESS)}(/[^`]*)`", prose(page))
    assert set(named) <= paths()


@by_name
def test_variables_are_settings(page: Path) -> None:
    settings = {CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in Settings.model_fields)}
    assert set(re.findall(rf"\b{ENV_PREFIX}[A-Z_]+", page.read_text(encoding="utf-8"))) <= settings


@pytest.mark.parametrize("page", CLIENTS, ids=lambda page: page.stem)
def test_each_client_that_starts_programs_can_have_the_sample(page: Path) -> None:
    commands = [words for block in blocks_of(page) for words in commands_of(block)]
    assert ["uvx", "slotmcp", "stdio", "--sample"] in commands or page.stem == "chatgpt"


def test_the_tools_of_the_prompts_exist() -> None:
    table = prose(INDEX).partition("| prompt | tools |")[2].partition("\n## ")[0]
    named = {name for name in re.findall(r"`(\w+)`", table) if "_" in name}
    assert len(named) > 3
    assert named <= set(TOOL_SCHEMAS)


def test_pipecat_fixes_arguments_that_the_tools_have() -> None:
    (tree,) = [block.parsed for block in blocks_of(HOW_TO / "platforms" / "pipecat.md") if block.language == "python"]
    (fixed,) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    for name, arguments in ast.literal_eval(fixed).items():
        assert set(arguments) <= set(TOOL_SCHEMAS[name]["properties"])


def test_the_program_for_retell_declares_every_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [block.text for block in blocks_of(HOW_TO / "platforms" / "retell.md") if block.language == "python"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(openapi_document(CALLER_TOOLS, public_url="").decode()))
    monkeypatch.setattr(sys, "stdout", written := io.StringIO())
    exec(compile(code, "functions.py", "exec"), {})  # noqa: S102  a page of this repository
    functions = json.loads(written.getvalue())["general_tools"]
    assert [function["name"] for function in functions] == list(TOOL_SCHEMAS)
    for function in functions:
        assert wrong_parameters(function["name"], function["parameters"]) == []


def test_wrong_configurations_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '```json\n{"mcpServers": {"slot": {"url": "https://book.example.com/mpc", "headers": {"X-Call": "1"}}}}\n```\n'
        "```bash\nclaude mcp add slotmcp -- uvx slotmcp stdio --samples\n```\n"
        '```bash\ncurl https://book.exmaple.com/mcp -H "Authorization: slk_..."\n```\n'
    )
    files, command, request = blocks_of(page)
    assert (set(names_of(files)), len(wrong_urls(files)), len(wrong_headers(files))) == ({"slot"}, 1, 1)
    (words,) = commands_of(command)
    with pytest.raises(Exception, match="--samples"):
        check_command(words)
    assert (len(wrong_urls(request)), len(wrong_headers(request))) == (1, 1)
    assert wrong_parameters("get_slots", {"properties": {"service": {"type": "string"}}}) == ["service"]


def test_install_links_are_decoded() -> None:
    encoded = "eyJjb21tYW5kIjoidXZ4In0%3D"
    assert install_link(f"https://cursor.com/en/install-mcp?name=a&config={encoded}") == {
        "mcpServers": {"a": {"command": "uvx"}}
    }
    assert install_link("vscode:mcp/install?%7B%22name%22%3A%22a%22%2C%22command%22%3A%22uvx%22%7D") == {
        "servers": {"a": {"command": "uvx"}}
    }


def test_the_prefix_of_keys_is_that_of_the_pages() -> None:
    assert PREFIX == "slk_"
