"""Static measures of a source tree: sizes, duplicate names, docstrings and hidden imports."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

GENERATED = '"""Generated '
"""Start of the docstring of every generated module."""
SMALL_FILE_LINES = 60
RULE = "max_holds_per_customer"
"""Project rule whose definitions are counted. Use cases only read it, so they do not count."""
DEFINING_PACKAGES = ("domain", "project_file", "store")
QUESTION_WORDS = {
    *("what", "whatever", "who", "whoever", "whom", "whose", "whether", "how", "however"),
    *("where", "wherever", "when", "whenever", "why", "which", "whichever"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING),
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Module:
    """One parsed source file."""

    path: Path
    name: str
    """Dotted import path."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the syntax tree."""
        return list(ast.walk(self.tree))

    @property
    def is_generated(self) -> bool:
        """True if a committed script generates this module."""
        return self.text.startswith(GENERATED)

    @property
    def lines(self) -> int:
        """Number of lines, including blank ones."""
        return len(self.text.splitlines())

    @cached_property
    def code_lines(self) -> int:
        """Number of lines that are neither blank nor a comment nor part of a docstring."""
        documentation = {
            line
            for node in self.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        code: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _LAYOUT:
                code.update(range(token.start[0], token.end[0] + 1))
        return len(code - documentation)

    @property
    def docstrings(self) -> Iterator[tuple[int, str]]:
        """Line and text of every docstring, including those of attributes."""
        for node in self.nodes:
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                yield node.lineno, node.value.value

    @property
    def functions(self) -> Iterator[Function]:
        """Functions and methods, including nested ones."""
        return (node for node in self.nodes if isinstance(node, Function))

    @property
    def classes(self) -> Iterator[ast.ClassDef]:
        """Classes, including nested ones."""
        return (node for node in self.nodes if isinstance(node, ast.ClassDef))


def modules_of(source: Path) -> list[Module]:
    """Return every module below a `src` folder, by path."""
    return [
        Module(path, ".".join(path.relative_to(source).with_suffix("").parts), path.read_text(encoding="utf-8"))
        for path in sorted(source.rglob("*.py"))
    ]


def first_word(docstring: str) -> str:
    """Return the first word of a docstring in lower case, without punctuation."""
    words = re.findall(r"[A-Za-z]+", docstring)
    return words[0].lower() if words else ""


def duplicate_classes(modules: list[Module]) -> dict[str, int]:
    """Return the class names that occur more than once, with their counts."""
    names = Counter(node.name for module in modules for node in module.classes)
    return {name: number for name, number in names.items() if number > 1}


def functions_with_one_importer(modules: list[Module]) -> int:
    """Count the public module-level functions that exactly one other module imports by name."""
    importers = Counter(
        (node.module, alias.name)
        for module in modules
        for node in module.nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    )
    return sum(
        importers[module.name, node.name] == 1
        for module in modules
        for node in module.tree.body
        if isinstance(node, Function) and not node.name.startswith("_")
    )


def modules_loaded_by_string(modules: list[Module]) -> int:
    """Count the calls of `import_module` and `__import__`, which hide an import from the type checker."""
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}
        for module in modules
        for node in module.nodes
    )


def places_of_a_rule(modules: list[Module]) -> int:
    """Count the hand-written lines that define one project rule: its field, key, column, conversions and statements.

    All migrations count as one place, because a new rule needs only one.
    """
    lines = [
        f"{module.name}: {line}"
        for module in modules
        if module.name.split(".")[1:2] and module.name.split(".")[1] in DEFINING_PACKAGES and not module.is_generated
        for line in module.text.splitlines()
        if re.search(rf"\b{RULE}\b", line)
    ]
    migrations = [line for line in lines if ".migrations." in line]
    return len(lines) - len(migrations) + min(len(migrations), 1)


def function_lengths(modules: list[Module]) -> list[int]:
    """Return the number of lines of each function, with its signature and without its docstring."""
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
        for module in modules
        for node in module.functions
    ]


def _docstring_lines(node: Function) -> int:
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def measures(source: Path) -> dict[str, str]:
    """Return the measures of a `src` folder, by description."""
    modules = modules_of(source)
    written = [module for module in modules if not module.is_generated]
    docstrings = [text for module in written for _, text in module.docstrings]
    questions = sum(first_word(text) in QUESTION_WORDS for text in docstrings)
    share = questions / len(docstrings)
    proxies = [node for module in modules for node in module.functions if node.name == "__getattr__"]
    return {
        "files": str(len(modules)),
        "lines": str(sum(module.lines for module in modules)),
        "lines of code, without generated ones": str(sum(module.code_lines for module in written)),
        f"files under {SMALL_FILE_LINES} lines": str(sum(module.lines < SMALL_FILE_LINES for module in modules)),
        "median lines of a function": str(median(function_lengths(written))),
        "public functions with one importer": str(functions_with_one_importer(written)),
        "class names used more than once": str(len(duplicate_classes(modules))),
        "docstrings that open with a question word": f"{questions} of {len(docstrings)} ({share:.1%})",
        "`__getattr__` methods": str(len(proxies)),
        "modules loaded by a string": str(modules_loaded_by_string(modules)),
        f"places that define `{RULE}`": str(places_of_a_rule(modules)),
    }
