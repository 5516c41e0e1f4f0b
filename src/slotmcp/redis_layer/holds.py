"""The port's LiveHolds over Redis: a key for each, which goes when the hold does."""

from typing import Any

import orjson

from slotmcp.domain.claim import Hold
from slotmcp.redis_layer.link import RedisLink


class RedisHolds:
    """Shows holds in Redis: what is held, and until when; nothing of the customer."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._names = link.names

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        """As the port says."""
        lives_ms = (hold.claim.expires_at_ms or now_ms) - now_ms
        if lives_ms > 0:
            key, said = self._names.hold(project_id, hold.token), orjson.dumps(_told(hold))
            await self._link.ask(lambda client: client.set(key, said, px=lives_ms))

    async def remove(self, project_id: str, token: str) -> None:
        """As the port says."""
        key = self._names.hold(project_id, token)
        await self._link.ask(lambda client: client.delete(key))

    async def contains(self, project_id: str, token: str) -> bool:
        """As the port says."""
        key = self._names.hold(project_id, token)
        return bool(await self._link.ask(lambda client: client.exists(key)))


def _told(hold: Hold) -> dict[str, Any]:
    """What an operator sees."""
    claim = hold.claim
    return {
        "claimId": claim.id,
        "technicianId": claim.technician_id,
        "serviceId": claim.service_id,
        "startMinute": claim.start,
        "endMinute": claim.end,
        "expiresAtMs": claim.expires_at_ms,
    }
