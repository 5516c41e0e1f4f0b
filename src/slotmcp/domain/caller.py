"""Identity of a caller: everything in a request that may show who calls, as pseudonyms."""

from dataclasses import dataclass
from typing import Final

MIN_SECRET_CHARACTERS: Final = 16
MIN_DISTINCT_CHARACTERS: Final = 8


def is_guessable(text: str) -> bool:
    """Return whether a reference, key or call id is so short or uniform that two callers may use the same one."""
    return len(text) < MIN_SECRET_CHARACTERS or len(set(text)) < MIN_DISTINCT_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """Identities that a request carries, each hashed with the project's salt. Empty: not given."""

    phone: str = ""
    email: str = ""
    calls: frozenset[str] = frozenset()
    """Call ids that cannot be guessed."""
    guessable_calls: frozenset[str] = frozenset()
    """Call ids that only distinguish callers."""
    reference: str = ""
    """The agent's customerHash, if it cannot be guessed."""
    guessable_reference: str = ""
    """The agent's customerHash, if it only distinguishes callers."""
    connection: str = ""
    """Connection of a stdio or SSE client."""

    @property
    def keys(self) -> frozenset[str]:
        """Identities that recognize the caller: contacts, call ids, and a customerHash that cannot be guessed."""
        return self.calls | {key for key in (self.phone, self.email, self.reference) if key}

    @property
    def is_known(self) -> bool:
        """True if the identity recognizes its caller: by a contact, a call id or a customerHash."""
        return bool(self.phone or self.email or self.calls or self.reference)

    @property
    def all_calls(self) -> frozenset[str]:
        """Call ids, guessable or not."""
        return self.calls | self.guessable_calls

    @property
    def any_reference(self) -> str:
        """The agent's customerHash, guessable or not."""
        return self.reference or self.guessable_reference


NO_CALLER: Final = CallerIdentity()
"""Identity of a request that carries none."""


def is_same_caller(first: CallerIdentity, second: CallerIdentity) -> bool:
    """Return whether two requests come from the same caller: they share an identity and contradict in none.

    An equal contact suffices. A connection counts only between requests without any other identity.
    """
    if _share_contact(first, second):
        return True
    if is_other_customer(first, second):
        return False
    if first.calls & second.calls:
        return True
    if _share(first.reference, second.reference):
        return not (first.all_calls and second.all_calls) or not first.all_calls.isdisjoint(second.all_calls)
    return shares_connection(first, second)


def is_other_customer(first: CallerIdentity, second: CallerIdentity) -> bool:
    """Return whether contacts or a customerHash show two customers, who may use one key in one phone call."""
    return not _share_contact(first, second) and (
        _differ(first.phone, second.phone)
        or _differ(first.email, second.email)
        or _differ(first.any_reference, second.any_reference)
    )


def shares_connection(first: CallerIdentity, second: CallerIdentity) -> bool:
    """Return whether nothing but the connection identifies both requests, and it is the same."""
    return (
        _share(first.connection, second.connection)
        and first.guessable_reference == second.guessable_reference
        and not any(identity.is_known or identity.guessable_calls for identity in (first, second))
    )


def _share_contact(first: CallerIdentity, second: CallerIdentity) -> bool:
    return _share(first.phone, second.phone) or _share(first.email, second.email)


def _share(first: str, second: str) -> bool:
    return first != "" and first == second


def _differ(first: str, second: str) -> bool:
    return "" not in {first, second} and first != second
