"""Tests of the comparison of two callers, against the sentences of the rules."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.caller import CallerIdentity, is_guessable, is_same_caller

texts = st.sampled_from(["", "1", "2"])
sets = st.frozensets(st.sampled_from(["a", "b"]))
identities = st.builds(
    CallerIdentity,
    phone=texts,
    email=texts,
    calls=sets,
    guessable_calls=st.frozensets(st.sampled_from(["c", "d"])),
    reference=texts,
    guessable_reference=st.sampled_from(["", "3", "4"]),
    connection=texts,
).filter(lambda identity: not (identity.reference and identity.guessable_reference))

KIM = CallerIdentity(phone="kim", email="kim@", calls=frozenset({"call"}), reference="hash", connection="stdio")
CALL = CallerIdentity(calls=frozenset({"call"}))
HASH = CallerIdentity(reference="hash")
CONNECTION = CallerIdentity(connection="stdio")


def are_same_by_the_text(first: CallerIdentity, second: CallerIdentity) -> bool:
    """Apply the sentences of the rules one by one, with sets instead of comparisons."""
    contacts = [(first.phone, second.phone), (first.email, second.email)]
    if any(one == other != "" for one, other in contacts):
        return True  # one equal phone or e-mail suffices
    contact_contradicts = any(len({one, other} - {""}) == 2 for one, other in contacts)
    references = [one.reference or one.guessable_reference for one in (first, second)]
    hash_contradicts = len({*references} - {""}) == 2
    calls = [one.calls | one.guessable_calls for one in (first, second)]
    call_contradicts = bool(calls[0] and calls[1] and not calls[0] & calls[1])
    shares_call = bool(first.calls & second.calls)
    shares_hash = first.reference == second.reference != ""
    if shares_call:
        return not contact_contradicts and not hash_contradicts
    if shares_hash:  # a different call id contradicts only when nothing but a customerHash is shared
        return not contact_contradicts and not call_contradicts
    bare = all(not (one.phone or one.email or one.reference) for one in (first, second)) and not any(calls)
    return bare and first.connection == second.connection != "" and references[0] == references[1]


@given(identities, identities)
def test_two_requests_have_the_same_caller_exactly_when_the_rules_say_so(
    first: CallerIdentity, second: CallerIdentity
) -> None:
    assert is_same_caller(first, second) is are_same_by_the_text(first, second) is is_same_caller(second, first)


@given(identities)
def test_a_known_caller_is_the_same_as_itself(identity: CallerIdentity) -> None:
    if identity.is_known:
        assert is_same_caller(identity, identity)


@given(st.sampled_from([field.name for field in fields(CallerIdentity)]), identities)
def test_a_guessable_identity_alone_recognizes_nobody(name: str, identity: CallerIdentity) -> None:
    alone = replace(CallerIdentity(), **{name: getattr(identity, name)})
    assert is_same_caller(alone, alone) is (bool(getattr(alone, name)) and not name.startswith("guessable"))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(KIM, replace(KIM, email="lee@", calls=frozenset({"x"}), reference="y"), True, id="an equal phone"),
        pytest.param(KIM, replace(KIM, phone="lee", reference="y"), True, id="an equal e-mail"),
        pytest.param(replace(KIM, email=""), replace(KIM, phone="lee", email=""), False, id="other phone, same call"),
        pytest.param(CALL, KIM, True, id="the same call, once with a contact"),
        pytest.param(
            replace(CALL, guessable_reference="anna"), replace(CALL, guessable_reference="ben"), False, id="two names"
        ),
        pytest.param(replace(CALL, guessable_reference="anna"), CALL, True, id="a name once"),
        pytest.param(HASH, KIM, True, id="the same hash"),
        pytest.param(replace(HASH, calls=frozenset({"other"})), KIM, False, id="the same hash in another call"),
        pytest.param(replace(HASH, guessable_calls=frozenset({"1"})), KIM, False, id="the same hash in a call 1"),
        pytest.param(CONNECTION, CONNECTION, True, id="a connection"),
        pytest.param(CONNECTION, replace(CONNECTION, guessable_reference="ben"), False, id="a name on a connection"),
        pytest.param(CONNECTION, replace(CONNECTION, guessable_calls=frozenset({"1"})), False, id="a call on it"),
        pytest.param(CONNECTION, KIM, False, id="a known caller on the same connection"),
        pytest.param(CallerIdentity(), CallerIdentity(), False, id="nothing"),
    ],
)
def test_whether_two_requests_have_the_same_caller(
    first: CallerIdentity, second: CallerIdentity, *, expected: bool
) -> None:
    assert is_same_caller(first, second) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("caller", True),
        ("1", True),
        ("+13035550142", True),
        ("c7a1f93e05b24d6", True),
        ("c7a1f93e05b24d68", False),
        ("caller-caller-caller", True),
        ("1111111122222222", True),
        ("12345678" * 2, False),
        ("1234567" * 3, True),
    ],
)
def test_short_or_uniform_texts_can_be_guessed(text: str, *, expected: bool) -> None:
    assert is_guessable(text) is expected
