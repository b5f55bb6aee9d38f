"""Where tests find material made by others: `shared/data`, beside the repository or further up. It is read, never copied."""

import json
from pathlib import Path
from typing import Any

import pytest


def shared(*parts: str) -> Path:
    """A file of the shared material; the test is skipped where it is absent."""
    for place in Path(__file__).resolve().parents:
        if (found := place.joinpath("shared", "data", *parts)).exists():
            return found
    pytest.skip(f"shared/data/{'/'.join(parts)} is not beside this checkout")


def shared_json(*parts: str) -> Any:
    return json.loads(shared(*parts).read_text(encoding="utf-8"))


def shared_lines(*parts: str) -> list[Any]:
    with shared(*parts).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
