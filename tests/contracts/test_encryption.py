"""Encryption at rest: what the database holds, which keys open it, and changing the keys."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from sqlalchemy import Table

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.ports import Store, Transaction
from slotmcp.store import reencryption
from slotmcp.store.columns import ENCRYPTED_COLUMNS
from slotmcp.store.copying import Database
from slotmcp.store.encryption import MARK, NO_KEY, NOT_ENCRYPTED, WRONG_KEY, FieldCipher, is_encrypted, new_key
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.reencryption import encrypt_database, remove_encryption
from slotmcp.store.sqlite import SqliteStore
from slotmcp.store.tables import METADATA
from support.clock import HandClock
from support.new_file import new_file
from support.postgres_databases import Databases
from support.schedules import CUSTOMER, FULL_BOOKING, FULL_DEFERRED, FULL_ENTRY, FULL_WAIT, PROJECT, hold, open_shop

OLD, NEW = new_key(), new_key()
PRIVATE: Final = (CUSTOMER.name, CUSTOMER.phone, CUSTOMER.email, "1 Main St", "Beware of the dog", "no time")
TIMEOUT_MS: Final = 20_000
SHOP: Final = PROJECT.id


class Place(Protocol):
    """Database of one kind."""

    database: Database

    def open(self, *keys: str) -> AbstractAsyncContextManager[Store]:
        """Open a store with these keys."""
        ...

    def values(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return the stored values of a table."""
        ...


