"""A sample business has times to offer on whatever day and at whatever hour it is opened."""

from dataclasses import replace
from datetime import UTC, datetime

from slotmcp.bootstrap import build_app
from slotmcp.project_file import SAMPLES, read_project_file, sample_text
from slotmcp.services.slots import SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

TIMES = [
    "2026-12-04T23:50",  # a Friday night
    "2026-12-06T09:00",  # a Sunday
    "2026-12-24T15:00",
    "2027-01-01T03:00",
    "2027-07-04T18:00",
    "2028-02-29T12:00",
]


async def test_each_sample_has_times_to_offer() -> None:
    clock = HandClock()
    async with SqliteStore.open_in_memory(clock=clock) as store:
        app = build_app(store)
        for name in SAMPLES:
            for time in TIMES:
                clock.set_ms(int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * 1000)
                plan = read_project_file(sample_text(name), source=name, now_ms=clock.now_ms()).plan
                project = replace(plan.project, id=f"{name}-{time[:10]}")
                await app.projects.import_project(replace(plan, project=project), prune=False)
                service = project.default_service_id or plan.services[0].id
                answer = await app.slots.get_slots(SlotQuery(project_id=project.id, service_id=service, limit=1))
                assert answer.offer.slots or answer.next_free, (name, time)
