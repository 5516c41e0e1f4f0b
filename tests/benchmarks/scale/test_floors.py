"""Floors of the rows at scale: they do what a correct booking needs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from benchmarks.scale.one_call import Job, OneCallBooking, count_bookings, create_tables, open_floor
from support.postgres_databases import Databases

JOB = Job(id="a", technician=1, start_minute=0, end_minute=60, name="Ann", phone="+13035550100")


@pytest.fixture
def url(postgres: Databases) -> str:
    """Database with the tables of the floor."""
    return postgres.create("floor")


@pytest.fixture
async def floor(url: str) -> AsyncIterator[OneCallBooking]:
    """The floor's functions."""
    await create_tables(url)
    async with open_floor(url) as opened:
        yield opened


async def test_one_call_books_the_jobs_of_all_callers(url: str, floor: OneCallBooking) -> None:
    jobs = [replace(JOB, id=f"{number}", technician=number) for number in range(100)]
    await asyncio.gather(*map(floor.book.call, jobs))
    assert await count_bookings(url) == 100
    assert await read(url, "SELECT revision FROM projects") == 4  # groups of 32


async def test_a_held_job_is_booked(url: str, floor: OneCallBooking) -> None:
    await floor.hold.call(JOB)
    assert await count_bookings(url) == 0
    await floor.book.call(JOB)
    assert await count_bookings(url) == 1


async def test_a_job_that_overlaps_another_one_is_rejected(url: str, floor: OneCallBooking) -> None:
    await floor.book.call(JOB)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await floor.book.call(replace(JOB, id="b", start_minute=59, end_minute=61))
    assert await count_bookings(url) == 1


async def read(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
