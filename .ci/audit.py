"""Asks the package registry for known vulnerabilities of what runs in production (`requirements.txt`).

Fails when there is one. A machine that cannot ask says so and passes: its answer would be no news about the code.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.txt"
SECONDS = 180


def main() -> int:
    packages = asked()
    if packages is None:
        print("audit: nobody could be asked from here")
        return 0
    for package in packages:
        for found in package.get("vulns", []):
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"audit: {package['name']} {package['version']} has {found['id']}, mended in {mended}")
    unanswered = sum("skip_reason" in package for package in packages)
    rest = f"; no answer about {unanswered}" if unanswered else ""
    print(f"audit: asked about {len(packages)} packages{rest}")
    return int(any(package.get("vulns") for package in packages))


def asked() -> list[dict[str, Any]] | None:
    """What pip-audit says of each package, or None where it got no answer."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "audit.json"
        what = ["--requirement", str(LOCK), "--require-hashes", "--disable-pip"]
        how = ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
        command = [sys.executable, "-m", "pip_audit", *what, *how]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
        if not report.exists() or not report.stat().st_size:
            return None
        answer: list[dict[str, Any]] = json.loads(report.read_text())["dependencies"]
        return answer


if __name__ == "__main__":
    sys.exit(main())
