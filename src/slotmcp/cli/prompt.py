"""`slotmcp prompt`: the receptionist's instructions, for platforms that read neither prompts nor instructions."""

from typing import Annotated

import typer

from slotmcp.cli.common import OPTIONAL_PROJECT, run_in_app


def prompt(
    project: Annotated[str | None, typer.Argument(metavar="[PROJECT]", help=OPTIONAL_PROJECT)] = None,
    *,
    locale: Annotated[
        str, typer.Option(metavar="LOCALE", help="Language to speak, such as es; default: the project's.")
    ] = "",
    undated: Annotated[
        bool, typer.Option("--undated", help="Leave out today's date, for a text that is used for longer than a day.")
    ] = False,
) -> None:
    """Print instructions for an agent that answers the phone of a business: the MCP prompt phone_receptionist."""
    from slotmcp.tools.receptionist import receptionist_prompt  # noqa: PLC0415  loads the MCP SDK

    answer = run_in_app(lambda app: app.projects.list_services(project))
    typer.echo(receptionist_prompt(answer, locale=locale, is_dated=not undated), nl=False)
