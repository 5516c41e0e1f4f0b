"""Attention in its column: the causes, or a sentence that an earlier program stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause
from slotmcp.store.attention import attention_of, attention_text

DETAILS = st.text(st.characters(exclude_characters="\n\x00", exclude_categories=["Cs"]), max_size=30).map(str.strip)


@given(causes=st.frozensets(st.sampled_from(list(AttentionCause)), min_size=1), detail=DETAILS)
def test_an_attention_is_read_as_it_was_written(causes: frozenset[AttentionCause], detail: str) -> None:
    assert attention_of(attention_text(Attention(causes, detail))) == Attention(causes, detail)


def test_no_attention_is_an_empty_text() -> None:
    assert attention_text(NO_ATTENTION) == ""
    assert attention_of("") == NO_ATTENTION
    assert not attention_of("")


@pytest.mark.parametrize(
    ("stored", "attention"),
    [
        ("The technician is off.", Attention.of(AttentionCause.TECHNICIAN_OFF)),
        ("The technician has time off then.", Attention.of(AttentionCause.TIME_OFF)),
        ("The technician's calendar has something else then.", Attention.of(AttentionCause.CALENDAR_CONFLICT)),
        (
            "Cal.com gave it to somebody else, who cannot come then or is not in the project file.",
            Attention.of(AttentionCause.REASSIGNED),
        ),
        (
            "Moved here and in Cal.com at the same time; the time in Cal.com was kept.",
            Attention.of(AttentionCause.MOVED_TWICE),
        ),
        (
            "The customer canceled their seat in Cal.com; the visit stays for the other attendees.",
            Attention.of(AttentionCause.CUSTOMER_LEFT),
        ),
        (
            "Cal.com does not take it: it is full then",
            Attention.of(AttentionCause.PUSH_REJECTED, detail="it is full then"),
        ),
    ],
)
def test_sentences_of_earlier_programs_are_read_as_causes(stored: str, attention: Attention) -> None:
    assert attention_of(stored) == attention


def test_an_unknown_sentence_still_needs_attention() -> None:
    unknown = attention_of("Call them back.")
    assert unknown
    assert (unknown.in_order(), unknown.detail) == ((), "Call them back.")
