"""Tests that an agent finds the right tool among those of other servers.

Clients with many tools show their model only those that match its search. Codex ranks them by BM25. The queries were
written before the descriptions, as agents search. Do not change them to fit a description.
"""

from typing import Final

from mcp import Client
from mcp_types import Tool

from interfaces.other_tools import OTHER_TOOLS, OtherTool
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server
from support.bm25 import rank
from support.server import Caller

MIN_CALLERS_FOUND: Final = 36
MIN_OPERATORS_FOUND: Final = 9
CALLERS_QUERIES: Final = {
    "when can a technician come": "get_slots",
    "is tomorrow afternoon available": "get_slots",
    "find available appointment times": "get_slots",
    "check availability for a repair visit": "get_slots",
    "next free opening this week": "get_slots",
    "schedule an appointment": "book_slot",
    "book an appointment for a customer": "book_slot",
    "make a booking": "book_slot",
    "confirm the appointment with name and phone number": "book_slot",
    "book a technician visit": "book_slot",
    "hold a time while the caller decides": "create_hold",
    "reserve a slot temporarily": "create_hold",
    "keep a time slot for a minute before booking": "create_hold",
    "release a held time": "release_hold",
    "the caller does not want the held slot anymore": "release_hold",
    "give up a reserved slot": "release_hold",
    "what services and prices do you offer": "list_services",
    "opening hours of the business": "list_services",
    "how much does a repair cost": "list_services",
    "why is nothing free on Monday": "explain_slot",
    "why is 9 am not available": "explain_slot",
    "explain why a time cannot be booked": "explain_slot",
    "reason a slot is unavailable": "explain_slot",
    "look up my existing appointment": "find_bookings",
    "when is my appointment": "find_bookings",
    "find a customer's bookings by phone number": "find_bookings",
    "upcoming visits of a caller": "find_bookings",
    "reschedule my appointment": "reschedule_booking",
    "move an appointment to another day": "reschedule_booking",
    "change the appointment time": "reschedule_booking",
    "postpone the technician visit": "reschedule_booking",
    "correct the address of a booking": "update_booking",
    "change the phone number on my appointment": "update_booking",
    "update booking details": "update_booking",
    "cancel the visit": "cancel_booking",
    "cancel my appointment": "cancel_booking",
    "call off a booked repair": "cancel_booking",
    "put me on a waiting list": "join_waitlist",
    "notify the caller when an earlier time becomes free": "join_waitlist",
    "get an earlier appointment if somebody cancels": "join_waitlist",
}
OPERATORS_QUERIES: Final = {
    "list all technicians": "list_technicians",
    "which technicians are working and what are their skills": "list_technicians",
    "technician called in sick": "set_technician_status",
    "mark a technician as unavailable": "set_technician_status",
    "add vacation for a technician": "add_time_off",
    "block a technician's afternoon": "add_time_off",
    "who is on the waiting list": "list_waitlist",
    "see customers waiting for a free time": "list_waitlist",
    "how many calls ended in a booking": "get_metrics",
    "booking statistics of last week": "get_metrics",
}


async def listed(caller: Caller, toolset: Toolset) -> list[Tool]:
    async with Client(create_server(caller.app, toolset=toolset)) as client:
        return (await client.list_tools()).tools


def misses(queries: dict[str, str], tools: list[Tool]) -> list[str]:
    """Return the queries for which another tool than the right one comes first."""
    searched: list[OtherTool | Tool] = [*OTHER_TOOLS, *tools]
    texts = {tool.name: f"{tool.name} {tool.title} {tool.description}" for tool in searched}
    assert len(texts) == len(searched)
    ranked = {query: rank(query, texts) for query in queries}
    return [
        f"{query}: {ranked[query][0]}, while {tool} is number {ranked[query].index(tool) + 1}"
        for query, tool in queries.items()
        if ranked[query][0] != tool
    ]


async def test_callers_tools_come_first_for_most_queries(empty_caller: Caller) -> None:
    tools = await listed(empty_caller, Toolset.CALLER)
    assert {tool.name for tool in tools} == set(CALLERS_QUERIES.values())
    missed = misses(CALLERS_QUERIES, tools)
    assert len(CALLERS_QUERIES) - len(missed) >= MIN_CALLERS_FOUND, "\n".join(missed)


async def test_operators_tools_come_first_for_most_queries(empty_caller: Caller) -> None:
    tools = await listed(empty_caller, Toolset.OPERATOR)
    missed = misses(OPERATORS_QUERIES, tools)
    assert len(OPERATORS_QUERIES) - len(missed) >= MIN_OPERATORS_FOUND, "\n".join(missed)


def test_the_other_tools_are_at_least_20_and_the_queries_40() -> None:
    assert len(OTHER_TOOLS) >= 20
    assert len(CALLERS_QUERIES) == 40


def test_bm25_prefers_rare_words_and_short_texts() -> None:
    texts = {"long": "a time and a place and a day", "short": "a time", "rare": "a route and a day"}
    assert rank("time", texts) == ["short", "long", "rare"]
    assert rank("a route", texts)[0] == "rare"
