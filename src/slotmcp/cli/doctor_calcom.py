"""What the doctor says of a project's Cal.com account."""

from collections.abc import AsyncIterator, Iterator

from slotmcp.cli.findings import Finding, Mark
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.ports.calendar import CalendarRejected, CalendarUnavailable, CalendarView
from slotmcp.services.app import App
from slotmcp.settings import Settings

_LONG_AGO_MINUTES = 30


async def examine_calendar(app: App, settings: Settings, project_id: str) -> AsyncIterator[Finding]:
    """Whether a connected project's account answers and its webhook's secret is set, and what waits for somebody."""
    answer = await app.calendars.conflicts(project_id)
    connection = answer.project.calcom
    if connection is None:
        return
    subject = f"{project_id} calcom"
    yield await _account(app, settings, connection, project_id, subject)
    yield _webhook(settings, connection, project_id, subject)
    for finding in _state(settings, await app.calendars.view(project_id), len(answer.conflicts), subject):
        yield finding


async def _account(
    app: App, settings: Settings, connection: CalcomConnection, project_id: str, subject: str
) -> Finding:
    name = connection.api_key_env
    if not settings.secret(name):
        return Finding(Mark.NEXT, subject, f"{name} is not set: put the API key of Cal.com into that variable")
    try:
        async with app.calendar_worker() as worker:
            whose = await worker.account_name(project_id)
    except CalendarRejected as error:
        return Finding(Mark.NEXT, subject, f"Cal.com refuses the key in {name}: {error.message}; make a new one there")
    except CalendarUnavailable as error:
        return Finding(Mark.NEXT, subject, f"{settings.calcom_url} gave no answer: {error.message}")
    return Finding(Mark.GOOD, subject, f"the key in {name} opens the account {whose}")


def _webhook(settings: Settings, connection: CalcomConnection, project_id: str, subject: str) -> Finding:
    names = connection.webhook_secret_envs
    missing = [name for name in names if not settings.secret(name)]
    path = f"/webhooks/calcom/{project_id}"
    if not names:
        return Finding(
            Mark.NEXT,
            subject,
            f"no webhook's secret is named, so {path} refuses all: add project.calcom.webhookSecretEnv",
        )
    if missing:
        return Finding(Mark.NEXT, subject, f"{', '.join(missing)} is not set: put the secret of the webhook there")
    return Finding(Mark.GOOD, subject, f"{path} takes what is signed with {' or '.join(names)}")


def _state(settings: Settings, view: CalendarView, conflicts: int, subject: str) -> Iterator[Finding]:
    sync = view.sync
    ago = (view.now_ms - sync.finished_ms) // MS_PER_MINUTE
    if sync.problem:
        yield Finding(Mark.NEXT, subject, f"it was not reconciled to the end: {sync.problem}; it is tried again")
    elif not sync.finished_ms:
        yield Finding(Mark.NEXT, subject, "it was never reconciled: start a server, or run slotmcp calcom sync")
    elif settings.calcom_sync_seconds and ago > _LONG_AGO_MINUTES:
        yield Finding(Mark.NEXT, subject, f"it was last reconciled {ago} minutes ago: does a server run?")
    else:
        yield Finding(Mark.GOOD, subject, f"it was last reconciled {ago} minutes ago")
    refused = sum(bool(one.refused) for one in view.pushes)
    for count, what, command in (
        (len(view.deferred), "were put aside", "inbox"),
        (refused, "are refused by Cal.com", "pushes"),
        (conflicts, "are in conflict", "conflicts"),
    ):
        if count:
            yield Finding(Mark.NEXT, subject, f"{count} {what}: slotmcp calcom {command}")
