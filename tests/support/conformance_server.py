"""Real HTTP server, with the fixtures that the conformance suite expects.

The suite's README and scenarios define the tools, resources and prompts that it calls, and their responses.
"""

import base64
import json
import sys
from typing import Final

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import (
    AudioContent,
    CallToolResult,
    Completion,
    CompletionArgument,
    CompletionContext,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.cli.http import connection_limits
from slotmcp.settings import Settings
from slotmcp.web.serving import listen, serve

DESCRIPTION: Final = "For the conformance suite."
PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE: Final = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="

IMAGE: Final = ImageContent(type="image", data=PIXEL, mime_type="image/png")
AUDIO: Final = AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


def add_fixtures(server: MCPServer) -> None:
    """Add the suite's fixtures."""
    _add_tools(server)
    _add_resources(server)
    _add_prompts(server)


def _resource(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def _add_tools(server: MCPServer) -> None:
    contents: dict[str, list[ContentBlock]] = {
        "test_simple_text": [TextContent(type="text", text="This is a simple text response for testing.")],
        "test_image_content": [IMAGE],
        "test_audio_content": [AUDIO],
        "test_embedded_resource": [_resource("test://embedded-resource", "This is an embedded resource content.")],
        "test_multiple_content_types": [
            TextContent(type="text", text="Multiple content types test:"),
            IMAGE,
            _resource("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
        ],
    }
    for name, content in contents.items():
        _add_tool(server, name, content)

    @server.tool(description=DESCRIPTION)
    async def test_error_handling() -> CallToolResult:
        text = TextContent(type="text", text="This tool intentionally returns an error for testing")
        return CallToolResult(content=[text], is_error=True)

    @server.tool(description=DESCRIPTION)
    async def test_tool_with_progress(ctx: Context) -> str:
        for step in (0, 50, 100):
            await ctx.report_progress(progress=step, total=100)
        return "done"


def _add_tool(server: MCPServer, name: str, content: list[ContentBlock]) -> None:
    @server.tool(name=name, description=DESCRIPTION)
    async def respond() -> CallToolResult:
        return CallToolResult(content=content)


def _add_resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    async def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    async def template(id: str) -> str:  # noqa: A002  as the suite has it
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(server: MCPServer) -> None:
    @server.prompt(description=DESCRIPTION)
    async def test_simple_prompt() -> list[UserMessage]:
        return [UserMessage(TextContent(type="text", text="This is a simple prompt for testing."))]

    @server.prompt(description=DESCRIPTION)
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        return [UserMessage(TextContent(type="text", text=f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"))]

    @server.prompt(description=DESCRIPTION)
    async def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803  as the suite has it
        embedded = _resource(resourceUri, "Embedded resource content for testing.")
        question = TextContent(type="text", text="Please process the embedded resource above.")
        return [UserMessage(embedded), UserMessage(question)]

    @server.prompt(description=DESCRIPTION)
    async def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(IMAGE), UserMessage(TextContent(type="text", text="Please analyze the image above."))]

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # the library's
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        del ref, argument, context
        return Completion(values=[], total=0, has_more=False)


def create() -> HttpApp:
    return HttpApp(Settings.load(), ServeOptions(is_open=True, is_local=True, owns_process=True, extend=add_fixtures))


if __name__ == "__main__":
    listening = listen("127.0.0.1", 0)
    sys.stderr.write(f"slotmcp listens on http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
    serve(create, listening, workers=1, limits=connection_limits(Settings.load()), stop_seconds=0)
