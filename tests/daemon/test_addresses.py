"""Which addresses are connected to, however they are written or looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.daemon.addresses import AddressRefused, Allowed, CheckedResolver, is_public
from dedupe.errors import ConfigError

PRIVATE = """
    127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1
    169.254.169.254 100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1
    203.0.113.1 224.0.0.1 239.1.2.3 240.0.0.1 255.255.255.255 192.88.99.1
    :: ::1 fe80::1 febf::1 fec0::1 fc00::1 fd12::1 ff02::1 100::1 2001:db8::1 3fff::1
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::a00:1 2002:7f00:1:: 2002:a00:1::
    2001:0:7f00:1::1 2001:0:808:808::f5ff:fffe 4000::1 5f00::1
""".split()
PUBLIC = "8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808"


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_not(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_in_ipv6_is_judged_as_what_it_leads_to(inner: IPv4Address) -> None:
    assert is_public(IPv6Address(f"::ffff:{inner}")) == is_public(inner)
    assert is_public(IPv6Address(int(IPv6Address("64:ff9b::")) + int(inner))) == is_public(inner)
    assert not is_public(IPv6Address((0x2002 << 112) | (int(inner) << 80)))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert mapped or not is_public(address)


# ---- names ---------------------------------------------------------------------------------------


def resolved(
    answers: Sequence[str], allow: Sequence[str] = (), host: str = "news.example"
) -> list[str]:
    """The addresses that a name may be connected to at, where its lookup gives these answers."""

    async def look_up(name: str, port: int) -> Sequence[str]:
        assert (name, port) == (host, 443)
        return answers

    results = asyncio.run(CheckedResolver(allow, look_up).resolve(host, 443))
    return [one["host"] for one in results]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="of the public internet; --allow-address"):
        resolved([address])


def test_of_public_and_private_addresses_only_the_public_are_connected_to() -> None:
    assert resolved(["127.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]) == ["8.8.8.8", "2606:4700::1"]


def test_a_name_without_an_address_is_an_error_of_its_own() -> None:
    with pytest.raises(OSError, match="no address") as raised:
        resolved([])
    assert not isinstance(raised.value, AddressRefused)


def test_the_systems_own_lookup_is_judged_too() -> None:
    with pytest.raises(AddressRefused):
        asyncio.run(CheckedResolver().resolve("localhost", 80))


# ---- addresses in place of names -----------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    """127.0.0.1 ::1 ::ffff:7f00:1 10.1.2.3 2130706433 0x7f000001 0X7F.1 017700000001 127.1
    0177.0.0.1 127.0.0.1. 00.0.0.0 0 0x0 8.8 134744072 127.0.0.01""".split(),
)
def test_an_address_in_any_spelling_is_judged_without_a_lookup(host: str) -> None:
    with pytest.raises(AddressRefused):
        CheckedResolver().check(host, 80)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "2606:4700::1111", "news.example", "1.example", "0xa.example"]
)
def test_names_and_public_addresses_pass(host: str) -> None:
    CheckedResolver().check(host, 80)


# ---- what the operator allows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow", "host", "port", "address", "passes"),
    [
        ("10.0.0.0/8", "a.example", 80, "10.1.2.3", True),
        ("10.0.0.0/8", "a.example", 80, "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "a.example", 80, "11.0.0.0", True),  # public
        ("10.0.0.0/8", "a.example", 80, "192.168.0.1", False),
        ("10.1.2.3:8080", "a.example", 8080, "10.1.2.3", True),
        ("10.1.2.3:8080", "a.example", 80, "10.1.2.3", False),
        ("a.example", "A.example.", 80, "10.1.2.3", True),
        ("a.example", "b.a.example", 80, "10.1.2.3", False),
        ("a.example:80", "a.example", 80, "127.0.0.1", True),
        ("a.example:80", "a.example", 81, "127.0.0.1", False),
        ("[::1]:80", "a.example", 80, "::1", True),
        ("[::1]:80", "a.example", 81, "::1", False),
        ("fd00::/8", "a.example", 81, "fd12::1", True),
    ],
)
def test_the_operator_allows_networks_and_hosts_with_or_without_a_port(
    allow: str, host: str, port: int, address: str, passes: bool
) -> None:
    assert CheckedResolver([allow]).may(ip_address(address), host, port) == passes


@pytest.mark.parametrize(
    "given", ["", "http://a.example", "a b", "10.0.0.0/99", "127.1", ":80", "*"]
)
def test_what_allows_nothing_is_told(given: str) -> None:
    with pytest.raises(ConfigError, match="not a network, a host or host:port"):
        Allowed.parse(given)
