"""`slotmcp encryption`: encrypt contact details and notes in the database."""

import asyncio
from typing import Annotated

import typer

from slotmcp.cli.common import plural
from slotmcp.cli.exits import Exit, exit_with
from slotmcp.settings import Settings

NO_KEYS = "SLOTMCP_ENCRYPTION_KEYS is not set. Create a key with `slotmcp encryption new-key`, and set it."

app = typer.Typer(no_args_is_help=True, help="Encrypt contact details and notes in the database.")


@app.command()
def new_key() -> None:
    """Print a new key. Without it, an encrypted database cannot be read: store it apart from your backups."""
    from slotmcp.store.encryption import new_key as create  # noqa: PLC0415  loads cryptography

    typer.echo(create())


@app.command()
def apply() -> None:
    """Encrypt all values with the first key: those in plain text, and those with another key. It can be repeated."""
    _convert(is_removal=False)


@app.command()
def remove(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False) -> None:
    """Store all values in plain text again. Then remove the setting."""
    if not yes:
        typer.confirm("Store contact details and notes in plain text?", abort=True)
    _convert(is_removal=True)


def _convert(*, is_removal: bool) -> None:
    from slotmcp.store.encryption import FieldCipher  # noqa: PLC0415  loads the database drivers
    from slotmcp.store.postgres.address import Address  # noqa: PLC0415  as above
    from slotmcp.store.reencryption import encrypt_database, remove_encryption  # noqa: PLC0415  as above

    settings = Settings.load()
    if not settings.encryption_keys:
        exit_with(Exit.USAGE, NO_KEYS)
    database = (
        Address.of(settings.database_url, statement_cache=settings.database_statement_cache)
        if settings.is_postgres
        else settings.database_path
    )
    convert = remove_encryption if is_removal else encrypt_database
    cipher = FieldCipher(settings.encryption_keys)
    count = asyncio.run(convert(database, cipher, timeout_ms=settings.database_timeout_ms))
    if is_removal:
        typer.echo(f"Decrypted {plural(count, 'value')}. Remove SLOTMCP_ENCRYPTION_KEYS before you start a server.")
    else:
        typer.echo(f"Encrypted {plural(count, 'value')}. All values have the first key; the others can be removed.")
