"""Lookup of services and technicians by the names that people use."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.errors import NotFound
from slotmcp.domain.schedule import Schedule

Names = Mapping[str, tuple[str, ...]]
"""Names of each id, the first of which is shown."""
_NOT_A_WORD: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class CatalogIds:
    """A service and a technician of a request, by id or by name. None: not given."""

    service: str | None
    technician: str | None

    def are_in(self, schedule: Schedule) -> bool:
        """Return whether both are ids of a schedule, or not given."""
        is_service_known = self.service is None or self.service in schedule.services
        return is_service_known and (self.technician is None or self.technician in schedule.technician_schedules)

    def resolved(self, *, schedule: Schedule) -> Self:
        """Return the ids. A text that names nothing is kept.

        Raises:
            NotFound: several technicians or services have the name.
        """
        services, technicians = service_names(schedule), technician_names(schedule)
        service = self.service
        if service is not None:
            service = _one_of("serviceType", "services", service, services, by_part=False)
        technician = self.technician and _one_of(
            "technicianId", "technicians", self.technician, technicians, by_part=True
        )
        return replace(self, service=service, technician=technician)


def service_names(schedule: Schedule) -> Names:
    """Return the names of each service: its own, and those in other languages."""
    return {key: _names_of(service) for key, service in schedule.services.items()}


def technician_names(schedule: Schedule) -> Names:
    """Return the name of each technician."""
    return {key: (value.technician.name,) for key, value in schedule.technician_schedules.items()}


def _one_of(field: str, kind: str, text: str, names: Names, *, by_part: bool) -> str:
    """Return the only id that a text means, or the text itself if it means none.

    Raises:
        NotFound: it means several.
    """
    found = (text,) if text in names else _find_ids(text, names) or (_find_ids_by_part(text, names) if by_part else ())
    if len(found) > 1:
        raise NotFound.ambiguous(field, kind, text, {id_: names[id_][0] for id_ in found})
    return next(iter(found), text)


def _find_ids(text: str, names: Names) -> tuple[str, ...]:
    """Return the ids with an equal id or name, regardless of case, white space, punctuation and accents."""
    wanted = _key(text)
    return tuple(id_ for id_, known in names.items() if wanted and wanted in {_key(id_), *map(_key, known)})


def _find_ids_by_part(text: str, names: Names) -> tuple[str, ...]:
    """Return the ids whose name has all words of a text, such as a first name."""
    words = set(_key(text).split())
    return tuple(
        id_ for id_, known in names.items() if words and any(words <= set(_key(name).split()) for name in known)
    )


def _names_of(service: ServiceType) -> tuple[str, ...]:
    return (service.name, *service.spoken.values())


def _key(text: str) -> str:
    return " ".join(_NOT_A_WORD.sub(" ", "".join(_letters(text))).casefold().split())


def _letters(text: str) -> Iterator[str]:
    """Yield the characters of a text without accents."""
    for character in unicodedata.normalize("NFKD", text):
        if not unicodedata.combining(character):
            yield character
