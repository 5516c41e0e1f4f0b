"""Erasure of a customer after a busy life: the raw bytes of every file, PostgreSQL's rows and Redis hold none of it."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final, cast

import asyncpg
import orjson
import pytest
from mcp import Client
from redis import Redis

from slotmcp.bootstrap import open_app
from slotmcp.cli.databases import EraseAgain
from slotmcp.domain.access import LOCAL, CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.booking_rules import ServiceQuestion
from slotmcp.domain.catalog import TravelMode, TravelPolicy
from slotmcp.domain.erasure import CleanupReport
from slotmcp.domain.errors import FixSetup
from slotmcp.redis_layer.snapshots import ScheduleCodec
from slotmcp.services.app import App
from slotmcp.services.customers import SNAPSHOTS_CLEANED, SNAPSHOTS_REMAINING
from slotmcp.services.lookups import FindRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.settings import Settings
from slotmcp.store import cleanup
from slotmcp.store.backups import back_up_file
from slotmcp.store.connection import connect_writer
from slotmcp.store.copying import copy_between
from slotmcp.store.erasure_list import FileErasureList
from slotmcp.store.file_erasure import erase_in_file
from slotmcp.store.postgres import cleanup as postgres_cleanup
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.cleanup import KEPT_ELSEWHERE
from slotmcp.tools.gate import CallGate, Toolset
from slotmcp.tools.server import create_server
from support.denver import PLAN
from support.fleets import until
from support.postgres_databases import Databases, as_user, name_of
from support.redis_server import RedisServer
from support.server import Body, body_of
from support.sqlite_file import clone, integrity, reading, rows

PROJECT: Final = PLAN.project.id
PHONE, NEW_PHONE, EMAIL = "+13035550142", "+13035550143", "kim.zabriskie@example.com"
NAME, NEW_NAME = "Kim Zabriskie", "Kimberly Zabriskie"
ADDRESS, NOTES, REASON, CALL = "17 Quillwort Ave", "The gate code is 8841", "Zabriskie is ill", "zabriskie-call-303555"
LOCATION: Final = {"latitude": 39.7392, "longitude": -104.9903}
RELEASE_0005: Final = (Path(__file__).parents[1] / "unit" / "store" / "release_0005.sql").read_text(encoding="utf-8")
KIM_OF_0005: Final = "+13035550142"
ELSEWHERE: Final = {"latitude": 39.61, "longitude": -105.02}
ANSWER: Final = "a mastiff named Rex"
PETS: Final = ServiceQuestion(id="pets", ask="Any pets?")
NEEDLES: Final = (PHONE, NEW_PHONE, EMAIL, "Zabriskie", ADDRESS, NOTES, ANSWER, REASON, CALL, "3035550142", "39.74")
OTHER: Final = Customer(name="Lee Other", phone="+13035550199")


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """Client of a phone call."""

    app: App
    call_id: str

    async def __call__(self, tool: str, **arguments: Any) -> Body:  # noqa: ANN401  arguments of any tool
        """Return the response of a call that must succeed."""
        principal = replace(LOCAL, call_ids=(CallId("x-call-id", self.call_id),))
        server = create_server(self.app, toolset=Toolset.OPERATOR, gate=CallGate(default_principal=principal))
        async with Client(server) as client:
            result = await client.call_tool(tool, arguments)
        assert not result.is_error, body_of(result)
        return body_of(result)


@asynccontextmanager
async def serving(url: str, redis: RedisServer | None = None) -> AsyncIterator[App]:
    """Open an app as a server does, with the project of Denver."""
    settings = Settings(database_url=url, redis_url=redis.url if redis else "")
    async with open_app(settings) as app:
        yield app


async def live(app: App) -> None:
    """Import the project; let one caller use every tool that stores data, and another one book."""
    project = replace(PLAN.project, travel=TravelPolicy(mode=TravelMode.ESTIMATED))
    services = tuple(replace(service, questions=(PETS,)) for service in PLAN.services)
    await app.projects.import_project(replace(PLAN, project=project, services=services), prune=False)
    call, other = PhoneCall(app, CALL), PhoneCall(app, "other-call-0a81f3e9")
    first, second, third, last = [slot["start"] for slot in (await call("get_slots", limit=4, **LOCATION))["slots"]]
    who = {"customerName": NAME, "customerPhone": PHONE, "customerEmail": EMAIL}
    held = await call("create_hold", start=first, **LOCATION, customerHash="kim-zabriskie-9f31c0a7e2")
    details = {"notes": NOTES, "address": ADDRESS, "answers": [f"pets: {ANSWER}"]}
    booked = await call("book_slot", holdToken=held["holdToken"], **details, **who)
    moved = await call("reschedule_booking", bookingId=booked["booking"]["bookingId"], start=second, phone=PHONE)
    await call("update_booking", bookingId=moved["booking"]["bookingId"], phone=PHONE, customerName=NEW_NAME)
    gone = await call("book_slot", start=third, additional=True, idempotencyKey=f"{PHONE}-3", **LOCATION, **who)
    await call("cancel_booking", bookingId=gone["booking"]["bookingId"], phone=PHONE, reason=REASON)
    await call("create_hold", start=last, **LOCATION, customerHash=PHONE)
    await other("book_slot", start=last, customerName=OTHER.name, customerPhone=OTHER.phone, **ELSEWHERE)
    await app.tracing.write()
    await app.slots.get_slots(SlotQuery())


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database after a busy life."""
    path = tmp_path_factory.mktemp("lived") / "slotmcp.db"

    async def fill() -> None:
        async with serving(str(path)) as app:
            await live(app)

    asyncio.run(fill())
    return path


