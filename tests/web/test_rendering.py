"""Templates: the tuned environment gives the bytes of a stock one, escapes everything, and misses nothing silently."""

from __future__ import annotations

from typing import Any

import jinja2
import markupsafe
import pytest

from forum.kernel import clock
from forum.kernel.errors import Text
from tests.web import specimens
from web.locales import LOCALES
from web.rendering import TEMPLATES, _escaped, _furnish, _options, environment, render
from web.translations import catalogue

ERRORS = ("403", "404", "410", "429", "500", "503", "other")


def stock_environment(locale: str) -> jinja2.Environment:
    """What `environment` would be without tuning."""
    return _furnish(jinja2.Environment(autoescape=True, **_options()), catalogue(locale))


def rendered(source: str, locale: str, **context: Any) -> str:
    """What the tuned environment makes of a template; the stock one must agree."""
    tuned = environment(locale).from_string(source).render(context)
    assert tuned == stock_environment(locale).from_string(source).render(context)
    return tuned


@pytest.mark.parametrize("locale", LOCALES)
def test_every_component_comes_out_the_same_tuned_and_stock(locale: str) -> None:
    with clock.at(specimens.NOW):
        page = rendered(specimens.SOURCE, locale, **specimens.context(locale))
    assert page.startswith("<!doctype html>")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", ERRORS)
def test_error_pages_come_out_the_same_tuned_and_stock(name: str, locale: str) -> None:
    context = {
        "page": specimens.page(locale, title="", viewer=None, csrf=""),
        "text": Text("Only a question can have an accepted answer."),
        "heading": Text("That did not work."),
        "number": "r-1",
        "query": specimens.HOSTILE,
        "rows": specimens.rows(),
        "decision": "/transparency/7",
        "wait": 90,
    }
    stock = stock_environment(locale).get_template(f"errors/{name}.html").render(context)
    page = render(f"errors/{name}.html", locale, **context)
    assert page == stock.encode()
    assert page.count(b"<h1>") == 1
    assert b"r-1" in page


def test_every_template_compiles_in_every_language() -> None:
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")]
    for locale in LOCALES:
        for name in names:
            environment(locale).get_template(name)


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_that_people_wrote_becomes_markup(locale: str) -> None:
    page = environment(locale).from_string(specimens.SOURCE).render(specimens.context(locale))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


class Shown:
    def __html__(self) -> str:
        return "<b>shown</b>"

    def __repr__(self) -> str:
        return "shown"  # names the test, alike in each process that runs some of them


@pytest.mark.parametrize(
    "value",
    [
        "<a href='x'>\"&",
        "",
        "ü",
        0,
        -7,
        True,
        None,
        1.5,
        markupsafe.Markup("<b>"),
        Shown(),
        b"<x>",
        ["<x>"],
        Text("<%(a)s>", a=1),
    ],
    ids=repr,
)
def test_values_are_escaped_as_markupsafe_does(value: object) -> None:
    assert _escaped(value) == markupsafe.escape(value)


def test_a_name_that_the_context_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        environment("en").from_string("{{ missing }}").render()
    with pytest.raises(AttributeError):
        environment("en").from_string("{{ page.missing }}").render(page=specimens.page())


def test_sentences_are_translated_with_their_values_escaped() -> None:
    said = rendered("{{ _('Helpful: %(name)s', name=name) }}", "it", name="<i>")
    assert said == "Utile: &lt;i&gt;"


@pytest.mark.parametrize(("count", "said"), [(0, "0 punti"), (1, "1 punto"), (2, "2 punti")])
def test_sentences_follow_the_count(count: int, said: str) -> None:
    source = "{% trans count=count, points=count|number %}{{ points }} point{% pluralize count %}{{ points }} points{% endtrans %}"
    assert rendered(source, "it", count=count) == said


def test_a_sentence_may_stand_as_an_argument() -> None:
    source = "{% macro twice(word) %}{{ word }}{{ word }}{% endmacro %}{{ twice(_('Ask')) }}{{ twice(_('Helpful: %(name)s', name='<')) }}"
    assert rendered(source, "it") == "ChiediChiedi" + "Utile: &lt;" * 2


def test_known_words_cost_nothing_at_run_time() -> None:
    """They are part of the compiled template, so nothing is looked up when a page is made."""
    source = environment("it").compile(
        "{{ _('Ask') }} {{ icon('bell') }} {{ _('Helpful: %(name)s', name=name) }}", raw=True
    )
    assert "Chiedi <svg" in source
    assert "gettext" not in source
    assert "icon" not in source.replace("/static/icons", "")


def test_percent_signs_survive() -> None:
    assert (
        rendered("{% trans %}100% sure{% endtrans %} {% trans n=5 %}{{ n }}% sure{% endtrans %}", "en")
        == "100% sure 5% sure"
    )


def test_a_macro_takes_arguments_in_every_way() -> None:
    source = (
        "{% macro m(a, b='B', c='C') %}{{ a }}{{ b }}{{ c }}{% endmacro %}"
        "{% macro around(word) %}({{ word }}{{ caller() }}){% endmacro %}"
        "{% macro rest() %}{{ varargs|join('-') }}{{ kwargs|length }}{% endmacro %}"
        "{{ m('<') }} {{ m('1', '2') }} {{ m('1', c='3') }} {{ m(a='1') }} {% call around('x') %}<i>{% endcall %} {{ rest(1, 2, k=3) }}"
    )
    assert rendered(source, "en") == "&lt;BC 12C 1B3 1BC (x<i>) 1-21"
    with pytest.raises(TypeError):
        environment("en").from_string("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}").render()


def test_a_value_that_hides_a_macro_is_called_as_a_value() -> None:
    source = "{% macro word() %}macro{% endmacro %}{% for word in words %}{{ word() }}{% endfor %}"
    assert rendered(source, "en", words=[lambda: "value"]) == "value"
