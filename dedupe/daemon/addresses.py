"""Which addresses may be connected to: those of the public internet, and what the operator allows.

An address is judged after its name was looked up, and the connection goes to the very address that
was judged: a name that leads elsewhere a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

from dedupe.errors import ConfigError

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]  # name and port to numeric addresses

_PUBLIC_6 = IPv6Network("2000::/3")  # all that is assigned to the public of IPv6
_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address, reached by way of a gateway
# Not public, whatever the release of Python at hand says; Teredo and 6to4 are tunnels to anywhere.
_KEPT_APART = (
    IPv4Network("0.0.0.0/8"), IPv4Network("100.64.0.0/10"), IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"), IPv4Network("198.18.0.0/15"), IPv4Network("240.0.0.0/4"),
    IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("2002::/16"),
    IPv6Network("3fff::/20"),
)  # fmt: skip
# What the operating system would read as an IPv4 address: 127.1, 0x7f000001, 017700000001.
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", re.I)


class AddressRefused(OSError):
    """A host is at no address that may be connected to."""


class Allowed(NamedTuple):
    """One exception that the operator makes."""

    network: IPv4Network | IPv6Network | None  # where it is by address
    host: str | None  # where it is by name
    port: int | None  # None: any

    @classmethod
    def parse(cls, given: str) -> Allowed:
        """Read `10.0.0.0/8`, `feeds.example`, `feeds.example:8080`, `[::1]:80`; or ConfigError."""
        text = given.strip().lower()
        host, port = text, None
        if match := re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d{1,5})", text):
            host, port = match[1], int(match[2])
        try:
            return cls(ip_network(host.strip("[]"), strict=False), None, port)
        except ValueError:
            pass
        host = host.rstrip(".")
        if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host) or _NUMERIC.fullmatch(host):
            reason = f"not a network, a host or host:port: {given!r}"
            raise ConfigError(f"{reason}; write 10.0.0.0/8, feeds.example or 127.0.0.1:8080")
        return cls(None, host, port)


def is_public(address: Address) -> bool:
    """Whether an address, or the IPv4 address that it stands for, is of the public internet."""
    address = _meant(address)
    if isinstance(address, IPv6Address) and address not in _PUBLIC_6:
        return False
    return (
        address.is_global
        and not (address.is_private or address.is_reserved or address.is_multicast)
        and not any(address in network for network in _KEPT_APART)
    )


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, where it is no more than its wrapping."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class CheckedResolver(AbstractResolver):
    """Looks names up and gives only addresses that may be connected to.

    `allow` are networks, hosts or host:port that are allowed although they are not public;
    `lookup` replaces the operating system's. Raises AddressRefused, or OSError for a name that
    leads nowhere.
    """

    def __init__(self, allow: Sequence[str] = (), lookup: Lookup | None = None) -> None:
        self._allowed = [Allowed.parse(one) for one in allow]
        self._lookup = lookup or _look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host that may be connected to; at least one."""
        found = [ip_address(text) for text in await self._lookup(host, port)]
        good = [address for address in found if self.may(address, host, port)]
        if not good:
            if not found:
                raise OSError("the name has no address")
            raise AddressRefused(_refusal(found[0]))
        results = [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in good
        ]
        return [one for one in results if family in (socket.AF_UNSPEC, one["family"])]

    def check(self, host: str, port: int) -> None:
        """Judge a host that is written as an address, which nobody looks up.

        Raises AddressRefused; names pass, `resolve` judges them.
        """
        try:
            address = ip_address(host)
        except ValueError:
            if _NUMERIC.fullmatch(host):
                raise AddressRefused("addresses are written as four decimal numbers") from None
            return
        if not self.may(address, host, port):
            raise AddressRefused(_refusal(address))

    def may(self, address: Address, host: str, port: int) -> bool:
        """Whether a host at an address may be connected to."""
        if is_public(address):
            return True
        name = host.lower().rstrip(".")
        address = _meant(address)
        return any(
            one.port in (None, port)
            and (one.host == name or (one.network is not None and address in one.network))
            for one in self._allowed
        )

    async def close(self) -> None:
        """Nothing is held."""


def _refusal(address: Address) -> str:
    return f"{address} is not an address of the public internet; --allow-address allows it"


async def _look_up(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    # A scope (fe80::1%eth0) is part of link-local addresses alone.
    return list(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in infos))