@pytest.fixture
def path(tmp_path: Path, lived: Path) -> Path:
    """Copy of that database for one test."""
    return Path(shutil.copy(lived, tmp_path / "slotmcp.db"))


@pytest.fixture
def full_url(postgres: Databases, lived_on_postgres: str) -> Iterator[str]:
    """Copy of that database on PostgreSQL for one test."""
    url = postgres.create(template=name_of(lived_on_postgres))
    yield url
    postgres.drop(url)


@pytest.fixture(scope="module")
def lived_on_postgres(postgres: Databases, lived: Path) -> Iterator[str]:
    """Database on PostgreSQL after a busy life."""
    with postgres.clone() as url:
        asyncio.run(copy_between(lived, Address.of(url), [], timeout_ms=20_000))
        yield url


async def book_again(app: App) -> None:
    """Book another time for the caller."""
    call = PhoneCall(app, "later-call-71c0e5a8")
    start = (await call("get_slots", limit=1))["slots"][0]["start"]
    await call("book_slot", start=start, customerName=NAME, customerPhone=PHONE)


def found_in(folder: Path, pattern: str = "*") -> dict[str, list[str]]:
    """Return the needles in the raw bytes of the files of a folder, by file name."""
    contents = {path.name: path.read_bytes() for path in folder.glob(pattern) if path.is_file()}
    found = {name: [needle for needle in NEEDLES if needle.encode() in raw] for name, raw in contents.items()}
    return {name: needles for name, needles in found.items() if needles}


async def test_no_file_holds_a_forgotten_customer(tmp_path: Path, path: Path) -> None:
    async with serving(str(path)) as server:
        await book_again(server)
        assert PHONE in found_in(tmp_path, "*-wal")["slotmcp.db-wal"]
        before = {needle for needles in found_in(tmp_path).values() for needle in needles}
        assert {"Zabriskie", PHONE, ADDRESS, NOTES, "39.74"} <= before
        assert CALL not in before
        async with serving(str(path)) as command:
            answer = await command.customers.forget(None, "(303) 555-0142")
        assert answer.erased == 3
        assert answer.places == CleanupReport(cleaned=(str(path), f"{path}-wal"))
        assert found_in(tmp_path) == {}
        found = await server.bookings.find_bookings(FindRequest(phone=OTHER.phone))
        assert [each.booking.customer for each in found.found] == [OTHER]
    assert found_in(tmp_path) == {}
    assert list_of(path).stat().st_mode & 0o777 == 0o600


def list_of(path: Path) -> Path:
    """Return the path of the list of erasures beside a database."""
    return Path(f"{path}.erasures")


