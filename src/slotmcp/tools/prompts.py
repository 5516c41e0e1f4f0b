"""MCP prompt for an agent that answers a business's phone."""

from typing import Annotated, Final

from mcp.server import MCPServer
from pydantic import Field

from slotmcp.domain.access import Scope
from slotmcp.services.app import App
from slotmcp.tools import arguments
from slotmcp.tools.admission import admitted
from slotmcp.tools.argument_reader import read_arguments
from slotmcp.tools.gate import CallGate
from slotmcp.tools.receptionist import receptionist_prompt

RECEPTIONIST: Final = "phone_receptionist"


class PhoneReceptionist(arguments.ProjectArguments):
    """Arguments of the prompt."""

    locale: arguments.Locale = ""


def add_receptionist_prompt(server: MCPServer, app: App, gate: CallGate, *, is_read_only: bool) -> None:
    """Offer the prompt to clients that may use the callers' tools."""

    @server.prompt(
        RECEPTIONIST,
        title="Phone receptionist",
        description="System prompt for an agent that answers the phone of a business and books appointments: the "
        "business, its hours and services, today's date, and how to use the tools.",
    )
    async def phone_receptionist(
        projectId: Annotated[str, Field(description="Project, if the credential reaches several")] = "",  # noqa: N803
        locale: Annotated[str, Field(description="Language to speak, such as es; default: the business's")] = "",
    ) -> str:
        async with admitted(gate, Scope.CALLER) as principal:
            args = read_arguments(PhoneReceptionist, {"projectId": projectId, "locale": locale})
            answer = await app.projects.list_services(principal.resolve_project(args.project_id))
        return receptionist_prompt(answer, locale=args.locale, is_read_only=is_read_only)
