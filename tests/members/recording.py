"""Which actions the code can leave a receipt of, read from its syntax trees."""

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Source


def recorded_by(sources: Iterable[Source]) -> set[str]:
    """Every action that some call of `audit.record` may be given.

    It may be a constant, one of two, a name of a constant, a part of an f-string, or what the calls of the function around it
    (in the same file) are given for a parameter.

    Raises:
        LookupError: an action is spelled in yet another way, so that nobody could say which it may be.
    """
    sources = list(sources)
    constants = {name: value for source in sources for name, value in _constants(source.tree)}
    return {action for source in sources for action in _in(source, constants)}


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))


def _in(source: Source, constants: dict[str, str]) -> Iterator[str]:
    functions = [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for call in _calls(function, "audit.record"):
            yield from _values(call.args[2], function, source, constants)


def _calls(within: ast.AST, name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(within) if isinstance(node, ast.Call) and ast.unparse(node.func) == name)


def _values(given: ast.expr, function: ast.FunctionDef, source: Source, constants: dict[str, str]) -> set[str]:
    match given:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _values(one, function, source, constants) | _values(other, function, source, constants)
        case ast.JoinedStr(values=parts):
            found = {""}
            for part in parts:
                inner = part.value if isinstance(part, ast.FormattedValue) else part
                found = {left + right for left in found for right in _values(inner, function, source, constants)}
            return found
        case ast.Name(id=name) if name in {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}:
            return _handed(name, function, source, constants)
        case ast.Name(id=name) if name in constants:
            return {constants[name]}
    raise LookupError(f"{source.at(given)}: {ast.unparse(given)} may be any action")


def _handed(name: str, function: ast.FunctionDef, source: Source, constants: dict[str, str]) -> set[str]:
    """What the calls of a function are given for one of its parameters."""
    place, found = [one.arg for one in function.args.args].index(name), set[str]()
    for around in (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)):
        for call in _calls(around, function.name):
            named = [one.value for one in call.keywords if one.arg == name]
            found |= _values(named[0] if named else call.args[place], around, source, constants)
    return found
