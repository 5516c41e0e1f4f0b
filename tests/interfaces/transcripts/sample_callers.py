"""Calls of customers of the sample businesses, each in its own language."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from interfaces.transcripts.page import Line, Page, ring
from slotmcp.project_file import read_project_file, sample_text
from support.server import open_caller


@asynccontextmanager
async def business(name: str, path: Path, page: Page, now: str) -> AsyncIterator[Line]:
    """Open a sample business at an instant in ISO 8601, and a phone call."""
    now_ms = int(datetime.fromisoformat(now).timestamp()) * 1000
    plan = read_project_file(sample_text(name), source=name, now_ms=now_ms).plan
    async with open_caller(path, plan, now_ms=now_ms) as caller, ring(caller, page) as line:
        yield line


async def heating_at_night(path: Path, page: Page) -> None:
    async with business("denver-hvac", path, page, "2026-12-01T21:00-07:00") as line:
        line.says("Hi, it's nine at night and our air conditioner rattles. Can somebody come tonight?")
        await line.call("get_slots", serviceType="ac-repair", **{"from": "today", "to": "today"})
        line.says("I see. And why not tonight?")
        await line.call("explain_slot", serviceType="ac-repair", start="today 23:00")
        line.says("Then tomorrow morning.")
        slots = await line.call("get_slots", serviceType="ac-repair", **{"from": "tomorrow", "to": "tomorrow"})
        line.says("The first one. Kim Doe, 303 555 0142.")
        held = await line.call("create_hold", serviceType="ac-repair", start=slots["slots"][0]["start"])
        await line.call(
            "book_slot", holdToken=held["holdToken"], customerName="Kim Doe", customerPhone="+1 303 555 0142"
        )


async def toothache_in_german(path: Path, page: Page) -> None:
    async with business("berlin-dentist", path, page, "2026-12-02T09:10+01:00") as line:
        line.says("Guten Morgen. Ich hätte gern einen Kontrolltermin, am liebsten an einem Samstag.")
        await line.call("list_services", serviceType="check-up")
        slots = await line.call("get_slots", serviceType="check-up", daysOfWeek="sat")
        line.says("Der erste passt.")
        held = await line.call("create_hold", serviceType="check-up", start=slots["slots"][0]["start"])
        line.says("Ja, bitte. Jana Berg, 030 555 0142.")
        booking = {"holdToken": held["holdToken"], "customerName": "Jana Berg", "customerPhone": "+49 30 5550142"}
        await line.call("book_slot", **booking)
        line.says("Gesetzlich.")
        await line.call("book_slot", **booking, answers=["insurance: gesetzlich"])
        line.says("Und mein Sohn hat starke Zahnschmerzen. Kann er heute noch kommen?")
        await line.call("get_slots", serviceType="pain", priority="emergency", **{"from": "today", "to": "today"})


async def cleaning_in_the_wrong_area(path: Path, page: Page) -> None:
    async with business("london-cleaners", path, page, "2026-12-01T10:00+00:00") as line:
        line.says("Hello, I'd like a regular clean. I'm in Brixton, SW9 8JH.")
        slots = await line.call("get_slots", serviceType="regular-clean", postalCode="SW9 8JH")
        line.says("Could it be Wednesday?")
        await line.call("explain_slot", serviceType="regular-clean", postalCode="SW9 8JH", start="wednesday 10:00")
        line.says("Then the first one. What does it cost?")
        held = await line.call(
            "create_hold", serviceType="regular-clean", postalCode="SW9 8JH", start=slots["slots"][0]["start"]
        )
        line.says("Fine. Ada Moss, 020 7946 0142. There is a key safe.")
        await line.call(
            "book_slot",
            holdToken=held["holdToken"],
            customerName="Ada Moss",
            customerPhone="+44 20 7946 0142",
            answers=["access: key safe"],
        )
        line.says("My sister in Croydon would like one as well. CR0 1AA.")
        await line.call("create_hold", serviceType="regular-clean", postalCode="CR0 1AA", start="friday 10:00")


async def vet_at_night(path: Path, page: Page) -> None:
    async with business("sydney-vet", path, page, "2026-12-08T22:15+11:00") as line:
        line.says("My dog ate chocolate and keeps shaking. We are in Manly, 2095.")
        asked = {"serviceType": "emergency", "priority": "emergency", "postalCode": "2095"}
        slots = await line.call("get_slots", **asked, **{"from": "today", "to": "tomorrow"})
        line.says("As soon as possible, please.")
        held = await line.call("create_hold", **asked, start=slots["slots"][0]["start"])
        line.says("Yes. Tom Ray, 0491 570 006. A labrador, four years old.")
        await line.call(
            "book_slot",
            holdToken=held["holdToken"],
            customerName="Tom Ray",
            customerPhone="+61 491 570 006",
            answers=["animal: a labrador, four years, ate chocolate"],
        )
        line.says("And our cat needs a check-up some time. Could you do that tonight too?")
        await line.call("explain_slot", serviceType="check-up", postalCode="2095", start="today 23:30")
