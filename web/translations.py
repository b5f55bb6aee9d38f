"""The interface's languages: finding the words of one, and, as a command, keeping their catalogues complete.

    python -m web.translations extract|update|compile|check

English is what the code says. Each other language has `web/locales/<locale>/LC_MESSAGES/messages.po`, which people edit;
the compiled `.mo` beside it is made by `compile`, or at the first need, and is never committed.
"""

from __future__ import annotations

import gettext as gettext_module
import io
import os
import sys
import tempfile
from functools import cache
from pathlib import Path

from forum.kernel.errors import Text

LOCALES = ("en", "it")
LANGUAGE_NAMES = {"en": "English", "it": "Italiano"}
LOCALES_DIR = Path(__file__).parent / "locales"


class Catalogue:
    """The words of one language."""

    def __init__(self, locale: str, translations: gettext_module.NullTranslations) -> None:
        self.locale = locale
        self.translations = translations
        self.gettext = translations.gettext
        self.ngettext = translations.ngettext
        form = getattr(translations, "plural", lambda count: int(count != 1))
        self.two_forms = [form(count) for count in (0, 1, 2, 5, 21, 1_000_000)] == [1, 0, 1, 1, 1, 1]


@cache
def catalogue(locale: str) -> Catalogue:
    """The words of `locale`, read once.

    Raises:
        KeyError: it is none of `LOCALES`.
    """
    if locale not in LOCALES:
        raise KeyError(locale)
    source = po_path(locale)
    if not source.exists():
        return Catalogue(locale, gettext_module.NullTranslations())
    return Catalogue(locale, gettext_module.GNUTranslations(io.BytesIO(_compiled(source))))


def translate(text: Text | str, locale: str) -> str:
    """The sentence in this language, its values put in; a `str` is taken as said already."""
    if isinstance(text, str):
        return text
    said = catalogue(locale).gettext(text.msgid)
    values = {
        name: translate(value, locale) if isinstance(value, Text) else value for name, value in text.values.items()
    }
    return said % values if values else said


def po_path(locale: str) -> Path:
    return LOCALES_DIR / locale / "LC_MESSAGES" / "messages.po"


def _compiled(source: Path) -> bytes:
    """The compiled catalogue; made anew, and kept if the directory allows, when it is older than its source."""
    kept = source.with_suffix(".mo")
    if kept.exists() and kept.stat().st_mtime >= source.stat().st_mtime:
        return kept.read_bytes()
    from web import catalogues

    body = catalogues.compiled(source)
    if os.access(source.parent, os.W_OK):
        _replace(kept, body)
    return body


def _replace(path: Path, body: bytes) -> None:
    """Write a file so that whoever reads it meanwhile sees the old one or the new one, whole."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as draft:
        draft.write(body)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)


def compile_all() -> None:
    """Compile what changed; the build calls this."""
    for locale in LOCALES:
        if po_path(locale).exists():
            _compiled(po_path(locale))


if __name__ == "__main__":
    from web.catalogues import main

    sys.exit(main(sys.argv[1:]))
