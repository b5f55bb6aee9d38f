"""Who sees a category is decided in one place: nothing else compares its audience, nor a viewer's clearance with anything."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Source, last_name, parsed, product

PLACES = ("forum/visibility.py", "forum/threads/policies.py")
"""Who sees, and who of those speaks there (`_is_among`)."""
SECRET = frozenset({"audience", "clearance", "viewer_clearance"})
ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot)


def _judgements(source: Source) -> Iterator[str]:
    """Where a file compares an audience or a clearance with something, or asks for it in SQL by a parameter of its own."""
    for node in ast.walk(source.tree):
        if _compares(node) or _asks(node):
            yield f"{source.at(node)} {ast.unparse(node)}"


def _compares(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ORDERING):
        return False
    return any(last_name(side) in SECRET for side in (node.left, *node.comparators))


def _asks(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or last_name(node.func) != "bindparam":
        return False
    return any(isinstance(given, ast.Constant) and given.value in SECRET for given in node.args)


def test_who_sees_a_category_is_decided_in_one_place() -> None:
    # what is chosen for the demo community are words, before there is a category
    elsewhere = [each for each in product() if each.path not in PLACES and not each.path.startswith("web/demo/")]
    assert [found for source in elsewhere for found in _judgements(source)] == []


def test_the_place_that_decides_is_looked_at_too() -> None:
    deciding = [source for source in product() if source.path in PLACES]
    assert len(deciding) == len(PLACES)
    assert all(list(_judgements(source)) for source in deciding)


@pytest.mark.parametrize(
    "code",
    [
        "select(C).where(C.audience <= actor.clearance)",
        "if category.audience > 1: raise NotFound()",
        "seen = actor.clearance == STAFF",
        'bindparam("viewer_clearance", type_=Integer)',
    ],
)
def test_deciding_elsewhere_is_seen(code: str) -> None:
    assert list(_judgements(parsed(code)))


@pytest.mark.parametrize("code", ["category.audience not in AUDIENCES", "create(audience=2)", 'bindparam("viewer_id")'])
def test_naming_an_audience_is_no_deciding(code: str) -> None:
    assert list(_judgements(parsed(code))) == []
