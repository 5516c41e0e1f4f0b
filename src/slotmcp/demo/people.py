"""Names of people who do not exist."""

from random import Random
from typing import Final

_FIRST: Final = ("Maria", "Paul", "Ines", "Tom", "Amara", "Jonas", "Lucia", "Wei", "Nadia", "Omar", "Ruth", "Sam")
_LAST: Final = ("Alvarez", "Okoro", "Novak", "Baker", "Diallo", "Lindqvist", "Rossi", "Chen", "Haddad", "Young")


def somebody(random: Random) -> str:
    """A name."""
    return f"{random.choice(_FIRST)} {random.choice(_LAST)}"
