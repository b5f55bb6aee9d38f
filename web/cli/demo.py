"""`loggia demo`: the demo community on this machine, for looking around."""

from dataclasses import replace

import click

from forum.kernel import settings
from forum.kernel.settings import Settings
from web.cli.opening import prepare

HOST = "127.0.0.1"  # the passwords are made to be read off a screen, so nobody else is let near
SITE_NAME = "Alzaia Community"


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def demo(port: int) -> None:
    """Fill the installation with a demo community, once, and serve it on this machine alone."""
    given = as_demo(settings.load(), port)
    from web.serving import check_port, check_writable

    check_port(HOST, port)
    check_writable(given.var_dir)
    prepare(given)
    _move_in(given)
    from web.serving import run

    run(given, host=HOST, port=port)


def as_demo(given: Settings, port: int) -> Settings:
    """The settings for this machine alone. What was not chosen otherwise is named after the demo.

    Raises:
        UsageError: the site's address is not of this machine.
    """
    if not given.is_loopback:
        raise click.UsageError("The demo is for this machine alone, and LOGGIA_BASE_URL is not. Use loggia serve.")
    site_name = SITE_NAME if given.site_name == "Loggia" else given.site_name
    return replace(given, base_url=f"http://{HOST}:{port}", site_name=site_name)


def _move_in(given: Settings) -> None:
    """Fill what is empty, and say how to sign in. The passwords are this installation's own and shown here alone."""
    from web.demo.checks import checked_community
    from web.demo.installing import ensure
    from web.demo.loading import passwords_of

    community = checked_community()
    click.echo("Making the demo community, if nobody lives here yet …")
    ensure(given, community)
    passwords = passwords_of(community, given.secret_key)
    click.echo(f"\n  {given.base_url}\n\n  Sign in as")
    for person in community.people:
        if person.signs_in_as:
            click.echo(f"    {person.signs_in_as:<16} {person.mail:<24} {passwords[person.handle]}")
    click.echo("\n  Stop with Ctrl-C.\n")


COMMANDS = (demo,)
