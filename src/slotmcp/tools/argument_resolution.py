"""Resolution of arguments that depend on the project: names instead of ids, and days in words such as "tomorrow"."""

from typing import Final, TypeVar

from slotmcp.domain.errors import FieldProblem, InvalidArgument, ProblemKind
from slotmcp.domain.moment import EitherDay, RelativeMoment
from slotmcp.services.app import App
from slotmcp.tools.arguments import ProjectArguments

A = TypeVar("A", bound=ProjectArguments)

_ENDS: Final = frozenset({"to", "end"})
"""Fields whose part of the day means its end."""


async def resolve_names(app: App, args: A) -> A:
    """Return the arguments with the ids of a service and a technician that were given by name.

    Raises:
        NotFound: several have the name; or Unavailable.
    """
    service, technician = getattr(args, "service_type", None), getattr(args, "technician_id", None)
    if service is None and technician is None:
        return args
    found = await app.projects.find_ids(args.project_id, service=service, technician=technician)
    changes = {"service_type": found.service, "technician_id": found.technician}
    return args.model_copy(update={name: value for name, value in changes.items() if value is not None})


async def resolve_words(app: App, args: A, *, may_mean_two_days: bool) -> A:
    """Return the arguments with the dates that their words mean. Arguments without such words take no time.

    Raises:
        InvalidArgument: the words mean one of two days, and the tool needs one.
        NotFound, Unavailable.
    """
    if RelativeMoment not in map(type, vars(args).values()):
        return args
    words = {name: value for name, value in args if isinstance(value, RelativeMoment)}
    clock = await app.projects.clock(args.project_id, getattr(args, "timezone", None))
    moments = {name: clock.resolve(moment, is_end=name in _ENDS) for name, moment in words.items()}
    problems = [_two_days(args, name, moment) for name, moment in moments.items() if isinstance(moment, EitherDay)]
    if problems and not may_mean_two_days:
        raise InvalidArgument.of(problems)
    return args.model_copy(update=moments)


def _two_days(args: ProjectArguments, name: str, either: EitherDay) -> FieldProblem:
    first, second = either.days
    wire_name = type(args).model_fields[name].alias or name
    return FieldProblem(wire_name, f"can mean {first} or {second}; give the date.", ProblemKind.WHICH_DAY)
