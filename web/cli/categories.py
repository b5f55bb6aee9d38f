"""`loggia categories`: the bays of the arcade, for whoever sets a community up from a terminal."""

from typing import Any

import click

from forum.kernel.settings import LOCALES
from forum.members.actors import COMMAND_LINE
from forum.threads import arranging
from forum.threads import categories as verbs
from forum.threads.tables import KINDS, Words
from moderation.decisions import change_category
from moderation.guidelines import HOUSE_RULE
from web.cli.opening import as_json, listed, opened

_WHO = {"public": 0, "members": 1, "staff": 2, "groups": 3}
LANGUAGES = click.Choice(LOCALES)
_COLUMNS = (
    "slug",
    "name",
    "kinds",
    "audience",
    "openers",
    "position",
    "threads",
    "peers_first_hours",
    "description",
    "words",
)


@click.group()
def categories() -> None:
    """The categories that people ask in."""


@categories.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List them in their order."""
    with opened() as (_, db), db.reading() as connection:
        found = arranging.details_list(connection, COMMAND_LINE)
    words = {clearance: word for word, clearance in _WHO.items()}
    rows = [
        (
            one.slug, one.name, one.kinds if as_json else ", ".join(one.kinds), words[one.audience], words[one.openers],
            one.position, one.thread_count, one.peers_first_hours, one.description, *([one.words] if as_json else []),
        )
        for one in found
    ]  # fmt: skip
    listed("Categories", _COLUMNS if as_json else _COLUMNS[:-1], rows, as_json=as_json)


def _fields(command: Any) -> Any:
    """The options that making and changing share; what is not given is not touched."""
    for option in (
        click.option("--description", default=None, help="One or two sentences: what belongs there."),
        click.option("--icon", default=None, help="Name of a sign, such as tools or book."),
        click.option(
            "--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="What can be opened; several times."
        ),
        click.option(
            "--audience", type=click.Choice(["public", "members", "staff"]), default=None, help="Who sees it."
        ),
        click.option("--openers", type=click.Choice(["members", "staff"]), default=None, help="Who may open threads."),
        click.option("--repliers", type=click.Choice(["members", "staff"]), default=None, help="Who may reply."),
        click.option("--several-solutions/--one-solution", "several_solutions", default=None),
        click.option("--peers-first-hours", type=int, default=None, help="How long the company holds back."),
        click.option(
            "--name-in", "names", type=(LANGUAGES, str), multiple=True, metavar="LOCALE NAME",
            help="What it is called in another language; an empty NAME is the default again.",
        ),
        click.option(
            "--description-in", "descriptions", type=(LANGUAGES, str), multiple=True, metavar="LOCALE TEXT",
            help="What belongs there, in another language.",
        ),
        click.option("--position", type=int, default=None, help="Place in the order; 0 is first."),
    ):  # fmt: skip
        command = option(command)
    return command


def _words(values: dict[str, Any], present: Words) -> dict[str, Any]:
    """What was said in other languages, put over what was said before."""
    names, descriptions = values.pop("names"), values.pop("descriptions")
    words = {locale: dict(said) for locale, said in present.items()}
    for field, pairs in (("name", names), ("description", descriptions)):
        for locale, said in pairs:
            words.setdefault(locale, {})[field] = said
    return values | ({"words": words} if names or descriptions else {})


def _given(values: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value not in (None, ())}
    return given | {name: _WHO[given[name]] for name in ("audience", "openers", "repliers") if name in given}


@categories.command()
@click.argument("slug")
@click.argument("name")
@_fields
def create(slug: str, name: str, **values: Any) -> None:
    """Make the category NAME at the address /c/SLUG. Without --kind: questions, ideas and discussions."""
    given = {"kinds": KINDS[:3], "icon": "home"} | _given(_words(values, {}))
    with opened() as (_, db), db.transaction() as session:
        given.setdefault("position", arranging.next_position(session))
        verbs.create(session, COMMAND_LINE, slug=slug, name=name, **given)
    click.echo(f"/c/{slug} is there.")


@categories.command()
@click.argument("slug")
@click.option("--slug", "new_slug", default=None, help="Another address; links to the old one end.")
@click.option("--name", default=None)
@click.option("--text", default="", help="Why fewer people are to see what stands there; kept in the public log.")
@click.option("--rule", default=HOUSE_RULE.code, show_default=True, help="The number of the rule that this goes by.")
@click.option("--reason", default="other", show_default=True, help="The code of the reason.")
@_fields
def edit(slug: str, new_slug: str | None, name: str | None, text: str, rule: str, reason: str, **values: Any) -> None:
    """Change the category at /c/SLUG; what is not given stays.

    Where fewer people would see threads that stand there, that is a decision, and --text says why.
    """
    values |= {"slug": new_slug, "name": name}
    if not any(value not in (None, ()) for value in values.values()):
        raise click.UsageError("Say what is to be different.")
    with opened() as (_, db), db.transaction() as session:
        found = verbs.by_slug(session, COMMAND_LINE, slug)
        given = _given(_words(values, found.words))
        change_category(session, COMMAND_LINE, category_id=found.id, rule=rule, reason=reason, text=text, **given)
    click.echo(f"/c/{new_slug or slug} is changed.")


COMMANDS = (categories,)
