"""Doors that only one room may open: the network, and the making of a decision."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Source, imported_modules, last_name, parsed, product

NETWORK = (
    *("socket", "ssl", "http.client", "urllib.request", "smtplib", "ftplib"),
    *("httpx", "httpx2", "httpcore", "httpcore2", "requests", "aiohttp", "urllib3"),
)
# The one outbound client and the one mail sender. Servers bring their own sockets, so serving needs no entry.
DOORS = {
    "forum/kernel/egress/__init__.py": ("ssl",),  # for a type alone
    "forum/kernel/egress/calling.py": ("socket", "ssl", "httpx2", "httpcore2"),
    "forum/kernel/egress/transport.py": ("ssl", "httpx2"),
    "web/serving.py": ("socket",),  # tries whether the port is free, and calls nobody
    "forum/kernel/mailer.py": ("smtplib", "ssl"),
}


def _networking(source: Source) -> Iterator[str]:
    allowed = DOORS.get(source.path, ())
    for node, name in imported_modules(source):
        found = [module for module in NETWORK if name == module or name.startswith(f"{module}.")]
        if any(module not in allowed for module in found):
            yield f"{source.at(node)} imports {name}"


def test_the_network_is_reached_through_its_doors_alone() -> None:
    assert [found for source in product() for found in _networking(source)] == []


@pytest.mark.parametrize(
    "code", ["import socket", "from http import client", "import urllib.request as u", "from httpx2 import Client"]
)
def test_reaching_around_a_door_is_seen(code: str) -> None:
    assert list(_networking(parsed(code)))


def test_parsing_addresses_is_no_networking() -> None:
    assert list(_networking(parsed("from http import HTTPStatus\nfrom urllib.parse import urlsplit"))) == []


def _made_decisions(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and last_name(node.func) == "DecisionId":
            yield source.at(node)


def test_a_decision_is_made_in_one_place() -> None:
    places = {found.rsplit(":", 1)[0] for source in product() for found in _made_decisions(source)}
    assert places <= {"moderation/decisions.py"}


def test_making_a_decision_elsewhere_is_seen() -> None:
    assert list(_made_decisions(parsed("visibility.DecisionId(7)")))
