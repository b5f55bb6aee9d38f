"""The syntax trees of the product, read once, for rules that imports alone cannot show."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.shared import ROOT

PACKAGES = ("forum", "moderation", "reputation", "crm_sync", "web")


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, as "forum/events.py", its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 0)}"


@cache
def product() -> tuple[Source, ...]:
    """Every Python file of the five packages."""
    return tuple(_read(PACKAGES))


@cache
def everything() -> tuple[Source, ...]:
    """The product, its tests and what CI runs."""
    return tuple(_read((*PACKAGES, "tests", ".ci")))


def _read(folders: tuple[str, ...]) -> Iterator[Source]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in file.parts:
                text = file.read_text()
                yield Source(file.relative_to(ROOT).as_posix(), text, ast.parse(text))


def parsed(code: str, path: str = "web/example.py") -> Source:
    """A made-up file, to show that a rule sees what it is there for."""
    return Source(path, code, ast.parse(code))


def imported_modules(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Each imported module or name with its full name: `from http import client` gives "http.client"."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def last_name(node: ast.expr) -> str:
    """The rightmost name of a dotted expression: "DecisionId" of `visibility.DecisionId`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
