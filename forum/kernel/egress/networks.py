"""Which addresses are out in the world and which lead inward.

IPv4: everything but the networks of the IANA special-purpose registry, multicast and the reserved end. IPv6: only what is delegated
for public use (2000::/3) less its special parts. An address that carries an IPv4 address is judged by what it carries, where
networks in use forward it there (mapped, NAT64), and refused otherwise (6to4, Teredo, compatible, ISATAP).

Registries: https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry, read in 2026.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_INWARD_4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' shared space; a cloud's metadata too (100.100.100.200)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's metadata on a public address
        "169.254.0.0/16",  # link-local; clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata too (192.0.0.192)
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_OUTWARD_6 = IPv6Network("2000::/3")
_INWARD_6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def leads_inward(address: Address) -> bool:
    """Whether a stranger's wish must not make us call it."""
    address = carried(address)
    if isinstance(address, IPv4Address):
        return any(address in network for network in _INWARD_4)
    if address not in _OUTWARD_6 or any(address in network for network in _INWARD_6):
        return True
    return (int(address) >> 32) & 0xFFFFFFFF in _ISATAP


def carried(address: Address) -> Address:
    """The IPv4 address that a mapped or NAT64 address is delivered to; any other as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class Allowance:
    """What the operator lets us reach besides the world: networks (`10.0.0.0/8`), or one port of one host (`crm.internal:8443`).

    A host is compared as a whole and as it is written in the address that is called, never by its ending.

    Raises:
        ValueError: an entry that is neither.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._doors: set[tuple[str, int]] = set()
        for entry in entries:
            self._add(entry.strip())

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry, strict=False))
        except ValueError:
            host, _, port = entry.rpartition(":")
            if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
                raise ValueError(f"{entry!r} is neither a network such as 10.0.0.0/8 nor host:port") from None
            self._doors.add((_plain(host), int(port)))

    def has_door(self, host: str, port: int) -> bool:
        """Whether this very host and port were named: then wherever the name leads is the operator's business."""
        return (_plain(host), port) in self._doors

    def has_address(self, address: Address) -> bool:
        address = carried(address)
        return any(address in network for network in self._networks)


def _plain(host: str) -> str:
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(carried(ip_address(host)))
    except ValueError:
        return host
