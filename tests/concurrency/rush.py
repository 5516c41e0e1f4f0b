"""The contested business, and stores that disturb its writes."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from slotmcp.domain.booking import Customer
from slotmcp.ports import Store, Transaction, Unit
from slotmcp.services.imports import ProjectPlan
from support.shop import plan, service, technician
from support.wrapped_store import WrappedStore

T = TypeVar("T")

TESTS: Final = Path(__file__).parents[1]
TECHNICIANS: Final = 11
STARTS_A_DAY: Final = 16
CAPACITY: Final = TECHNICIANS * STARTS_A_DAY
DEFAULT_TIMEOUT_MS: Final = 60_000
"""Generous timeout for a loaded machine."""

BUSINESS: Final[ProjectPlan] = plan(
    *(technician(f"tech-{number}", "09:00-17:00") for number in range(TECHNICIANS)),
    services=(service("visit", 30),),
    horizon_days=0,
    hold_ttl_seconds=120,
)
"""One day that can serve exactly CAPACITY callers, whatever they choose: every unit is as long as the grid interval."""


def customer(caller: int) -> Customer:
    """The caller's own name and number."""
    return Customer(name=f"caller-{caller}", phone=f"+1 303 555 {caller:04}")


def die() -> None:
    """Exit this process at once: no handler runs, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


class GatedStore(WrappedStore):
    """Store that lets writes begin together, as many at a time as the barrier has parties."""

    def __init__(self, store: Store, barrier: asyncio.Barrier) -> None:
        super().__init__(store)
        self._barrier = barrier

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        await self._barrier.wait()
        return await super().write(project_id, unit, create=create)


class DyingStore(WrappedStore):
    """Store that exits at one step of a write: before the n-th call on the transaction, the commit or the response."""

    def __init__(self, store: Store, *, at_step: int) -> None:
        super().__init__(store)
        self._steps_left = at_step

    def step(self) -> None:
        """Advance one step, or exit at the last."""
        if not self._steps_left:
            die()
        self._steps_left -= 1

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        async def dying(transaction: Transaction) -> T:
            value = await unit(_DyingTransaction(transaction, self.step))
            self.step()
            return value

        value = await super().write(project_id, dying, create=create)
        self.step()
        return value


class _DyingTransaction:
    def __init__(self, transaction: Transaction, step: Callable[[], None]) -> None:
        self._transaction = transaction
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the transaction has
        found = getattr(self._transaction, name)
        if name in {"calendar", "now_ms", "pseudonym", "revision"}:
            return found

        async def stepping(*arguments: object, **named: object) -> object:
            self._step()
            call: Awaitable[object] = found(*arguments, **named)
            return await call

        return stepping


def python_module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this folder as a process."""
    return [sys.executable, "-m", f"concurrency.{name}", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment of such a process."""
    paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