async def test_traces_keep_their_calls_without_the_id_and_the_area(path: Path) -> None:
    async with serving(str(path)) as app:
        before = [orjson.loads(told) for (told,) in rows(path, "SELECT told FROM traces ORDER BY id")]
        await app.customers.forget(None, EMAIL)
        await app.customers.forget(None, PHONE)
    after = [orjson.loads(told) for (told,) in rows(path, "SELECT told FROM traces ORDER BY id")]
    ids, conversations = ({trace[name] for trace in before} for name in ("call_id", "conversation"))
    assert (len(ids), len(conversations), {len(text) for text in ids | conversations}) == (2, 2, {16})
    own = before[0]["conversation"]
    kept = [trace for trace in before if trace["conversation"] != own]
    erased = [new for old, new in zip(before, after, strict=True) if old["conversation"] == own]
    assert [trace for trace in after if trace["call_id"]] == kept
    assert {(trace["call_id"], trace["question"]["area"]) for trace in erased} == {("", None)}
    assert len({trace["conversation"] for trace in erased} | conversations) == 3
    columns = rows(path, "SELECT conversation FROM traces ORDER BY id")
    assert columns == [(trace["conversation"],) for trace in after]


async def test_redis_holds_no_location_of_a_forgotten_customer(path: Path, redis: RedisServer) -> None:
    async with serving(str(path), redis) as server:
        await until(lambda: shares_locations(path, redis))
        async with serving(str(path), redis) as command:
            answer = await command.customers.forget(None, PHONE)
        assert SNAPSHOTS_CLEANED in answer.places.cleaned
        await server.slots.get_slots(SlotQuery())
        assert locations_in(redis) <= 1  # of the other customer
        assert [needle for needle in NEEDLES if needle.encode() in everything_in(redis)] == []
        redis.stop()
        assert (await server.customers.forget(None, PHONE)).places.remaining == (SNAPSHOTS_REMAINING,)


async def shares_locations(path: Path, redis: RedisServer) -> bool:
    """Let a server start, which shares the schedule; return whether Redis holds the locations of two claims."""
    async with serving(str(path), redis) as starting:
        await starting.slots.get_slots(SlotQuery())
    return await in_thread(lambda: locations_in(redis) > 1)


async def in_thread(look: Callable[[], object]) -> bool:
    """Return whether a blocking look finds something."""
    return bool(await asyncio.to_thread(look))


def locations_in(redis: RedisServer) -> int:
    """Return the number of locations in the snapshots."""
    client = Redis.from_url(redis.url)
    found = 0
    for key in client.scan_iter("*:snapshot:*"):
        value, revision = cast("bytes", client.get(key)), int(key.rpartition(b":")[2])
        schedule = ScheduleCodec().decode(value, PROJECT, revision) if value else None
        schedules = schedule.technician_schedules.values() if schedule else ()
        found = max(found, sum(claim.location is not None for each in schedules for claim in each.claims))
    return found


def everything_in(redis: RedisServer) -> bytes:
    """Return all keys and values of Redis."""
    client = Redis.from_url(redis.url)
    return b"".join(key + (client.dump(key) or b"") for key in client.scan_iter("*"))


async def test_no_row_of_postgres_holds_a_forgotten_customer(postgres: Databases, full_url: str) -> None:
    async with serving(full_url) as server:
        await book_again(server)
        await server.tracing.write()
        assert {"Zabriskie", PHONE} <= set(found_in_rows(postgres, full_url))
        answer = await server.customers.forget(None, PHONE)
    assert answer.erased == 3
    assert len(answer.places.cleaned) == 1
    assert answer.places.remaining == (KEPT_ELSEWHERE,)
    assert found_in_rows(postgres, full_url) == []
    assert found_in_pages(postgres, full_url) == {}


