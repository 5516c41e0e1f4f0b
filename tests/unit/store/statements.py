"""All statements of the store, by module and name."""

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

from slotmcp import store
from slotmcp.store.statement import Statement

MODULES: list[ModuleType] = [
    import_module(module.name)
    for module in pkgutil.walk_packages(store.__path__, f"{store.__name__}.")
    if ".migrations" not in module.name
]


def lines_of(module: ModuleType) -> list[str]:
    """Return the lines of a module's source."""
    return Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()


def statements_of(module: ModuleType) -> dict[str, Statement]:
    """Return the statements that a module defines, by name."""
    defined = {line.split(" = ")[0] for line in lines_of(module)}
    return {name: value for name, value in vars(module).items() if isinstance(value, Statement) and name in defined}


STATEMENTS = {
    f"{module.__name__.removeprefix('slotmcp.store.')}.{name}": statement
    for module in MODULES
    for name, statement in statements_of(module).items()
}
