"""Pairs of booking requests that differ in what agents get wrong: strategies, and the values of their arguments."""

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st

from oracle.retries import BookArguments

KIM, LEE = "+13035550142", "+13035550143"
SECRET_CALL: Final = "call-7f3a91c2e5d8"  # noqa: S105  a test's own
NAMES: Final = ("Kim Doe", "kim  DOE", "\u202aKim Doe\u202c", "Kim Doe.", "Kym Doe", "Lee")
ADDRESSES: Final = ("", "1 Main St", "1 MAIN ST., ", "1 Main\nSt", "2 Oak St")
NOTES: Final = ("", "gate 1234", "Gate 1234.\nDog", "dog", "no dog")
ANSWERS: Final = ("", "", "a dog", "A dog.", "no")
PLACES: Final = (None, (39.70, -105.0), (39.701, -105.001), (39.71, -105.0))
STARTS: Final = (600, 600, 600, 630, 660)

requests = st.builds(
    BookArguments,
    name=st.sampled_from(NAMES),
    phone=st.sampled_from((KIM, KIM, "", LEE)),
    email=st.sampled_from(("", "", "kim@example.com", "KIM@example.com", "lee@example.com")),
    service=st.sampled_from(("visit", "visit", "visit", "check")),
    start=st.sampled_from(STARTS),
    minutes=st.sampled_from((None, None, 60, 90)),
    technician=st.sampled_from((None, None, None, "ana", "ben")),
    address=st.sampled_from(ADDRESSES),
    notes=st.sampled_from(NOTES),
    answer=st.sampled_from(ANSWERS),
    place=st.sampled_from(PLACES),
    additional=st.sampled_from((False, False, True)),
    key=st.sampled_from(("", "", "1", "1", "2")),
    call=st.sampled_from(("", "", SECRET_CALL, "1")),
    credential=st.sampled_from(("agent", "agent", "other")),
).filter(lambda arguments: arguments.phone or arguments.email)

_CHANGEABLE: Final = (
    "name",
    "phone",
    "email",
    "service",
    "start",
    "minutes",
    "technician",
    "address",
    "notes",
    "answer",
    "place",
    "additional",
    "key",
    "call",
    "credential",
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[BookArguments, BookArguments]:
    """Return a request, and another one that differs from it in some arguments."""
    first, other = draw(requests), draw(requests)
    changed = draw(st.sets(st.sampled_from(_CHANGEABLE), min_size=1, max_size=5))
    second = replace(first, **{name: getattr(other, name) for name in changed})
    return (first, second) if second.phone or second.email else (first, first)
