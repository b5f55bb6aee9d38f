"""Catalogues as people keep them: found in the code, brought up to date, checked. Only builds and translators need this."""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from web.locales import LOCALES, LOCALES_DIR, po_path

ROOT = Path(__file__).parent.parent
PACKAGES = ("forum", "moderation", "reputation", "crm_sync", "web")
TEMPLATE = LOCALES_DIR / "messages.pot"
# Where a sentence stands marked: in templates and pages, and as what a refusal says. How many of its arguments are words.
_REFUSALS = ("denied", "NotFound", "NotAllowed", "Conflict", "Gone", "TooMany", "Unavailable")
_MARKS = {"_": 1, "N_": 1, "gettext": 1, "ngettext": 2, "Text": 1, **dict.fromkeys(_REFUSALS, 1)}
_OPTIONS = {"trimmed": "true", "silent": "false"}
_MARKUP = re.compile(r"</?[a-zA-Z][^>]*>|&\w+;|[<>]")
_PLACES = re.compile(r"%\(\w+\)[a-z]|%%|%|\{\w*\}")
# What a merge of two translations of one sentence leaves.
_RUN_TOGETHER = re.compile(r"[a-zà-ù)>][.!?](?:[A-ZÀ-Ù“]|%\()")


def extracted(root: Path = ROOT) -> Catalog:
    """Every sentence that the code shows to people."""
    found = Catalog(project="Loggia", charset="utf-8")
    for path in _ours(root):
        said = _in_code(path) if path.suffix == ".py" else _in_template(path)
        for message in said:
            found.add(message)
    return found


def _ours(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in sorted((root / package).rglob("*.py")) if "migrations" not in path.parts)
    for kind in ("*.html", "*.txt"):
        yield from sorted((root / "web" / "templates").rglob(kind))


def _in_code(path: Path) -> Iterator[str | tuple[str, ...]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            words = _MARKS.get(_called(node), 0)
            texts = tuple(
                part.value
                for part in node.args[:words]
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            if words and len(texts) == words and texts[0]:
                yield texts if words > 1 else texts[0]


def _called(node: ast.Call) -> str:
    """The last name of what is called: `errors.Text(…)` is `Text`."""
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _in_template(path: Path) -> Iterator[str | tuple[str, ...]]:
    with path.open("rb") as source:
        for _line, _function, message, _comments in babel_extract(source, ["_", "gettext", "ngettext"], [], _OPTIONS):
            words = tuple(word for word in message if word) if isinstance(message, tuple) else message
            if words:
                yield words[0] if len(words) == 1 else words


def compiled(source: Path) -> bytes:
    """The catalogue as `gettext` reads it."""
    out = io.BytesIO()
    write_mo(out, _read(source))
    return out.getvalue()


def update(locale: str, found: Catalog) -> None:
    """Bring a catalogue to what the code says now: new sentences come in empty, those no longer said go out."""
    path = po_path(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _read(path) if path.exists() else Catalog(locale=locale)
    fresh = Catalog(locale=locale, project="Loggia", charset="utf-8", fuzzy=False)
    for message in found:
        if message.id:
            old = known.get(message.id, message.context)
            fresh.add(
                message.id, old.string if old else None, auto_comments=message.auto_comments, context=message.context
            )
    path.write_bytes(_written(fresh, locale))


def _read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source)


def _written(content: Catalog, locale: str) -> bytes:
    """Sorted, and without line numbers and dates, so that two branches that add sentences merge."""
    out = io.BytesIO()
    write_po(out, content, width=120, no_location=True, omit_header=True, sort_output=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    if locale:
        head += f'"Language: {locale}\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    return f"{head}\n".encode() + out.getvalue()


def problems(locale: str, found: Catalog) -> Iterator[str]:
    """What keeps the catalogue of `locale` from being complete and safe, a line for each."""
    known = _read(po_path(locale)) if po_path(locale).exists() else Catalog(locale=locale)
    for message in found:
        if message.id:
            own = known.get(message.id, message.context)
            for problem in _wrong(message, own):
                yield f"{locale}: {problem}: {_shown(message)}"
    for message in known:
        if message.id and found.get(message.id, message.context) is None:
            yield f"{locale}: no longer said: {_shown(message)}"


def _wrong(message: Message, own: Message | None) -> Iterator[str]:
    ids, strings = _forms(message.id), _forms(own.string) if own else []
    if len(strings) < len(ids) or not all(strings):
        yield "not translated"
        return
    for string in strings:
        if not set(_MARKUP.findall(string)) <= set(_MARKUP.findall(" ".join(ids))):
            yield "markup that the original does not have"
    for original, string in zip(ids, strings, strict=False):
        if _RUN_TOGETHER.search(string) and not _RUN_TOGETHER.search(original):
            yield "two sentences run together"
        if sorted(_PLACES.findall(original)) != sorted(_PLACES.findall(string)):
            yield "placeholders differ"


def _forms(said: str | Iterable[str] | None) -> list[str]:
    return [said] if isinstance(said, str) else list(said or ())


def _shown(message: Message) -> str:
    return repr(_forms(message.id)[0])


def _extract() -> int:
    TEMPLATE.write_bytes(_written(extracted(), ""))
    return 0


def _update() -> int:
    found = extracted()
    for locale in LOCALES[1:]:
        update(locale, found)
    return 0


def _check() -> int:
    found = extracted()
    wrong = [line for locale in LOCALES[1:] for line in problems(locale, found)]
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


_COMMANDS = {"extract": _extract, "update": _update, "check": _check}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        sys.stderr.write("usage: python -m web.translations extract|update|compile|check\n")
        return 2
    return _COMMANDS[arguments[0]]()
