"""Which addresses a stranger's wish may make us call."""

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel.egress import Client, ConnectionLost, Refused, Resolver
from forum.kernel.egress.networks import Allowance, leads_inward
from tests.shared import shared_data

METADATA = "169.254.169.254"


def inward_names(host: str, port: int) -> Sequence[str]:
    """Numbers in any spelling as the system reads them; every name leads inward, as the names in the list do."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]
    except socket.gaierror:
        return [METADATA]


def test_every_address_that_must_not_be_called_is_refused() -> None:
    rows = [json.loads(line) for line in shared_data("data/ssrf-urls/urls.jsonl").read_text().splitlines()]
    client = Client(resolve=inward_names)
    let_through = []
    for row in rows:
        for call in (lambda url: client.request("GET", url), client.check):
            with suppress(Refused):
                call(row["url"])
                let_through.append(row["url"])
    assert len(rows) == 198
    assert let_through == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.org/",
        "file:///etc/passwd",
        "x.org",
        "//x.org",
        "",
        "http://",
        "http:///a",
        "http://x.org:0/",
        "http://x.org:99999/",
        "http://me:pw@x.org/",
        "http://me@x.org/",
        "http://x.org\\@y.org/",
        "http://x.org/a b",
        "http://x.org/\n",
        "http://x.org\t/",
        "http://x%2eorg/",
        "http://[::1%25lo]/",
        "http://[v1.a]/",
        "http://[",
        "http://\x00/",
        "http://１２７.0.0.1/",
        "http://x..y:x/",
    ],
)
def test_what_is_not_plainly_an_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Client(["0.0.0.0/0", "::/0"], resolve=lambda host, port: ["127.0.0.1"]).check(url)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "169.253.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860:4860::8888",
        "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8",
    ],
)
def test_the_world_may_be_called(address: str) -> None:
    assert not leads_inward(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b:1::1",
        "2001::1",
        "2002:808:808::",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "100::1",
        "5f00::1",
        "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:8.8.8.8",
        "64:ff9b::10.0.0.1",
        "::ffff:169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "255.255.255.255",
    ],
)
def test_what_leads_inward_or_round_about_may_not(address: str) -> None:
    assert leads_inward(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_every_dress(address: IPv4Address) -> None:
    number = int(address)
    for dressed in (IPv6Address(0xFFFF << 32 | number), IPv6Address((0x64FF9B << 96) | number)):
        assert leads_inward(dressed) == leads_inward(address)
    assert leads_inward(IPv6Address(0x2002 << 112 | number << 80))
    assert leads_inward(IPv6Address(number))


@given(st.ip_addresses())
def test_no_rule_is_laxer_than_python_s(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global and not getattr(address, "ipv4_mapped", None):
        assert leads_inward(address)


def test_one_inward_address_among_others_spoils_the_name() -> None:
    client = Client(resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(Refused) as refusal:
        client.check("https://x.org/")
    assert str(refusal.value.text) == "x.org leads into a private network, which only LOGGIA_EGRESS_ALLOW can open."


def unknown(host: str, port: int) -> Sequence[str]:
    raise OSError("no such name")


@pytest.mark.parametrize("resolve", [unknown, lambda host, port: []])
def test_a_name_without_addresses_is_a_lost_connection(resolve: Resolver) -> None:
    with pytest.raises(ConnectionLost) as lost:
        Client(resolve=resolve).check("http://nowhere.invalid/")
    assert not lost.value.sent
    assert str(lost.value) == "There is no address for the name nowhere.invalid."


class TestAllowance:
    def test_opens_networks(self) -> None:
        allowed = Allowance(["10.1.0.0/16", "fd00::/8", "192.0.2.7", "::1"])
        inside = ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "192.0.2.7", "::1"]
        assert all(allowed.has_address(ip_address(address)) for address in inside)
        assert not any(
            allowed.has_address(ip_address(address)) for address in ["10.2.0.1", "fe80::1", "192.0.2.8", "::2"]
        )

    @pytest.mark.parametrize(
        ("host", "port", "open_"),
        [
            ("crm.internal", 8443, True),
            ("CRM.Internal.", 8443, True),
            ("crm.internal", 443, False),
            ("evil-crm.internal", 8443, False),
            ("crm.internal.evil.org", 8443, False),
            ("::1", 9000, True),
            ("127.0.0.1", 9001, True),
            ("localhost", 9001, False),
        ],
    )
    def test_opens_one_port_of_one_host(self, host: str, port: int, open_: bool) -> None:
        assert Allowance(["crm.internal:8443", "[::1]:9000", "127.0.0.1:9001"]).has_door(host, port) is open_

    @pytest.mark.parametrize("entry", ["", "crm.internal", ":80", "x:0", "x:70000", "x:a", "10.0.0.0/99", "x:８０"])
    def test_takes_nothing_else(self, entry: str) -> None:
        with pytest.raises(ValueError, match="neither a network"):
            Allowance([entry])

    def test_comes_from_the_settings_too(self) -> None:
        class Settings:
            egress_allow = ("127.0.0.0/8",)

        Client(Settings()).check("http://127.0.0.1/")
