"""Sentences about the area of a job."""

from slotmcp.domain.booking_rules import ServiceArea
from slotmcp.tools.speech.viewpoint import Viewpoint


def fee_of(area: ServiceArea | None) -> str:
    """Return the fee of an area as the business wrote it; empty: none."""
    return area.fee if area else ""


def say_fee(area: ServiceArea | None, view: Viewpoint) -> str:
    """Say the fee of an area; empty if there is none."""
    fee = fee_of(area)
    return view.voice.say("For that area there's a fee: {fee}.", fee=fee) if fee else ""