async def test_a_table_of_postgres_that_is_in_use_or_large_is_reported(
    postgres: Databases, full_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(Settings(database_url=full_url, database_timeout_seconds=0.3)) as app:
        reader = await asyncpg.connect(full_url)
        await reader.execute("BEGIN; SELECT FROM waits")
        (free, _) = (await app.customers.forget(None, PHONE)).places.remaining
        await reader.close()
        assert free.startswith("free space of waits in ")
        monkeypatch.setattr(postgres_cleanup, "MAX_REWRITE_BYTES", 1)
        (free, _) = (await app.customers.forget(None, OTHER.phone)).places.remaining
        assert free.startswith("free space of bookings, ")
        assert (await app.customers.forget(None, OTHER.phone, is_thorough=True)).places.remaining == (KEPT_ELSEWHERE,)
    assert found_in_pages(postgres, full_url) == {}


def found_in_pages(postgres: Databases, url: str) -> dict[str, list[str]]:
    """Return the needles in the raw pages of the tables with data of customers, by table."""
    postgres.execute("CHECKPOINT", url=url)
    found = {}
    for name in postgres_cleanup.REWRITTEN:
        read = f"SELECT pg_read_binary_file(pg_relation_filepath('{name}'))"
        ((raw,),) = postgres.execute(read, url=url)
        found[name] = [needle for needle in NEEDLES if needle.encode() in raw]
    return {name: needles for name, needles in found.items() if needles}


def found_in_rows(postgres: Databases, url: str) -> list[str]:
    """Return the needles in the rows of all tables."""
    text = "".join(
        str(postgres.execute(f"SELECT t::text FROM {name} AS t", url=url))  # noqa: S608  names of tables
        for (name,) in postgres.execute("SELECT relname FROM pg_stat_user_tables", url=url)
    )
    return [needle for needle in NEEDLES if needle in text]


KINDS: Final = ("TABLES", "SEQUENCES")


async def test_a_role_that_owns_no_table_names_the_command(postgres: Databases, full_url: str) -> None:
    role = f"{name_of(full_url)}_writer"
    for command in ("CREATE ROLE {} LOGIN", *(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {{}}" for kind in KINDS)):
        postgres.execute(command.format(role), url=full_url)
    try:
        async with serving(as_user(full_url, role)) as limited:
            places = (await limited.customers.forget(None, PHONE)).places
        assert places.cleaned == ()
        assert "the owner of the tables has to run `VACUUM FULL bookings, " in places.remaining[0]
    finally:
        for command in ("DROP OWNED BY {}", "DROP ROLE {}"):
            postgres.execute(command.format(role), url=full_url)


async def test_a_restored_backup_loses_the_customers_that_were_forgotten_later(tmp_path: Path, path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with serving(str(path)) as app:
        assert (await app.customers.forget(None, OTHER.phone)).erased == 1
        clone(path, backup)
        await app.customers.forget(None, PHONE)
        listed = FileErasureList(list_of(path)).read()
    assert erase_in_file(backup, listed, cipher=None) > 0
    assert found_in(tmp_path, backup.name) == {}
    assert erase_in_file(backup, listed, cipher=None) == 0
    assert integrity(backup) == "ok"


async def test_a_backup_loses_the_customer_who_was_forgotten_while_it_was_written(tmp_path: Path, path: Path) -> None:
    backup = tmp_path / "backup.db"
    back_up_file(path, backup, overwrite=False, timeout_ms=1_000)
    list_of_backups = backup.parent / f"{path.name}.backups"
    list_of_backups.unlink()  # a running backup is not in the list yet
    async with serving(str(path)) as app:
        await app.customers.forget(None, PHONE)
    assert found_in(tmp_path, backup.name) != {}
    await EraseAgain(Settings(database_url=str(path))).erase_from(backup)
    assert found_in(tmp_path, backup.name) == {}
    assert integrity(backup) == "ok"


async def test_a_recorded_backup_loses_the_customer(tmp_path: Path, path: Path) -> None:
    backups = [tmp_path / name for name in ("first.db", "second.db", "moved.db", "damaged.db")]
    first, second, moved, damaged = backups
    for backup in backups:
        back_up_file(path, backup, overwrite=False, timeout_ms=1_000)
    moved.unlink()
    damaged.write_bytes(damaged.read_bytes()[:5_000])
    async with serving(str(path)) as app:
        places = (await app.customers.forget(None, PHONE)).places
    assert places.cleaned[2:] == (f"backup {first}", f"backup {second}")
    assert [place.partition(":")[0] for place in places.remaining] == [
        f"backup {damaged}",
        "1 recorded backups that were moved or deleted, if they exist elsewhere",
    ]
    damaged.unlink()
    assert found_in(tmp_path) == {}
    assert {backup.stat().st_mode & 0o777 for backup in (first, second)} == {0o600}
    assert (integrity(first), rows(first, "SELECT count(*) FROM bookings")) == ("ok", [(3,)])


async def test_the_backup_of_an_upgrade_is_deleted_with_its_customer(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(RELEASE_0005)
    async with serving(str(path)) as app:
        backup = tmp_path / "old.db.0005.backup"
        assert (await app.customers.forget(None, "+1 720 555 0100")).places.cleaned[2:] == ()
        assert backup.is_file()
        places = (await app.customers.forget(None, KIM_OF_0005)).places
        assert places.cleaned[2:] == (f"backup {backup} of schema 0005, which was deleted",)
    assert not backup.exists()
    assert KIM_OF_0005.encode() not in path.read_bytes()


async def test_the_list_is_applied_to_a_restored_server_without_touching_later_bookings(
    path: Path, full_url: str
) -> None:
    async with serving(str(path)) as app:
        await app.customers.forget(None, PHONE)
    listed = FileErasureList(list_of(path)).read()
    async with serving(full_url) as restored:
        answer = await restored.customers.replay(listed)
        assert (answer.applied, answer.erased) == (len(listed), 2)
        await book_again(restored)
        again = await restored.customers.replay([*listed, replace(listed[0], project_id="unknown")])
        assert (again.applied, again.erased, again.places) == (0, 0, CleanupReport())
        assert len((await restored.bookings.find_bookings(FindRequest(phone=PHONE))).found) == 1


async def test_nothing_is_erased_if_the_list_cannot_be_written(path: Path) -> None:
    async with serving(str(path)) as app:
        list_of(path).mkdir()
        with pytest.raises(FixSetup, match="cannot be written, so nothing was erased"):
            await app.customers.forget(None, PHONE)
        assert len((await app.bookings.find_bookings(FindRequest(phone=PHONE))).found) == 2


async def test_a_large_file_is_written_again_only_on_request(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "MAX_VACUUM_BYTES", 1_000)
    async with serving(str(path)) as app:
        (remaining,) = (await app.customers.forget(None, PHONE)).places.remaining
        assert remaining.startswith(f"unused parts of {path}: ")
        assert (await app.customers.forget(None, PHONE, is_thorough=True)).places.remaining == ()


async def test_a_log_that_a_reader_needs_is_reported(path: Path) -> None:
    async with open_app(Settings(database_url=str(path), database_timeout_seconds=0.3)) as app:
        with reading(path) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM bookings").fetchall()
            (remaining,) = (await app.customers.forget(None, PHONE)).places.remaining
            assert remaining.startswith(f"{path}-wal, which another program is reading")
        assert (await app.customers.forget(None, PHONE)).places.remaining == ()
    assert found_in(path.parent) == {}


async def test_moved_rows_leave_no_copies_in_unused_parts_of_pages(tmp_path: Path) -> None:
    """SQLite's secure_delete does not overwrite the copies of rows that a page split has moved."""
    path = tmp_path / "empty.db"
    async with serving(str(path)) as app:
        await app.projects.import_project(PLAN, prune=False)
        await in_thread(lambda: fill_and_erase(path))
        assert any(phone(number).encode() in path.read_bytes() for number in FORGOTTEN)
        await app.customers.forget(None, "nobody")
        assert not any(phone(number).encode() in path.read_bytes() for number in FORGOTTEN)


BOOKINGS: Final = 1_500
FORGOTTEN: Final = range(0, BOOKINGS, 3)


def phone(number: int) -> str:
    """Return the phone number of a customer."""
    return f"+1720{5_550_000 + number}"


def fill_and_erase(path: Path) -> None:
    """Add bookings in random order and change some, so that pages are split; then erase the customers of some."""
    random = Random(7)  # noqa: S311  not a secret
    names: list[str] = []
    with closing(connect_writer(path, timeout_ms=1_000)) as connection:
        connection.execute("BEGIN")
        for number in range(BOOKINGS):
            names.append(f"{random.getrandbits(80):020x}")
            connection.execute(ADD_CLAIM, (names[-1], number * 100, number * 100 + 60))
            connection.execute(ADD_BOOKING, (names[-1], phone(number), "n" * random.randrange(300)))
            connection.execute(GROW_BOOKING, ("m" * random.randrange(900), names[random.randrange(number + 1)]))
        for number in FORGOTTEN:
            connection.execute(ERASE_PHONE, (phone(number),))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


ADD_CLAIM: Final = """
INSERT INTO claims
SELECT id, ?, 1, 'ac-repair', ?, ?, 0, 0, 'booked', NULL, 0, NULL, NULL, NULL, '', NULL, NULL, NULL FROM projects
"""
ADD_BOOKING: Final = """
INSERT INTO bookings SELECT id, ?, '', ?, '', '', ?, NULL, 'confirmed', '', '', 0, NULL, NULL FROM projects
"""
GROW_BOOKING: Final = "UPDATE bookings SET notes = ? WHERE claim_id = ?"
ERASE_PHONE: Final = "UPDATE bookings SET customer_phone = '' WHERE customer_phone = ?"
