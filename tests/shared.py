"""Real data that lies beside the repository on the machines of those who build it: read by tests, never copied into it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The variable serves a second checkout, which has no such folder beside it.
FOLDER = Path(os.environ.get("LOGGIA_TEST_SHARED") or ROOT.parent / "shared")


def shared_data(name: str) -> Path:
    """The file or folder of that name, as "data/se-cardano". Skips the test where it is absent."""
    found = FOLDER / name
    if not found.exists():
        pytest.skip(f"the shared data {name} is not beside this checkout")
    return found
