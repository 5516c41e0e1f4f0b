"""Refusals by the rules of a business: the report names the rule that the caller heard. It is Monday, 06:00 UTC."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from slotmcp.domain.booking_rules import BookableSpan, Closure, Priority, Reserve, ServiceArea
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.reasons import Reason
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting.reports import ReportRequest
from support.phone_line import open_phone_line
from support.shop import EVERY_DAY, booking, hours, open_shop, plan, service, technician

MORNING = {"from": "2025-06-02T09:00", "to": "2025-06-02T10:30"}
BY_RULE: Mapping[Reason, Mapping[str, Any]] = {
    Reason.NOT_BOOKABLE_THEN: {},
    Reason.EMERGENCY_ONLY: {},
    Reason.NOTICE: {},
    Reason.SERVICE_DAY_FULL: {},
    Reason.RESERVED: {},
    Reason.ON_CALL_ONLY: {},
    Reason.BREAK: {},
    Reason.CLOSED: {"from": "2025-06-03T09:00", "to": "2025-06-03T10:30"},
    Reason.OUTSIDE_AREA: {"postalCode": "99999"},
    Reason.AREA_DAY: {"postalCode": "80401"},
}
"""Rules, each with the arguments of a request that it refuses. The service has the reason's name."""


def kind(reason: Reason, **rules: Any) -> ServiceType:  # noqa: ANN401  a ServiceType's fields
    """Return the service that a rule refuses. By default, it needs the skill `other`."""
    facts = {"skills": frozenset({"other"}), **rules}
    return replace(service(f"for-{reason.value.replace('_', '-')}"), **facts)


def span(text: str, priority: Priority) -> BookableSpan:
    return BookableSpan(days=EVERY_DAY, span=hours(text).span, priority=priority)


def business() -> ProjectPlan:
    """Return a business with one service for each rule, whose technicians are otherwise free all morning."""
    lunch = FloatingBreak(window=hours("09:00-10:30"), minutes=45)
    taken = booking("taken", "zoe", "06:30", service_id=kind(Reason.SERVICE_DAY_FULL).id)
    return plan(
        technician("zoe", "06:00-18:00", skills="other"),
        technician("ann", "06:00-18:00", skills="kept"),
        technician("bob", "06:00-18:00", skills="kept"),
        technician("fay", "09:00-10:30", skills="fed", floating_breaks=(lunch,)),
        technician("kai", "14:00-15:00", skills="called", on_call=(hours("06:00-12:00"),)),
        services=(
            kind(Reason.NOT_BOOKABLE_THEN, bookable=(span("13:00-15:00", Priority.NORMAL),)),
            kind(Reason.EMERGENCY_ONLY, bookable=(span("06:00-18:00", Priority.EMERGENCY),)),
            kind(Reason.NOTICE, min_notice_minutes=MINUTES_PER_DAY),
            kind(Reason.SERVICE_DAY_FULL, max_bookings_per_day=1),
            kind(Reason.RESERVED, skills=frozenset({"kept"}), reserves=(Reserve(places=1, until_minutes=0),)),
            kind(Reason.ON_CALL_ONLY, skills=frozenset({"called"})),
            kind(Reason.BREAK, skills=frozenset({"fed"})),
            kind(Reason.CLOSED),
            kind(Reason.OUTSIDE_AREA),
            kind(Reason.AREA_DAY),
        ),
        bookings=[taken, booking("all-day", "bob", "06:00", 12 * 60, service_id="for-reserved")],
        areas=(ServiceArea(id="hills", postal_codes=("804*",), days=frozenset({3})),),
        closures=(Closure(first=date(2025, 6, 3), last=date(2025, 6, 3), reason="a fair"),),
    )


async def test_the_report_names_the_rule_that_each_caller_heard(tmp_path: Path) -> None:
    async with open_shop(tmp_path / "shop.db", business()) as shop:
        async with open_phone_line(shop.app) as line:
            for reason, arguments in BY_RULE.items():
                service_id = kind(reason).id
                answer = await line.call(service_id, "get_slots", serviceType=service_id, **{**MORNING, **arguments})
                assert answer["slots"] == [], reason
        report = (await shop.app.reports.get_metrics(ReportRequest(days=1))).report
        refused = {row.service_id: row.reason for row in report.refused}
        assert refused == {kind(reason).id: reason for reason in BY_RULE}
        questions = [trace.question for trace in (await shop.app.traces.refusals("shop", limit=50)).refusals]
        outside = {question.service_id for question in questions if question and question.is_outside_areas}
        assert outside == {kind(Reason.OUTSIDE_AREA).id}
