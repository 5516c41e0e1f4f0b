"""The port's Fleet over Redis: revisions and snapshots."""

from collections.abc import Callable
from typing import Any

import orjson

from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ChangeNotice
from slotmcp.redis_layer.channel import Channel
from slotmcp.redis_layer.link import RedisLink
from slotmcp.redis_layer.names import KEEPING_MS, OUTDATED_MS, REVISION_MS, SNAPSHOT_MS
from slotmcp.redis_layer.scripts import KEEP_SNAPSHOT, RAISE_REVISION
from slotmcp.redis_layer.snapshots import ScheduleCodec


class RedisFleet:
    """Tells and learns by way of Redis."""

    def __init__(self, link: RedisLink, channel: Channel) -> None:
        self._link = link
        self._names = link.names
        self._channel = channel
        self._codec = ScheduleCodec()

    async def revision(self, project_id: str) -> int | None:
        """As the port says."""
        told = await self._link.ask(lambda client: client.get(self._names.revision(project_id)))
        return int(told) if told is not None and told.isdigit() else None

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """As the port says; what cannot be read is not there."""
        key = self._names.snapshot(project_id, revision, self._codec.schema)
        told = await self._link.ask(lambda client: client.get(key))
        return self._codec.decode(told, project_id, revision) if isinstance(told, bytes) else None

    async def save_snapshot(self, schedule: Schedule) -> None:
        """As the port says."""
        project_id, names, schema = schedule.project.id, self._names, self._codec.schema
        keeping = names.keeping(project_id, schema)
        if not await self._link.ask(lambda client: client.set(keeping, 1, px=KEEPING_MS, nx=True)):
            return
        keys = (
            names.newest_snapshot(project_id, schema),
            names.snapshot(project_id, schedule.revision, schema),
            names.snapshot(project_id, "", schema),
        )
        arguments = (schedule.revision, self._codec.encode(schedule), SNAPSHOT_MS, OUTDATED_MS)
        await self._link.ask(lambda client: KEEP_SNAPSHOT.run(client, keys=keys, arguments=arguments))

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        """As the port says."""
        if age_ms < REVISION_MS:
            await self._raise(project_id, revision, REVISION_MS - age_ms, b"")

    async def publish(self, news: ChangeNotice) -> None:
        """As the port says."""
        said = orjson.dumps((news.project_id, news.revision, news.newest_event))
        await self._raise(news.project_id, news.revision, REVISION_MS, said)

    def subscribe(self, hear: Callable[[ChangeNotice], None]) -> None:
        """As the port says; what cannot be read is not heard."""

        def read(said: bytes) -> None:
            if (news := _news(said)) is not None:
                hear(news)

        self._channel.subscribe(read)

    async def _raise(self, project_id: str, revision: int, lives_ms: int, said: bytes) -> None:
        keys = (self._names.revision(project_id),)
        arguments = (revision, lives_ms, self._names.news, said)
        await self._link.ask(lambda client: RAISE_REVISION.run(client, keys=keys, arguments=arguments))


def _news(said: bytes) -> ChangeNotice | None:
    try:
        told: Any = orjson.loads(said)
        project_id, revision, event = told
    except (ValueError, TypeError):
        return None
    is_news = isinstance(project_id, str) and isinstance(revision, int) and isinstance(event, int)
    return ChangeNotice(project_id=project_id, revision=revision, newest_event=event) if is_news else None
