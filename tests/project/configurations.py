"""Blocks of configuration on pages: parsed in their own syntax, with the commands, URLs and headers in them."""

import ast
import base64
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_BUTTON = re.compile(r"(?:https://cursor\.com/en/install-mcp|https://insiders\.vscode\.dev/redirect/mcp)[^\s)]*")
_URL = re.compile(r"\b(?:https?|wss)://[^\s'\"`<>)]+")
_HEADER_OPTIONS = ("-H", "--header")
_CLIENTS = ("claude", "codex", "gemini", "opencode")
_HEADERS = ("headers", "http_headers", "request_headers")
_SERVERS = ("mcpServers", "mcp_servers", "servers", "mcp")


class Block(NamedTuple):
    """One block of code; `parsed` is an object, a syntax tree, or a list of commands as lists of words."""

    language: str
    text: str
    parsed: Any


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page and the configurations in its install links.

    Raises:
        ValueError, SyntaxError: if a block does not parse.
        KeyError: if its language has no parser.
    """
    text = page.read_text(encoding="utf-8")
    written = [_block(language, _dedent(code, indent)) for indent, language, code in _BLOCK.findall(text)]
    return written + [_block("text", button) for button in _BUTTON.findall(text)]


def _block(language: str, text: str) -> Block:
    return Block(language, text, _PARSERS[language](text.strip()))


def _dedent(code: str, indent: str) -> str:
    return "\n".join(line.removeprefix(indent) for line in code.splitlines())


def _jsonc(text: str) -> object:
    without_comments = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", without_comments))


def _command_lines(text: str) -> list[list[str]]:
    return [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines() if line]


def install_link(link: str) -> object:
    """Return the configuration that an install link carries, in the form of a file; any other text is None."""
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    if link.startswith("vscode:mcp/install?"):
        entry = json.loads(unquote(parts.query))
        return {"servers": {entry.pop("name"): entry}}
    if parts.path.endswith("/install") and parts.hostname == "insiders.vscode.dev":
        return {"servers": {query["name"][0]: json.loads(query["config"][0])}}
    if parts.scheme == "cursor" or parts.path.endswith("/install-mcp"):
        return {"mcpServers": {query["name"][0]: json.loads(base64.b64decode(query["config"][0], validate=True))}}
    return None


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "json": json.loads,
    "jsonc": _jsonc,
    "toml": tomllib.loads,
    "python": ast.parse,
    "bash": _command_lines,
    "xml": ET.fromstring,
    "text": install_link,
}


def objects_in(value: object) -> Iterator[dict[str, Any]]:
    """Yield an object and all objects within it."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from objects_in(item)


def commands_of(block: Block) -> Iterator[list[str]]:
    """Yield the command lines that start a program of slotmcp."""
    if block.language == "bash":
        for words in block.parsed:
            yield from _commands_in_line(words)
    for found in objects_in(block.parsed):
        yield from _commands_in_object(found)


def _commands_in_line(line: list[str]) -> Iterator[list[str]]:
    words = line[: line.index("|")] if "|" in line else line
    words = words[: words.index(">")] if ">" in words else words
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if words[0] == "code":
        yield from _commands_in_object(json.loads(words[2]))
    elif words[0] == "gemini" and "slotmcp" in words and words[words.index("slotmcp") + 1] == "uvx":
        yield [word for word in words[words.index("uvx") :] if word != "--"]
    elif words[0] in _CLIENTS and "--" in words:
        yield words[words.index("--") + 1 :]
    elif words[0] in {"slotmcp", "uvx"}:
        yield words


def _commands_in_object(found: dict[str, Any]) -> Iterator[list[str]]:
    command = found.get("command")
    if isinstance(command, list):
        yield command
    elif isinstance(command, str) and command != "npx":
        yield [command, *found.get("args", [])]


def urls_of(block: Block) -> list[str]:
    """Return the URLs in a block and in the configuration of an install link."""
    carried = json.dumps(block.parsed) if block.language == "text" else ""
    return _URL.findall(block.text) + _URL.findall(carried)


def names_of(block: Block) -> Iterator[str]:
    """Yield the names under which configurations add servers."""
    for found in objects_in(block.parsed):
        for key in _SERVERS:
            if isinstance(servers := found.get(key), dict):
                yield from servers
        yield from (found[key] for key in ("server_label",) if key in found)
    if block.language == "bash":
        for words in block.parsed:
            if words[1:3] == ["mcp", "add"]:
                yield next((word for word in words if word == "slotmcp"), "no name")


def headers_of(block: Block) -> Iterator[tuple[str, object]]:
    """Yield the headers that a configuration sends, with their values."""
    if block.language == "bash":
        for words in block.parsed:
            for option, value in pairwise(words):
                if option in _HEADER_OPTIONS:
                    name, _, content = re.sub(r"^(\w+)=", r"\1: ", value).partition(":")
                    yield name, content.strip()
    elif block.language == "python":
        yield from _headers_in_code(block.parsed)
    for found in objects_in(block.parsed):
        for key in _HEADERS:
            yield from found.get(key, {}).items()


def _headers_in_code(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and re.match(r"X-|Authorization$", str(key.value)):
                    yield str(key.value), ast.unparse(value)
