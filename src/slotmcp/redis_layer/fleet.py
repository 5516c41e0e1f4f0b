"""Implementations of the ports Fleet, LiveHolds, RateLimiter and AttemptLimiter on Redis."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson

from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import AttemptLimit, AttemptLimiter, ChangeNotice, Rate, RateLimiter
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.keys import REVISION_MS, SAVE_INTERVAL_MS, SNAPSHOT_MS, SUPERSEDED_MS
from slotmcp.redis_layer.link import SCAN_SECONDS, RedisLink
from slotmcp.redis_layer.scripts import COUNT_ATTEMPT, COUNT_CALL, RAISE_REVISION, SAVE_SNAPSHOT
from slotmcp.redis_layer.snapshots import ScheduleCodec

if TYPE_CHECKING:
    from slotmcp.redis_layer.clients import Client

SCAN_COUNT: Final = 1_000
"""Number of keys that Redis examines at a time, while others wait."""


class RedisFleet:
    """Implementation of the port Fleet: revisions, snapshots and notices."""

    def __init__(self, link: RedisLink, channel: Channel, *, incarnation: str = "") -> None:
        """Share the schedules of one history of a database, which `incarnation` identifies."""
        self._link = link
        self._keys = link.keys
        self._channel = channel
        self._codec = ScheduleCodec()
        self._schema = f"{self._codec.schema}-{incarnation}" if incarnation else self._codec.schema

    async def revision(self, project_id: str) -> int | None:
        value = await self._link.run(lambda client: client.get(self._keys.revision(project_id)))
        return int(value) if value is not None and value.isdigit() else None

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """Return a snapshot; None if it is missing or cannot be decoded."""
        key = self._keys.snapshot(project_id, revision, self._schema)
        value = await self._link.run(lambda client: client.get(key))
        return self._codec.decode(value, project_id, revision) if isinstance(value, bytes) else None

    async def save_snapshot(self, schedule: Schedule) -> None:
        project_id, keys, schema = schedule.project.id, self._keys, self._schema
        recently_saved = keys.recently_saved(project_id, schema)
        if not await self._link.run(lambda client: client.set(recently_saved, 1, px=SAVE_INTERVAL_MS, nx=True)):
            return
        script_keys = (
            keys.newest_snapshot(project_id, schema),
            keys.snapshot(project_id, schedule.revision, schema),
            keys.snapshot(project_id, "", schema),
        )
        arguments = (schedule.revision, self._codec.encode(schedule), SNAPSHOT_MS, SUPERSEDED_MS)
        await self._link.run(lambda client: SAVE_SNAPSHOT.run(client, keys=script_keys, arguments=arguments))

    async def drop_snapshots(self, project_id: str) -> bool:
        """Delete the snapshots of all versions of this program."""
        pattern = self._keys.all_snapshots(project_id)
        is_done = await self._link.run(lambda client: _delete(client, pattern), timeout_seconds=SCAN_SECONDS)
        return is_done or False

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        if age_ms < REVISION_MS:
            await self._raise_revision(project_id, revision, REVISION_MS - age_ms, b"")

    async def publish(self, notice: ChangeNotice) -> None:
        message = orjson.dumps((notice.project_id, notice.revision, notice.newest_event))
        await self._raise_revision(notice.project_id, notice.revision, REVISION_MS, message)

    def subscribe(self, handler: Callable[[ChangeNotice], None]) -> None:
        """Call the handler with every notice; a message that cannot be decoded is ignored."""

        def receive(message: bytes) -> None:
            if (notice := _decode(message)) is not None:
                handler(notice)

        self._channel.subscribe(receive)

    async def _raise_revision(self, project_id: str, revision: int, lifetime_ms: int, message: bytes) -> None:
        keys = (self._keys.revision(project_id),)
        arguments = (revision, lifetime_ms, self._keys.channel, message)
        await self._link.run(lambda client: RAISE_REVISION.run(client, keys=keys, arguments=arguments))


class RedisHolds:
    """Implementation of the port LiveHolds: a key per hold, with its lifetime and without customer data."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._keys = link.keys

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        lifetime_ms = (hold.claim.expires_at_ms or now_ms) - now_ms
        if lifetime_ms > 0:
            key, value = self._keys.hold(project_id, hold.token), orjson.dumps(_describe(hold))
            await self._link.run(lambda client: client.set(key, value, px=lifetime_ms))

    async def remove(self, project_id: str, token: str) -> None:
        key = self._keys.hold(project_id, token)
        await self._link.run(lambda client: client.getdel(key))  # `delete` makes three trips in a cluster

    async def contains(self, project_id: str, token: str) -> bool:
        key = self._keys.hold(project_id, token)
        return await self._link.run(lambda client: client.get(key)) is not None


class RedisRateLimiter:
    """Implementation of the port RateLimiter: one count for all servers, by the clock of Redis.

    While Redis is unavailable, each server counts its own calls.
    """

    def __init__(self, link: RedisLink, *, fallback: RateLimiter) -> None:
        self._link = link
        self._fallback = fallback

    async def acquire(self, name: str, rate: Rate) -> int:
        keys, arguments = (self._link.keys.rate(name),), (MS_PER_MINUTE / rate.per_minute, MS_PER_MINUTE)
        wait_ms = await self._link.run(lambda client: COUNT_CALL.run(client, keys=keys, arguments=arguments))
        return await self._fallback.acquire(name, rate) if wait_ms is None else wait_ms


class RedisAttemptLimiter:
    """Implementation of the port AttemptLimiter: one count for all servers, by the clock of Redis.

    While Redis is unavailable, each server counts its own attempts.
    """

    def __init__(self, link: RedisLink, *, fallback: AttemptLimiter) -> None:
        self._link = link
        self._fallback = fallback

    async def acquire(self, name: str, limit: AttemptLimit) -> int:
        keys, arguments = (self._link.keys.attempts(name),), (limit.count, limit.period_ms)
        wait_ms = await self._link.run(lambda client: COUNT_ATTEMPT.run(client, keys=keys, arguments=arguments))
        return await self._fallback.acquire(name, limit) if wait_ms is None else wait_ms

    async def refund(self, name: str) -> None:
        """Forget the newest attempt; the fallback counted it if Redis was unavailable then."""
        key = self._link.keys.attempts(name)
        if await self._link.run(lambda client: client.rpop(key)) is None:
            await self._fallback.refund(name)


async def _delete(client: "Client", pattern: str) -> bool:
    keys = [key async for key in client.scan_iter(match=pattern, count=SCAN_COUNT)]
    if keys:
        await client.delete(*keys)
    return True


def _decode(message: bytes) -> ChangeNotice | None:
    try:
        decoded: Any = orjson.loads(message)
        project_id, revision, event = decoded
    except (ValueError, TypeError):
        return None
    is_notice = isinstance(project_id, str) and isinstance(revision, int) and isinstance(event, int)
    return ChangeNotice(project_id=project_id, revision=revision, newest_event=event) if is_notice else None


def _describe(hold: Hold) -> dict[str, Any]:
    """Return a hold's fields that operators can read in Redis."""
    claim = hold.claim
    return {
        "claimId": claim.id,
        "technicianId": claim.technician_id,
        "serviceId": claim.service_id,
        "startMinute": claim.start,
        "endMinute": claim.end,
        "expiresAtMs": claim.expires_at_ms,
    }
