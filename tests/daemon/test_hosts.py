from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.daemon.hosts import Hosts, host_of, owner

HOSTS = [f"host{n}.example" for n in range(300)]
names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example/feed", "news.example"),
        ("http://user:secret@news.example:8080/feed", "news.example:8080"),
        ("nothing", ""),
    ],
)
def test_a_host_is_known_by_its_name_and_port(url: str, host: str) -> None:
    assert host_of(url) == host


@given(members=names, host=st.text(max_size=20))
def test_every_host_has_one_owner_whatever_the_order_of_members(
    members: list[str], host: str
) -> None:
    assert owner(host, members) == owner(host, members[::-1])
    assert owner(host, members) in members


@given(members=names, gone=st.integers(0, 5))
def test_only_the_hosts_of_a_member_that_leaves_change_hands(members: list[str], gone: int) -> None:
    left = [name for n, name in enumerate(members) if n != gone]
    for host in HOSTS[:50]:
        before = owner(host, members)
        if before in left:
            assert owner(host, left) == before


def test_members_have_about_as_many_hosts() -> None:
    shares = [owner(host, ["a", "b", "c"]) for host in HOSTS]
    assert min(shares.count(name) for name in "abc") > 60
    assert owner("host", []) is None


def test_one_at_a_time_asks_a_host_and_rests_between() -> None:
    now = [1000.0]
    hosts = Hosts(5.0, lambda: now[0])
    begun: list[float] = []
    under_way = [0]

    async def ask() -> None:
        async with hosts.turn("a"):
            under_way[0] += 1
            assert under_way[0] == 1
            begun.append(now[0])
            await asyncio.sleep(0)
            now[0] += 1.0
            under_way[0] -= 1
        now[0] += 5.0  # it is later when the next looks at the clock

    async def main() -> None:
        await asyncio.gather(*(ask() for _ in range(3)))

    asyncio.run(main())
    assert begun == [1000.0, 1006.0, 1012.0]


def test_a_pause_is_never_shortened() -> None:
    async def main() -> None:
        hosts = Hosts(1.0, lambda: 1000.0)
        hosts.pause("a", 2000.0)
        hosts.pause("a", 1500.0)
        assert hosts.free_at("a") == 2000.0
        hosts.forget()
        assert hosts.free_at("a") == 2000.0
        assert hosts.free_at("b") == 0.0

    asyncio.run(main())
