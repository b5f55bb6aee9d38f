"""`loggia serve` and `loggia worker`."""

import click

from forum.kernel import settings
from web.cli.opening import make_writable, prepare


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; SQLite wants one."
)
def serve(host: str, port: int, workers: int) -> None:
    """Run the web application; with no broker configured it also runs the worker inside."""
    given = settings.load()
    if given.is_sqlite and workers > 1:
        raise click.UsageError("The embedded database is for one process. Use --workers 1, or PostgreSQL.")
    prepare(given)
    from web.serving import run

    run(given, host=host, port=port, workers=workers)


@click.command()
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads of each process.")
def worker(processes: int, threads: int) -> None:
    """Run the workers. Start as many on as many machines as wanted; a dead process is started again."""
    given = settings.load()
    if given.broker_url is None:
        raise click.UsageError("LOGGIA_BROKER_URL is not set, so the worker runs inside loggia serve.")
    make_writable(given)
    prepare(given)
    from web.supervising import supervise

    raise SystemExit(supervise(given, processes=processes, threads=threads))


COMMANDS = (serve, worker)
