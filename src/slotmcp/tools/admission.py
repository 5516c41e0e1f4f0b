"""Admission of requests other than tool calls: those for resources, prompts and completions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.errors import InvalidArgument, NotFound, SlotmcpError
from slotmcp.tools.gate import CallGate, hide_other_projects


@asynccontextmanager
async def admitted(gate: CallGate, scope: Scope) -> AsyncIterator[Principal]:
    """Run a block as an admitted call, and raise its errors as protocol errors.

    Raises:
        MCPError: the request is wrong, or it cannot be served now.
    """
    try:
        with gate.enter() as principal:
            await gate.admit(principal, scope)
            yield principal
    except NotFound as error:
        raise MCPError(INVALID_PARAMS, hide_other_projects(gate.principal, error).message) from None
    except InvalidArgument as error:
        raise MCPError(INVALID_PARAMS, error.message) from None
    except SlotmcpError as error:
        raise MCPError(INTERNAL_ERROR, error.message) from None
