"""Root of the command line: its options, and the commands that start servers or run alone."""

import asyncio
from importlib.metadata import version
from typing import Annotated, Any

import orjson
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from slotmcp.bootstrap import build_app, open_store
from slotmcp.cli import bookings, calcom, customers, databases, encryption, keys, project_files, retention
from slotmcp.cli import doctor as diagnosis
from slotmcp.cli.exits import exit_on_error, exit_with
from slotmcp.cli.prompt import prompt
from slotmcp.cli.report import report
from slotmcp.cli.slots import slots
from slotmcp.project_file import DEFAULT_SAMPLE, SAMPLES, sample_text
from slotmcp.services.traces import summarize_trace
from slotmcp.settings import Settings
from slotmcp.store.schema import Preparation
from slotmcp.tools.gate import Toolset

EPILOG = (
    "Exit codes: 0 success, 1 request refused, 2 invalid command line or setting, 3 invalid project file, "
    "4 database unavailable. Settings are SLOTMCP_* variables; `slotmcp doctor` shows them."
)


class RootGroup(TyperGroup):
    """Group of commands that reports errors as messages. Typer itself reports errors of the command line."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  Typer's Context is private
        """Run the command."""
        with exit_on_error(TyperException, typer.Exit, typer.Abort):
            return super().invoke(ctx)


app = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Let AI phone agents find, hold and book appointments with a pool of technicians.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
ReadOnlyOption = Annotated[bool, typer.Option("--read-only", help="Serve only tools that change nothing.")]


def _complete_sample(incomplete: str) -> list[str]:
    """Return the samples whose names begin with a text, for the shell."""
    return [name for name in SAMPLES if name.startswith(incomplete)]


def run() -> None:
    """Run the command line of this process, then exit."""
    app(prog_name="slotmcp")


def _show_version(*, is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"slotmcp {version('slotmcp')}")
        raise typer.Exit


@app.callback()
def slotmcp(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Define the options that precede a command."""


@app.command()
def stdio(
    name: Annotated[
        str | None,
        typer.Argument(
            help=f"With --sample: name of the sample, by default {DEFAULT_SAMPLE}.", autocompletion=_complete_sample
        ),
    ] = None,
    *,
    toolset: Annotated[Toolset, typer.Option(help="operator: adds the tools for running the business.")] = (
        Toolset.CALLER
    ),
    read_only: ReadOnlyOption = False,
    is_sample: Annotated[bool, typer.Option("--sample", help="Serve a sample business from memory.")] = False,
) -> None:
    """Serve one MCP client over stdin and stdout. MCP clients start this command themselves."""
    from slotmcp.cli import stdio as server  # noqa: PLC0415  loads the MCP SDK

    if name and not is_sample:
        raise typer.BadParameter("requires --sample", param_hint="NAME")
    server.run(toolset, read_only=read_only, sample=_known_sample(name or DEFAULT_SAMPLE) if is_sample else "")


def _known_sample(name: str) -> str:
    """Return the name of a sample.

    Raises:
        BadParameter: there is no such sample.
    """
    if name not in SAMPLES:
        raise typer.BadParameter(f"write one of {', '.join(SAMPLES)}", param_hint="NAME")
    return name


@app.command()
def http(  # noqa: PLR0913  one parameter per option
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free port.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes that share the port.")] = 1,
    toolset: Annotated[
        Toolset | None, typer.Option(help="Largest toolset to serve; default: what each key or token allows.")
    ] = None,
    read_only: ReadOnlyOption = False,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Allow access without authentication.")] = False,
) -> None:
    """Serve MCP clients over HTTP: Streamable HTTP at /mcp, SSE at /sse."""
    from slotmcp.cli import http as server  # noqa: PLC0415  loads the MCP SDK and the web server

    server.run(Settings.load(), toolset, is_read_only=read_only, is_open=no_auth, address=(host, port), workers=workers)


