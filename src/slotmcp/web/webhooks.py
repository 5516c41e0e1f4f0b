"""Calendar webhooks. They need no key, because each delivery is signed.

Host and origin are not checked: an unsigned delivery is rejected from every sender.
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
from slotmcp.services.calendar.service import CalendarService
from slotmcp.web.responses import error_response, try_later_response

CALCOM_PATH: Final = "/webhooks/calcom/{project}"
SIGNATURE: Final = "x-cal-signature-256"

_log: Final = logging.getLogger("slotmcp.webhooks")


class Webhooks:
    """Webhook receiver. Cal.com does not retry a delivery; reconciliation repairs rejected ones."""

    def __init__(self, calendars: CalendarService) -> None:
        self._calendars = calendars

    def routes(self) -> Sequence[Route]:
        """Return the webhook routes."""
        return [Route(CALCOM_PATH, self.calcom, methods=["POST"])]

    async def calcom(self, request: Request) -> Response:
        """Receive a Cal.com delivery for one project."""
        outcome, response = await self._receive(request)
        telemetry.record_webhook(outcome)
        return response

    async def _receive(self, request: Request) -> tuple[str, Response]:
        body = await request.body()
        try:
            applied = await self._calendars.receive(
                request.path_params["project"], body, request.headers.get(SIGNATURE, "")
            )
        except InvalidSignature:
            return "unsigned", error_response(401, "unsigned", "The delivery lacks a valid signature of this project.")
        except MalformedDelivery as error:
            _log.warning("Cannot parse a signed delivery: %s", error)
            return "unreadable", error_response(400, "unreadable", str(error))
        except TryLater as error:
            return error.code, try_later_response(error)
        telemetry.record_calendar_conflicts(applied.conflicts)
        return applied.effect.value, JSONResponse({"status": applied.effect.value})
