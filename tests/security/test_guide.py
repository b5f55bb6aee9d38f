"""docs/security.md names modules, tests and functions in them; all of them exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_the_guide_names_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`((?:web|forum|moderation|reputation|crm_sync|tests)/[\w/.]+)(?:::(\w+))?`", text)
    assert len(set(named)) > 90
    assert sorted({file for file, _ in named if not (ROOT / file).exists()}) == []
    missing = {f"{file}::{name}" for file, name in named if name and f"def {name}(" not in (ROOT / file).read_text()}
    assert sorted(missing) == []