@app.command()
def openapi(
    *,
    toolset: Annotated[Toolset, typer.Option(help="operator: adds the tools for running the business.")] = (
        Toolset.CALLER
    ),
    read_only: ReadOnlyOption = False,
) -> None:
    """Print the OpenAPI document of the tools over plain HTTP, as a server serves it at /openapi.json."""
    from slotmcp.tools.server import select_tools  # noqa: PLC0415  loads the MCP SDK
    from slotmcp.web.openapi import openapi_document  # noqa: PLC0415  loads the web server

    tools = select_tools(toolset, read_only=read_only)
    typer.echo(openapi_document(tools, public_url=Settings.load().public_url), nl=False)


@app.command()
def demo(
    *,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Serve a dashboard with simulated calls until Ctrl-C.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port of the dashboard; default: any free port.")
    ] = None,
) -> None:
    """Watch an agent handle phone calls, on a temporary database."""
    from slotmcp import demo as demos  # noqa: PLC0415  loads the MCP SDK

    if port is not None and not dashboard:
        raise typer.BadParameter("requires --dashboard", param_hint="--port")
    if dashboard:
        demos.run_dashboard(port or 0)
    else:
        demos.run()


@app.command()
def sample(
    name: Annotated[
        str, typer.Argument(help="Name of the sample; --list shows them.", autocompletion=_complete_sample)
    ] = DEFAULT_SAMPLE,
    *,
    is_listed: Annotated[bool, typer.Option("--list", help="Print the names of the samples.")] = False,
) -> None:
    """Print a sample project file: a heating and cooling company in Denver, or another business by its name."""
    if is_listed:
        width = max(map(len, SAMPLES))
        for each, description in SAMPLES.items():
            typer.echo(f"{each:{width}}  {description}")
    else:
        typer.echo(sample_text(_known_sample(name)), nl=False)


app.command()(project_files.check)
app.command("import")(project_files.import_)
app.command()(project_files.export)
app.command()(slots)
app.command()(prompt)
app.command()(bookings.booking)
app.command()(customers.forget)
app.command()(retention.purge)


@app.command()
def trace(
    trace_id: Annotated[str, typer.Argument(metavar="TRACE_ID", help="The traceId of a tool's result.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole trace as JSON.")] = False,
) -> None:
    """Explain the result of a call: the request, the obstacles, and the timings."""
    typer.echo(asyncio.run(read_trace(Settings.load(), trace_id, as_json=as_json)))


async def read_trace(settings: Settings, trace_id: str, *, as_json: bool) -> str:
    """Return a trace as sentences, or as JSON.

    Raises:
        NotFound, Unavailable.
    """
    async with open_store(settings, preparation=Preparation.OPEN) as store:
        answer = await build_app(store).traces.find(trace_id)
    if as_json:
        from slotmcp.tools.resources import trace_as_json  # noqa: PLC0415  loads the MCP SDK

        return orjson.dumps(trace_as_json(answer), option=orjson.OPT_INDENT_2).decode()
    return "\n".join(summarize_trace(answer))


@app.command()
def copy(
    *,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Source; default: the configured database.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="URL", help="Target; default: SLOTMCP_TARGET_DATABASE_URL.")] = None,
    project: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this project; can be repeated. Default: all.")
    ] = None,
) -> None:
    """Copy projects to another database, SQLite or PostgreSQL, and verify the copy. Stop the servers first."""
    from slotmcp.cli import copying  # noqa: PLC0415  loads SQLAlchemy

    copying.run(from_, to, project or [])


app.command()(databases.backup)
app.command()(databases.restore)
app.command()(databases.verify)
app.command()(databases.upgrade)
app.command()(report)
app.add_typer(keys.app, name="keys")
app.add_typer(calcom.app, name="calcom")
app.add_typer(encryption.app, name="encryption")


@app.command()
def doctor() -> None:
    """Check the configuration and the connections, and show what to do next."""
    findings = asyncio.run(diagnosis.examine())
    diagnosis.show(findings)
    exit_with(diagnosis.exit_code(findings))
