"""Completion of the arguments of prompts and resource templates: ids of projects, services and technicians."""

from collections.abc import Iterable
from typing import Final

from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.services.app import App
from slotmcp.tools.admission import admitted
from slotmcp.tools.gate import CallGate
from slotmcp.tools.resources import RESOURCE_SCOPES
from slotmcp.tools.speech.locales import LOCALES

MAX_VALUES: Final = 100
"""Number of values in one completion (protocol limit)."""


def add_completions(server: MCPServer, app: App, gate: CallGate) -> None:
    """Complete the arguments of prompts and resources, with values that the current principal may read."""

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # not typed by the SDK
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        if argument.name not in await _argument_names(server, ref):
            raise MCPError(INVALID_PARAMS, "There is no such argument to complete.")
        others = (context.arguments if context else None) or {}
        async with admitted(gate, _scope_of(ref)) as principal:
            values = await _values(app, principal, argument.name, others.get("projectId") or None)
        return _matching(values, argument.value)


async def _argument_names(server: MCPServer, ref: PromptReference | ResourceTemplateReference) -> set[str]:
    """Return the arguments of a listed prompt or resource template; empty for another one."""
    if isinstance(ref, PromptReference):
        prompts = [prompt for prompt in await server.list_prompts() if prompt.name == ref.name]
        return {argument.name for prompt in prompts for argument in prompt.arguments or ()}
    templates = {template.uri_template for template in await server.list_resource_templates()}
    return {part.partition("}")[0] for part in ref.uri.split("{")[1:]} if ref.uri in templates else set()


def _scope_of(ref: PromptReference | ResourceTemplateReference) -> Scope:
    return RESOURCE_SCOPES.get(ref.uri, Scope.CALLER) if isinstance(ref, ResourceTemplateReference) else Scope.CALLER


async def _values(app: App, principal: Principal, name: str, project_id: str | None) -> Iterable[str]:
    """Return the possible values of an argument. Ids in an unknown project have none, and secret ids are not listed."""
    match name:
        case "projectId":
            return filter(principal.can_reach, await app.projects.ids())
        case "locale":
            return LOCALES
        case "serviceType" | "technicianId":
            try:
                return await _catalog_ids(app, name, principal.resolve_project(project_id))
            except (NotFound, InvalidArgument):
                return ()
        case _:
            return ()


async def _catalog_ids(app: App, name: str, project_id: str | None) -> Iterable[str]:
    if name == "serviceType":
        return [service.id for service in (await app.projects.list_services(project_id)).services]
    return [one.technician.id for one in (await app.technicians.list_technicians(project_id)).technicians]


def _matching(values: Iterable[str], beginning: str) -> Completion:
    """Return the values that begin with a text, regardless of case, in alphabetical order."""
    matching = sorted(value for value in values if value.lower().startswith(beginning.lower()))
    return Completion(values=matching[:MAX_VALUES], total=len(matching), has_more=len(matching) > MAX_VALUES)
