"""docs/security.md names modules and tests; all of them exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_the_guide_names_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`((?:web|forum|moderation|reputation|crm_sync|tests)/[\w/.]+)`", text))
    assert len(named) > 40
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
