"""Tests of the OpenAPI document: it is valid, describes the tools that MCP lists, and holds for random requests.

APIFUZZ_EXAMPLES sets the number of random requests per tool; `make apifuzz` sends 300.
"""

import asyncio
import os
import re
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import jsonschema
import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from mcp import Client
from openapi_spec_validator import validate
from schemathesis.checks import CHECKS, load_all_checks
from typer.testing import CliRunner

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.cli.commands import app
from slotmcp.domain.access import Scope
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools
from slotmcp.web.openapi import openapi_document
from support.denver import PLAN, PROJECT
from support.http_server import open_database
from support.plain_http import running_client
from support.raw_http import listening
from support.server import Caller

CHECK_NAMES: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
"""Checks of schemathesis. Those that expect invalid arguments to be refused do not apply: the tools are lenient."""
EXAMPLES: Final = int(os.environ.get("APIFUZZ_EXAMPLES", "2"))
TOOLS: Final = select_tools(Toolset.OPERATOR)
DOCUMENT: Final[dict[str, Any]] = orjson.loads(openapi_document(TOOLS))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    path = tmp_path_factory.mktemp("openapi") / "slotmcp.db"

    async def prepare() -> list[str]:
        async with open_database(path, PLAN) as database:
            access = database.app.access
            return [(await access.create(scope, project=PROJECT.id)).token for scope in (Scope.CALLER, Scope.OPERATOR)]

    caller, operator = anyio.run(prepare)
    return path, caller, operator


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


async def test_each_operation_is_the_tool_that_mcp_lists(operator: Caller) -> None:
    async with Client(operator.server) as client:
        listed = (await client.list_tools()).tools
    assert list(DOCUMENT["paths"]) == [f"/v1/tools/{tool.name}" for tool in listed]
    for tool in listed:
        operation = DOCUMENT["paths"][f"/v1/tools/{tool.name}"]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        assert (operation["summary"], operation["description"]) == (tool.title, tool.description)
        assert body["schema"] == tool.input_schema
        assert operation["requestBody"]["required"] == bool(tool.input_schema.get("required"))
        jsonschema.Draft202012Validator(body["schema"]).validate(body["example"])
        assert set(body["example"]) <= set(body["schema"]["properties"])


async def test_an_example_of_each_reading_tool_succeeds(operator: Caller) -> None:
    for tool in TOOLS:
        if tool.is_read_only:
            await operator.call(tool.name, **tool.example)


def test_the_example_of_an_error_has_the_form_of_errors() -> None:
    schema = DOCUMENT["components"]["schemas"]["ToolError"]
    jsonschema.Draft202012Validator(schema).validate(schema["examples"][0])


@pytest.mark.usefixtures("quiet_logging")
async def test_a_reader_without_a_key_sees_the_tools_of_callers(keys: tuple[Path, str, str]) -> None:
    path, caller, operator = keys
    async with running_client(HttpApp(Settings(database_url=str(path)), ServeOptions(is_local=True))) as client:

        async def read(**headers: str) -> httpx2.Response:
            return await client.http.get("/openapi.json", headers=headers)

        without, callers = await read(), await read(Authorization=f"Bearer {caller}")
        operators, wrong = await read(Authorization=f"Bearer {operator}"), await read(Authorization="Bearer slk_x")
        elsewhere, posted = await read(Host="evil.example.com"), await client.http.post("/openapi.json")
    assert without.content == callers.content == openapi_document(select_tools(Toolset.CALLER))
    assert operators.content == openapi_document(TOOLS)
    assert [one.status_code for one in (without, wrong, elsewhere, posted)] == [200, 401, 421, 405]
    assert "boulder" not in without.text
    assert PROJECT.id not in without.text


@pytest.mark.usefixtures("quiet_logging")
async def test_the_page_shows_the_tools_of_its_reader_without_requests_to_other_hosts(
    keys: tuple[Path, str, str],
) -> None:
    path, _, operator = keys
    async with running_client(HttpApp(Settings(database_url=str(path)))) as client:
        without = await client.http.get("/docs")
        operators = await client.http.get("/docs", headers={"Authorization": f"Bearer {operator}"})
        wrong = await client.http.get("/docs", headers={"Authorization": "Bearer slk_x"})
    assert [one.status_code for one in (without, operators, wrong)] == [200, 200, 401]
    for tool in TOOLS:
        is_callers = tool.scope is Scope.CALLER
        assert (f'id="{tool.name}"' in without.text) is is_callers
        assert f'id="{tool.name}"' in operators.text
    assert "default-src 'none'" in without.headers["content-security-policy"]
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", without.text)


@pytest.mark.usefixtures("quiet_logging")
async def test_the_document_has_the_tools_of_the_server(keys: tuple[Path, str, str]) -> None:
    settings = Settings(database_url=str(keys[0]), public_url="https://book.example.com/")
    options = ServeOptions(is_open=True, is_local=True, toolset=Toolset.OPERATOR, read_only=True)
    async with running_client(HttpApp(settings, options)) as client:
        served = (await client.http.get("/openapi.json")).content
    tools = select_tools(Toolset.OPERATOR, read_only=True)
    assert served == openapi_document(tools, public_url="https://book.example.com")


def test_the_command_prints_the_same_document() -> None:
    printed = CliRunner().invoke(app, ["openapi"])
    restricted = CliRunner().invoke(app, ["openapi", "--toolset", "operator", "--read-only"])
    assert (printed.exit_code, printed.stdout_bytes) == (0, openapi_document(select_tools(Toolset.CALLER)))
    assert restricted.stdout_bytes == openapi_document(select_tools(Toolset.OPERATOR, read_only=True))


@pytest.mark.usefixtures("quiet_logging")
async def test_random_requests_get_documented_responses(keys: tuple[Path, str, str]) -> None:
    path, _, operator = keys
    served = HttpApp(Settings(database_url=str(path), rate_limit_per_key=0))
    async with listening(served) as port:
        await asyncio.to_thread(send_random_requests, f"http://127.0.0.1:{port}", operator)


def send_random_requests(url: str, key: str) -> None:
    """Send requests that schemathesis generates from the document, and check their responses."""
    load_all_checks()
    checks = CHECKS.get_by_names(CHECK_NAMES)
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        for path in DOCUMENT["paths"]:
            send_to(schema[path]["POST"], url, session, checks)


def send_to(operation: Any, url: str, session: requests.Session, checks: Any) -> None:  # noqa: ANN401  of schemathesis
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:  # noqa: ANN401  of schemathesis
        response = case.call(base_url=url, session=session)
        case.validate_response(response, checks=checks, headers=dict(session.headers))

    send()
