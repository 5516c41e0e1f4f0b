"""Webhooks of calendars. No key is asked for: each message is signed.

Any name of this server will do, and no web page's origin is looked at: what is not signed is refused, whoever sends it.
"""

import logging
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slotmcp import telemetry
from slotmcp.domain.errors import TryLater
from slotmcp.ports.calendar import InvalidSignature, MalformedDelivery
from slotmcp.services.calendar.calendars import CalendarService
from slotmcp.web.answers import refusal, retry

CALCOM_PATH: Final = "/webhooks/calcom/{project}"
SIGNATURE: Final = "x-cal-signature-256"
_MS_PER_SECOND: Final = 1000

_log: Final = logging.getLogger("slotmcp.webhooks")


class Webhooks:
    """Takes deliveries. Cal.com sends none a second time: what is refused here is healed by reconciling."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    def routes(self) -> Sequence[Route]:
        """Where they come."""
        return [Route(CALCOM_PATH, self.calcom, methods=["POST"])]

    async def calcom(self, request: Request) -> Response:
        """A delivery of Cal.com's for one project."""
        outcome, answer = await self._taken(request)
        telemetry.webhook_answered(outcome)
        return answer

    async def _taken(self, request: Request) -> tuple[str, Response]:
        body = await request.body()
        try:
            applied = await self._calendars.receive(
                request.path_params["project"], body, request.headers.get(SIGNATURE, "")
            )
        except InvalidSignature:
            return "unsigned", refusal(401, "unsigned", "The delivery is not signed with a secret of this project.")
        except MalformedDelivery as error:
            _log.warning("A signed delivery could not be read: %s", error)
            return "unreadable", refusal(400, "unreadable", str(error))
        except TryLater as error:
            after = -(-error.retry_after_ms // _MS_PER_SECOND)
            return error.code, retry(503, error.code, error.message, after_seconds=after)
        telemetry.conflicts_began(applied.conflicts)
        return applied.effect.value, JSONResponse({"status": applied.effect.value})
