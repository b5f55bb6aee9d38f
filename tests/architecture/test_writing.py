"""The forum's tables are written inside the forum alone; its neighbours and the web call its verbs."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.source import Source, last_name, parsed, product

STATEMENTS = ("insert", "update", "delete")
METHODS = ("add", "add_all", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings")


@cache
def entities() -> frozenset[str]:
    """The mapped classes of the forum: those that name their table."""
    return frozenset(
        node.name
        for source in product()
        if source.package == "forum"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any(_names_a_table(statement) for statement in node.body)
    )


def _names_a_table(statement: ast.stmt) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(last_name(target) == "__tablename__" for target in targets)


def _writes(source: Source) -> Iterator[str]:
    """Where a file makes an entity of the forum, or hands its class to a writing statement, as far as its text tells."""
    names = _entities_in_reach(source)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = last_name(node.func)
        given = {last_name(written) for written in _written_by(node)}
        if called in names or (called in STATEMENTS + METHODS and given & names):
            yield f"{source.at(node)} {ast.unparse(node)[:80]}"


def _entities_in_reach(source: Source) -> set[str]:
    """A class of the same name that does not come from the forum is another package's own."""
    reachable: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "forum":
            reachable |= {alias.asname or alias.name for alias in node.names if alias.name in entities()}
            if any(alias.name == "tables" for alias in node.names):
                reachable |= entities()
    return reachable


def _written_by(call: ast.Call) -> Iterator[ast.expr]:
    """What `insert(X)`, `insert(X.__table__)` and `X.__table__.insert()` write to."""
    candidates = call.args[:1]
    if isinstance(call.func, ast.Attribute):
        candidates = [*candidates, call.func.value]
    for candidate in candidates:
        table = isinstance(candidate, ast.Attribute) and candidate.attr == "__table__"
        yield candidate.value if table else candidate  # type: ignore[attr-defined]


def test_the_forum_is_written_by_the_forum_alone() -> None:
    outside = [each for each in product() if each.package != "forum" and not each.path.startswith("web/migrations/")]
    assert [found for source in outside for found in _writes(source)] == []


def test_there_are_entities_to_protect() -> None:
    assert {"Member", "Thread", "Post"} <= entities()


@pytest.mark.parametrize(
    "line",
    [
        "session.add(Post(thread_id=1))",
        "session.execute(update(Post).where(Post.id == 1).values(score=0))",
        "session.execute(delete(Post))",
        "connection.execute(Post.__table__.insert(), rows)",
        "session.execute(insert(Post.__table__))",
    ],
)
def test_writing_from_outside_is_seen(line: str) -> None:
    assert list(_writes(parsed(f"from forum.threads.tables import Post\n{line}", "reputation/example.py")))


@pytest.mark.parametrize(
    "line", ["select(Post.id)", "session.get(Post, 1)", "seen.add(post)", "session.add(LedgerEntry(post_id=1))"]
)
def test_reading_from_outside_is_no_writing(line: str) -> None:
    assert list(_writes(parsed(f"from forum.threads.tables import Post\n{line}", "reputation/example.py"))) == []
