"""What may well be meant so, but is worth a look."""

from slotmcp.domain.catalog import Technician, TechnicianStatus, TravelMode
from slotmcp.project_file.collector import Problems
from slotmcp.project_file.nearest import nearest
from slotmcp.services.imports import ProjectPlan


def note_remarkable(plan: ProjectPlan, problems: Problems) -> None:
    """Services that nobody can do, misspelt skills, technicians without hours or homes, bookings beyond skills."""
    _note_services(plan, problems)
    _note_skills(plan, problems)
    _note_hours(plan, problems)
    _note_homes(plan, problems)
    _note_bookings(plan, problems)


def _note_services(plan: ProjectPlan, problems: Problems) -> None:
    for index, service in enumerate(plan.services):
        able = [one for one in plan.technicians if service.skills <= one.skills]
        if any(one.status is TechnicianStatus.ACTIVE for one in able):
            continue
        who = "everybody who has" if able else "no technician has"
        state = " is off" if able else ""
        sentence = f"{who} {' and '.join(sorted(service.skills)) or 'the skills'}{state}, so it is never offered"
        problems.add_note(("services", index), f"{service.id}: {sentence}")


def _note_skills(plan: ProjectPlan, problems: Problems) -> None:
    asked = frozenset[str]().union(*(service.skills for service in plan.services))
    for index, technician in enumerate(plan.technicians):
        for skill in sorted(technician.skills - asked):
            if (meant := nearest(skill, asked)) is not None:
                problems.add_note(
                    ("technicians", index, "skills"), f'no service asks for "{skill}"; is "{meant}" meant?'
                )


def _note_hours(plan: ProjectPlan, problems: Problems) -> None:
    for index, technician in enumerate(plan.technicians):
        if not _has_hours(technician):
            problems.add_note(("technicians", index), f"{technician.id} has no shifts, and is never offered")


def _note_homes(plan: ProjectPlan, problems: Problems) -> None:
    if plan.project.travel.mode is TravelMode.NONE:
        return
    for index, technician in enumerate(plan.technicians):
        if technician.home is None and _has_hours(technician):
            sentence = f"{technician.id} has no home, so the way to the first job of a day does not count"
            problems.add_note(("technicians", index), sentence)


def _has_hours(technician: Technician) -> bool:
    return bool(technician.shifts) or any(one.windows for one in technician.overrides)


def _note_bookings(plan: ProjectPlan, problems: Problems) -> None:
    services = {service.id: service for service in plan.services}
    technicians = {technician.id: technician for technician in plan.technicians}
    for index, booking in enumerate(plan.bookings):
        lacking = services[booking.claim.service_id].skills - technicians[booking.claim.technician_id].skills
        if lacking:
            sentence = (
                f"{booking.claim.technician_id} lacks {' and '.join(sorted(lacking))}; the booking is kept as it is"
            )
            problems.add_note(("bookings", index, "technicianId"), sentence)
