"""Catalogues: complete, safe, compiled when they are first needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from forum.kernel.errors import Text
from web import catalogues, locales, translations
from web.locales import LOCALES
from web.translations import translate


def test_every_sentence_is_said_in_every_language() -> None:
    found = catalogues.extracted()
    assert len(found) > 100
    assert [line for locale in LOCALES[1:] for line in catalogues.problems(locale, found)] == []


def test_a_text_is_said_with_its_values() -> None:
    text = Text("There is nobody called %(handle)s here.", handle="marta")
    assert translate(text, "en") == "There is nobody called marta here."
    assert translate(text, "it") == "Qui non c’è nessuno che si chiami marta."


def test_a_text_inside_a_text_is_said_too() -> None:
    text = Text("There is nobody called %(handle)s here.", handle=Text("just now"))
    assert translate(text, "it") == "Qui non c’è nessuno che si chiami adesso."


def test_what_was_said_already_stays() -> None:
    assert translate("100% Marta's", "it") == "100% Marta's"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        translations.catalogue("xx")


# What `check` finds


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(locales, "LOCALES_DIR", tmp_path)
    return tmp_path


def problems_with(said: Catalog, msgid: str | tuple[str, str]) -> list[str]:
    found = Catalog()
    found.add(msgid)
    path = locales.po_path("it")
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogues._written(said, "it"))
    return [line.split(": ")[1] for line in catalogues.problems("it", found)]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("msgid", "string", "problem"),
    [
        ("Hello %(name)s", "Ciao %(nome)s", "placeholders differ"),
        ("Hello {name}", "Ciao", "placeholders differ"),
        ("Hello", "<b>Ciao</b>", "markup that the original does not have"),
        ("Hello", "Ciao &amp;", "markup that the original does not have"),
        ("<b>Hello</b>", "<b onclick='x'>Ciao</b>", "markup that the original does not have"),
        ("Hello", "", "not translated"),
        ("Hello.", "Ciao.Salve.", "two sentences run together"),
        (("%(n)s day", "%(n)s days"), ("%(n)s giorno", ""), "not translated"),
        (("%(n)s day", "%(n)s days"), ("%(n)s giorno", "giorni"), "placeholders differ"),
    ],
)
def test_a_catalogue_is_checked(msgid: str | tuple[str, str], string: str | tuple[str, str], problem: str) -> None:
    said = Catalog(locale="it")
    said.add(msgid, string)
    assert problems_with(said, msgid) == [problem]


@pytest.mark.usefixtures("elsewhere")
def test_a_good_catalogue_passes_and_what_is_no_longer_said_does_not() -> None:
    said = Catalog(locale="it")
    said.add(("<b>%(n)s</b> day", "<b>%(n)s</b> days"), ("<b>%(n)s</b> giorno", "<b>%(n)s</b> giorni"))
    said.add("Old", "Vecchio")
    assert problems_with(said, ("<b>%(n)s</b> day", "<b>%(n)s</b> days")) == ["no longer said"]


# Finding and keeping sentences


def test_sentences_are_found_wherever_they_are_marked(tmp_path: Path) -> None:
    code = 'x = Text("a %(b)s" " c", b=row["d"])\nerrors.Text(row["no"])\nN_("e")\nngettext("f", "g", n)\nraise Conflict("h")\nother("i")\n'
    (tmp_path / "forum").mkdir()
    (tmp_path / "forum" / "x.py").write_text(code)
    template = "{{ _('j') }}{% trans count=n %}k{% pluralize %}l{% endtrans %}{% trans %}\n  m\n  n\n{% endtrans %}"
    (tmp_path / "web" / "templates" / "_macros").mkdir(parents=True)
    (tmp_path / "web" / "templates" / "_macros" / "x.html").write_text(template)
    found = {message.id for message in catalogues.extracted(tmp_path) if message.id}
    assert found == {"a %(b)s c", "e", ("f", "g"), "h", "j", ("k", "l"), "m n"}


@pytest.mark.usefixtures("elsewhere")
def test_update_keeps_what_is_said_and_adds_what_is_new() -> None:
    first, second = Catalog(), Catalog()
    for catalog, words in ((first, ("stay", "go")), (second, ("stay", "come"))):
        for word in words:
            catalog.add(word)
    catalogues.update("it", first)
    path = locales.po_path("it")
    path.write_text(path.read_text().replace('msgid "stay"\nmsgstr ""', 'msgid "stay"\nmsgstr "resta"'))
    catalogues.update("it", second)
    kept = {message.id: message.string for message in catalogues._read(path) if message.id}
    assert kept == {"stay": "resta", "come": ""}


@pytest.mark.usefixtures("elsewhere")
def test_a_catalogue_is_compiled_when_it_is_newer() -> None:
    said = Catalog(locale="it")
    said.add("Hello", "Ciao")
    path = locales.po_path("it")
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogues._written(said, "it"))
    assert b"Ciao" in translations._compiled(path)
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".mo"] == ["messages.mo"]

    path.write_text(path.read_text().replace("Ciao", "Salve"))
    later = path.with_suffix(".mo").stat().st_mtime + 10
    os.utime(path, (later, later))
    assert b"Salve" in translations._compiled(path)
    assert len(list(path.parent.iterdir())) == 2


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogues.main(["translate"]) == 2
    assert "extract|update|compile|check" in capsys.readouterr().err
