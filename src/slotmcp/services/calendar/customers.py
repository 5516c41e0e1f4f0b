"""The customers of a calendar's events, in our notation as far as that goes.

What they typed there is not ours to refuse.
"""

from dataclasses import replace

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.ports import Transaction
from slotmcp.services.contacts import normal_email, normalised, references_of


def reachable(customer: Customer | None, project: Project) -> Customer | None:
    """The same customer, phone and e-mail as they are kept; without a number that is none."""
    if customer is None:
        return None
    try:
        return normalised(customer, project)
    except InvalidArgument:
        return replace(customer, phone="", email=normal_email(customer.email))


def keys_of(transaction: Transaction, customer: Customer | None, project: Project) -> tuple[str, ...]:
    """Keyed hashes of what a customer is known by."""
    known = reachable(customer, project)
    return tuple(map(transaction.pseudonym, references_of(known))) if known else ()
