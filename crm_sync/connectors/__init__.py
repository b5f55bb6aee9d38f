"""Connectors: one file for each kind of system. They know its requests and answers; they know neither database nor forum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_sync.ports import Remote

if TYPE_CHECKING:
    from forum.kernel.egress import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that a connector is given. `secrets` are the valid ones, the newest first; never log them."""

    name: str
    installation: str
    config: Mapping[str, Any]
    secrets: tuple[str, ...]
    base_url: str
    var_dir: Path
    egress: "Client"

    def __repr__(self) -> str:
        return f"Setup(name={self.name!r})"


Opening = Callable[[str, Setup], Remote]


def open_remote(connector: str, setup: Setup) -> Remote:
    """The connected system. A connector is imported when it is first used.

    Raises:
        LookupError: there is no connector of this name.
    """
    if connector == "journal":
        from crm_sync.connectors import journal

        return journal.open_remote(setup)
    if connector == "webhook":
        from crm_sync.connectors import webhook

        return webhook.open_remote(setup)
    raise LookupError(connector)
