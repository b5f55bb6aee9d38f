"""The variables of the environment as administrators see them: what holds, and where it comes from. Secrets are never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from dotenv import dotenv_values

from forum.kernel.errors import N_, Text
from forum.kernel.settings import Settings


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable: its value where it may be shown, else only whether there is one; and its source."""

    name: str
    value: Text | str
    source: Text


SET, UNSET = Text(N_("set, and not shown")), Text(N_("not set"))
_ENVIRONMENT, _FILE = Text(N_("the environment")), Text(N_("the file .env"))
_MADE, _DEFAULT = Text(N_("made at the first start")), Text(N_("default"))
_SECRET: Final = (
    "database_url", "broker_url", "smtp_url", "meilisearch_url", "meilisearch_key", "secret_key", "metrics_token",
    "oidc_client_secret",
)  # fmt: skip
"""Addresses of servers are among them: they may hold passwords, and a screen may be shared."""
_OPEN: Final = (
    "base_url", "site_name", "default_locale", "staff_domains", "trusted_proxies", "egress_allow", "log_level", "var_dir",
    "uploads_dir", "oidc_issuer", "oidc_client_id",
)  # fmt: skip


def variables_of(settings: Settings, *, env_file: Path = Path(".env")) -> list[Variable]:
    """Every variable by its name in the environment, those that may be shown first."""
    written = dotenv_values(env_file) if env_file.is_file() else {}
    return [
        *(_variable(name, _shown(getattr(settings, name)), written) for name in _OPEN),
        *(_variable(name, SET if getattr(settings, name) else UNSET, written) for name in _SECRET),
    ]


def _shown(value: object) -> Text | str:
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return str(value) if value else UNSET


def _variable(field: str, value: Text | str, written: Mapping[str, str | None]) -> Variable:
    name = f"LOGGIA_{field.upper()}"
    source = _DEFAULT
    if os.environ.get(name, "").strip():
        source = _ENVIRONMENT
    elif name not in os.environ and (written.get(name) or "").strip():
        source = _FILE
    elif field == "secret_key":
        source = _MADE
    return Variable(name=name, value=value, source=source)
