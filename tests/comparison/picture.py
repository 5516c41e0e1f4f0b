"""`.venv/bin/python tests/comparison/picture.py`: draw the packages by layer with their imports.

The picture is docs/images/architecture.svg. A test redraws the picture and fails if the committed one differs.
"""

import ast
import sys
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from comparison.structure import Module, modules_of  # tests are found by path, here as under pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
PACKAGE = "slotmcp"

WIDTH = 1120
MARGIN = 16
GAP = 12
LINE_HEIGHT = 17
PADDING = 12
CHARACTER_WIDTH = 6.9
"""Average width of a character of the small text, in pixels."""
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2933; }
  .name { font-weight: 600; font-size: 15px; }
  .muted { fill: #52606d; font-size: 12px; }
  rect.box { fill: #f5f7fa; stroke: #829ab1; }
  rect.page { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb; } .muted { fill: #9aa5b1; }
    rect.box { fill: #243b53; stroke: #627d98; } rect.page { fill: #102a43; }
  }
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Package or module directly below slotmcp."""

    name: str
    summary: str
    imports: tuple[str, ...]
    """Other parts that it imports, in the order of the layers."""

    def text(self, width: int) -> list[tuple[str, str]]:
        """Return the lines of the part's box, as pairs of a CSS class and a text."""
        characters = int((width - 2 * PADDING) / CHARACTER_WIDTH)
        uses = f"imports {', '.join(self.imports)}" if self.imports else "imports no other package"
        return [
            ("name", self.name),
            *(("", line) for line in wrap(self.summary, characters)),
            *(("muted", line) for line in wrap(uses, characters)),
        ]


def layers() -> list[list[str]]:
    """Return the names of the parts of each layer, top to bottom, from the import contract in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["type"] == "layers")
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def parts(rows: list[list[str]]) -> dict[str, Part]:
    """Return the parts by name."""
    modules = modules_of(ROOT / "src")
    order = [name for row in rows for name in row]
    return {name: _part(name, [module for module in modules if _owner(module.name) == name], order) for name in order}


def _part(name: str, modules: list[Module], order: list[str]) -> Part:
    imported = {_owner(target) for module in modules for target in _imports(module)} - {name}
    first = next((module for module in modules if module.path.name == "__init__.py"), modules[0])
    summary = (ast.get_docstring(first.tree) or "").splitlines()[0].replace("`", "")
    return Part(name, summary, tuple(other for other in order if other in imported))


def _owner(module: str) -> str:
    names = module.split(".")
    return names[1] if names[0] == PACKAGE and len(names) > 1 else ""


def _imports(module: Module) -> list[str]:
    """Return the names of imported modules, including imports inside functions."""
    names = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def draw() -> str:
    """Return the picture as SVG."""
    rows = layers()
    parts_by_name = parts(rows)
    boxes, top = [], MARGIN
    for row in rows:
        width = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) // len(row)
        texts = [parts_by_name[name].text(width) for name in row]
        height = max(len(text) for text in texts) * LINE_HEIGHT + 2 * PADDING - 4
        for column, text in enumerate(texts):
            boxes += _box(MARGIN + column * (width + GAP), top, width, height, text)
        top += height + GAP
    height = top - GAP + MARGIN
    title = "Packages of slotmcp by layer, top to bottom: a package imports only packages below its own layer"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *boxes,
        "</svg>\n",
    ])  # fmt: skip


def _box(left: int, top: int, width: int, height: int, text: list[tuple[str, str]]) -> list[str]:
    lines = [f'<rect class="box" x="{left}" y="{top}" width="{width}" height="{height}" rx="6"/>']
    for number, (kind, line) in enumerate(text):
        attribute = f' class="{kind}"' if kind else ""
        baseline = top + PADDING + LINE_HEIGHT * number + 11
        lines.append(f'<text{attribute} x="{left + PADDING}" y="{baseline}">{escape(line)}</text>')
    return lines


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