class FilePlace:
    """SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = new_file(path)
        self.database: Database = self.path

    def open(self, *keys: str) -> AbstractAsyncContextManager[Store]:
        return SqliteStore.open(self.path, clock=HandClock(), timeout_ms=TIMEOUT_MS, cipher=cipher_of(*keys))

    def values(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608  our own names


class ServerPlace:
    """PostgreSQL database."""

    def __init__(self, databases: Databases, url: str) -> None:
        self.database: Database = Address.of(url)
        self._databases, self._url = databases, url

    def open(self, *keys: str) -> AbstractAsyncContextManager[Store]:
        return PostgresStore.open(self._url, clock=HandClock(), timeout_ms=TIMEOUT_MS, cipher=cipher_of(*keys))

    def values(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return self._databases.execute(f"SELECT {', '.join(columns)} FROM {table}", url=self._url)  # noqa: S608  our own names


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return FilePlace(tmp_path / "shop.db")
    return ServerPlace(request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url"))


def cipher_of(*keys: str) -> FieldCipher | None:
    return FieldCipher(keys) if keys else None


async def fill(store: Store) -> None:
    """Add a row with personal data to each table that has some."""
    await open_shop(store)

    async def unit(transaction: Transaction) -> None:
        await transaction.add_booking(FULL_BOOKING)
        await transaction.add_hold(hold("h", "ben", at=60))
        await transaction.add_waitlist_entry(FULL_WAIT)
        await transaction.calendar.save_entry(FULL_ENTRY)
        await transaction.calendar.defer(FULL_DEFERRED)

    await store.write(SHOP, unit)


async def check(place: Place, *keys: str) -> None:
    """Check that a store with these keys returns what was added."""
    async with place.open(*keys) as store:
        assert await store.booking(SHOP, "full") == FULL_BOOKING
        assert await store.waitlist_entry(SHOP, "full") == FULL_WAIT
        view = await store.calendar(SHOP)
        assert [*view.deferred] == [FULL_DEFERRED]
        assert await store.write(SHOP, lambda transaction: transaction.calendar.entry("full")) == FULL_ENTRY


def everything(place: Place) -> str:
    """Return all values of all tables."""
    return repr([place.values(table.name, "*") for table in METADATA.sorted_tables])


def stored(place: Place) -> Iterator[object]:
    """Yield each value of an encrypted column that is not empty."""
    for table in METADATA.sorted_tables:
        if names := encrypted_columns(table):
            yield from (value for row in place.values(table.name, *names) for value in row if value)


def encrypted_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.info.get("encrypted")]


def test_no_other_column_has_the_name_of_an_encrypted_one() -> None:
    plain = {column.name for table in METADATA.sorted_tables for column in table.columns if not column.info}
    assert plain & ENCRYPTED_COLUMNS == set()
    tables = {table.name for table in METADATA.sorted_tables if encrypted_columns(table)}
    assert tables == {table.name for table in reencryption.TABLES}


async def test_the_database_holds_no_personal_data_in_plain_text(place: Place) -> None:
    async with place.open(OLD) as store:
        await fill(store)
        salts = place.values("projects", "salt")
        assert all(bytes(salt).startswith(MARK.encode()) for (salt,) in salts)
        assert len(list(stored(place))) > 15
        assert not any(words in everything(place) for words in PRIVATE)
    await check(place, OLD)


async def test_a_missing_or_wrong_key_opens_nothing(place: Place) -> None:
    async with place.open(OLD) as store:
        await fill(store)
    for keys, message in (((), NO_KEY), ((NEW,), WRONG_KEY)):
        with pytest.raises(DatabaseUnusable) as caught:
            async with place.open(*keys):
                pass
        assert caught.value.message == message


async def test_a_database_in_plain_text_is_not_opened_with_a_key(place: Place) -> None:
    async with place.open() as store:
        await fill(store)
    with pytest.raises(DatabaseUnusable) as caught:
        async with place.open(OLD):
            pass
    assert caught.value.message == NOT_ENCRYPTED
    await check(place)


async def test_a_server_without_keys_writes_nothing_once_the_database_is_encrypted(place: Place) -> None:
    async with place.open() as store:
        await fill(store)
        await encrypt_database(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS)
        with pytest.raises(DatabaseUnusable, match="is encrypted"):
            await store.write(SHOP, lambda transaction: transaction.erase_customer("phone"))
    await check(place, OLD)


async def test_applying_a_key_encrypts_every_value_and_repeating_it_none(place: Place) -> None:
    async with place.open() as store:
        await fill(store)
    count = len(list(stored(place)))
    assert await encrypt_database(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS) == count
    assert all(is_encrypted(value) for value in stored(place))
    assert await encrypt_database(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS) == 0
    await check(place, OLD)


async def test_keys_are_rotated_while_a_server_runs(place: Place) -> None:
    async with place.open(NEW, OLD) as store:
        pass
    async with place.open(OLD) as store:
        await fill(store)
    async with place.open(NEW, OLD) as store:
        contact_key = (await store.pseudonyms(SHOP))("phone:+13035550142")
        count = await encrypt_database(place.database, FieldCipher([NEW, OLD]), timeout_ms=TIMEOUT_MS)
        assert count == len(list(stored(place)))
        assert await store.booking(SHOP, "full") == FULL_BOOKING
    await check(place, NEW)
    async with place.open(NEW) as store:
        assert (await store.pseudonyms(SHOP))("phone:+13035550142") == contact_key, "the salt is the same"


async def test_removing_the_encryption_restores_plain_text(place: Place) -> None:
    async with place.open(OLD) as store:
        await fill(store)
    count = len(list(stored(place)))
    assert await remove_encryption(place.database, FieldCipher([NEW, OLD]), timeout_ms=TIMEOUT_MS) == count
    await check(place)


@pytest.mark.parametrize("convert", [encrypt_database, remove_encryption])
async def test_an_interrupted_change_is_completed_by_repeating_it(place: Place, convert: Callable[..., Any]) -> None:
    is_removal = convert is remove_encryption
    async with place.open(*([OLD] if is_removal else [])) as store:
        await fill(store)
    with pytest.raises(RuntimeError, match="stopped"):
        await convert(place.database, StoppingCipher([OLD]), timeout_ms=TIMEOUT_MS)
    mixed = {is_encrypted(value) for value in stored(place)}
    assert mixed == {True, False}
    await check(place, OLD)
    await convert(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS)
    await check(place, *([] if is_removal else [OLD]))


class StoppingCipher(FieldCipher):
    """Cipher that fails at its tenth value, within the second table."""

    calls = 0

    def encrypt(self, value: object) -> object:
        self._count()
        return super().encrypt(value)

    def decrypt(self, value: object) -> object:
        self._count()
        return super().decrypt(value)

    def _count(self) -> None:
        self.calls += 1
        if self.calls == 10:
            raise RuntimeError("stopped")


async def test_the_file_keeps_no_plain_text_after_applying_a_key(tmp_path: Path) -> None:
    place = FilePlace(tmp_path / "shop.db")
    async with place.open() as store:
        await fill(store)
    assert any(CUSTOMER.name in text for text in raw_texts(tmp_path))
    await encrypt_database(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS)
    assert not any(words in text for text in raw_texts(tmp_path) for words in PRIVATE)


def raw_texts(folder: Path) -> list[str]:
    return [path.read_bytes().decode(errors="replace") for path in folder.iterdir()]


async def test_batches_cover_a_table_of_any_length(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencryption, "BATCH_ROWS", 2)
    async with place.open() as store:
        await open_shop(store)
        for number in range(5):
            await store.write(SHOP, joining(number))
    await encrypt_database(place.database, FieldCipher([OLD]), timeout_ms=TIMEOUT_MS)
    async with place.open(OLD) as store:
        names = [entry.customer.name for entry in await store.waitlist_entries(SHOP, FULL_WAIT.state)]
    assert names == [CUSTOMER.name] * 5
    assert all(is_encrypted(name) for (name,) in place.values("waits", "customer_name"))


def joining(number: int) -> Callable[[Transaction], Any]:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_waitlist_entry(replace(FULL_WAIT, id=f"w{number}", hold_token=""))

    return unit
