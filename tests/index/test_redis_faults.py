"""What Redis may do to an index: each ends in a clear error, or in an answer that is right."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filing import MANIFEST, creation, filed
from servers import Cluster, Server, Watched, fresh, running, until

from dedupe.errors import IndexDamaged, IndexFailure, IndexUnavailable, UsageError
from dedupe.index.base import Index
from dedupe.index.opening import open_index

Open = Callable[..., Index]


def place_of(index: Index, id: str) -> int:
    [found] = index.add([filed(id)], 5)
    return found.place


# ---- servers that go away ------------------------------------------------------------------------


def test_an_index_outlives_a_server_that_is_killed_and_started_again(
    server: Server, opened: Open
) -> None:
    index = opened(server.url)
    first = filed("a")
    [found] = index.add([first], 5)
    assert index.link(creation("one", found.place))
    server.kill()
    timer = threading.Timer(1.0, server.start)
    timer.start()
    try:
        [copy] = index.add([filed("b", like=first, shared=4)], 5)
    finally:
        timer.join()
    assert copy.candidates.tolist() == [found.place]
    assert index.memberships([found.place]) == ["one"]
    assert [event.kind for event in index.events(0, 10)] == ["created"]


def test_a_server_that_stands_still_for_ten_seconds_is_waited_for(
    server: Server, opened: Open
) -> None:
    index = opened(server.url)
    place = place_of(index, "a")
    server.pause()
    timer = threading.Timer(10.0, server.resume)
    timer.start()
    try:
        assert index.link(creation("one", place))
    finally:
        timer.join()
    assert [event.kind for event in index.events(0, 10)] == ["created"]
    assert index.stats().clusters == 1


def test_a_server_that_stands_still_for_good_is_given_up(server: Server, opened: Open) -> None:
    index = opened(f"{server.url}?patience=1")
    server.pause()
    try:
        with pytest.raises(IndexUnavailable, match=str(server.port)):
            index.slices()
    finally:
        server.resume()
    assert index.slices() == []


def test_an_article_that_was_added_while_the_server_stood_still_is_new_and_there_once(
    server: Server, opened: Open
) -> None:
    index = opened(server.url)
    first = filed("a")
    server.pause()
    timer = threading.Timer(6.0, server.resume)  # longer than one attempt waits
    timer.start()
    try:
        [found] = index.add([first], 5)
    finally:
        timer.join()
    assert not found.known
    [copy] = index.add([filed("b", like=first, shared=4)], 5)
    assert copy.candidates.tolist() == [found.place]
    assert copy.hits.tolist() == [4]
    assert index.stats().articles == 2


def test_a_server_that_loads_its_data_is_waited_for_when_an_index_is_opened(
    tmp_path: Path, opened: Open
) -> None:
    with running(tmp_path) as server:
        place = place_of(opened(server.url), "a")
        with server.client() as client:
            client.mset({f"other{i}": "x" * 1024 for i in range(1000)})
            client.save()
        server.kill()
        slow = ("--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024")
        server.options = slow  # microseconds a key: five seconds
        loading = threading.Thread(target=server.start)
        loading.start()
        try:
            index = opened(f"{server.url}?patience=60")
        finally:
            loading.join()
        assert index.places(["a"]) == [place]


def test_a_full_memory_is_told_and_nothing_is_half_done(server: Server, opened: Open) -> None:
    index = opened(server.url)
    place = place_of(index, "a")
    with server.client() as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(IndexUnavailable, match="maxmemory"):
            index.add([filed("b")], 5)
        with pytest.raises(IndexUnavailable, match="maxmemory"):
            index.link(creation("one", place))
        client.config_set("maxmemory", 0)
    assert index.memberships([place]) == [None]
    assert index.events(0, 10) == []
    assert not index.add([filed("b")], 5)[0].other
    assert index.link(creation("one", place))


def test_a_replica_takes_no_articles(server: Server, tmp_path: Path, opened: Open) -> None:
    with running(tmp_path / "master") as master:
        index = opened(f"{server.url}?patience=1")
        with server.client() as client:
            client.replicaof("127.0.0.1", master.port)
            with pytest.raises(IndexUnavailable, match="replica"):
                index.add([filed("a")], 5)
            client.replicaof("NO", "ONE")
        assert not index.add([filed("a")], 5)[0].known


def test_a_failover_is_waited_for(watched: Watched, opened: Open) -> None:
    index = opened(watched.url)
    first = filed("a")
    [found] = index.add([first], 5)
    with watched.master.client() as client:
        client.wait(1, 5000)  # else the replica may miss what was just written
    watched.master.kill()
    [copy] = index.add([filed("b", like=first, shared=4)], 5)
    assert copy.candidates.tolist() == [found.place]


def test_a_cluster_without_one_master_is_told(tmp_path: Path, opened: Open) -> None:
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        index = opened(f"{cluster.url}?patience=2")
        assert not index.add([filed("a")], 5)[0].known
        cluster.servers[1].kill()
        with pytest.raises(IndexUnavailable):
            index.add([filed("b")], 5)
    finally:
        cluster.kill()


# ---- what is no index ----------------------------------------------------------------------------


def test_a_port_that_nobody_listens_on(tmp_path: Path) -> None:
    with running(tmp_path) as gone:
        url = gone.url
    with pytest.raises(IndexUnavailable, match="no answer"):
        open_index(url)
    with pytest.raises(IndexUnavailable, match="no answer"):
        open_index(url.replace("redis://", "redis+cluster://").removesuffix("/0"))


def test_a_host_that_is_not_known() -> None:
    with pytest.raises(IndexUnavailable, match="no answer"):
        open_index("redis://nowhere.invalid:6379/0")


def test_a_web_server_is_no_redis() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            with pytest.raises(IndexUnavailable, match=str(web.server_port)):
                open_index(f"redis://127.0.0.1:{web.server_port}/0?patience=1")
        finally:
            web.shutdown()
            thread.join()


def test_a_server_without_tls(redis_server: Server) -> None:
    with pytest.raises(IndexFailure, match="TLS"):
        open_index(fresh(redis_server.url.replace("redis:", "rediss:")) + "&patience=1")


def test_a_server_is_no_cluster_and_no_sentinel(redis_server: Server) -> None:
    hosts = f"127.0.0.1:{redis_server.port}"
    with pytest.raises(UsageError, match="no cluster"):
        open_index(f"redis+cluster://{hosts}")
    with pytest.raises(IndexFailure, match=hosts):
        open_index(f"redis+sentinel://{hosts}/news?patience=1")


def test_a_node_of_a_cluster_is_no_server(redis_cluster: Cluster) -> None:
    told = []
    for server in redis_cluster.servers:  # one of them has the slot, and would do until it has not
        try:
            open_index(fresh(server.url)).close()
        except UsageError as error:
            told.append(str(error))
    assert told
    assert all("redis+cluster" in each for each in told)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://localhost:99999/0", "port"),
        ("redis://localhost/news", "database"),
        ("redis://localhost/0?namespaces=x", "namespaces"),
        ("redis://localhost/0?namespace={x}", "namespace"),
        ("redis://localhost/0?patience=long", "seconds"),
        ("redis://one,two/0", "several hosts"),
        ("unix://", "path"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        open_index(url)


def test_a_database_that_the_server_does_not_have(redis_server: Server) -> None:
    with pytest.raises(UsageError, match="0 to 15"):
        open_index(f"{redis_server.url[:-1]}99")


# ---- passwords -----------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, "--requirepass", "open-sesame") as server:
        yield server


def test_a_wrong_password_is_refused_and_never_told(locked: Server) -> None:
    for account in ("", ":guessed-it@", "reader:guessed-it@"):
        with pytest.raises(UsageError, match="DEDUPE_REDIS_PASSWORD_FILE") as refused:
            open_index(locked.url.replace("//", f"//{account}"))
        assert "guessed-it" not in str(refused.value)


def test_the_password_comes_from_the_url_the_environment_or_a_file(
    locked: Server, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(locked.url.replace("//", "//:open-sesame@")).slices() == []
    monkeypatch.setenv("DEDUPE_REDIS_PASSWORD", "open-sesame")
    assert opened(locked.url).slices() == []
    (tmp_path / "secret").write_text("open-sesame\n")
    monkeypatch.delenv("DEDUPE_REDIS_PASSWORD")
    monkeypatch.setenv("DEDUPE_REDIS_PASSWORD_FILE", str(tmp_path / "secret"))
    assert opened(locked.url).slices() == []
    monkeypatch.setenv("DEDUPE_REDIS_PASSWORD_FILE", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="DEDUPE_REDIS_PASSWORD_FILE"):
        open_index(locked.url)


# ---- memory and keys -----------------------------------------------------------------------------


def test_a_server_that_evicts_is_refused_unless_forced(tmp_path: Path) -> None:
    with running(tmp_path, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as evicting:
        with pytest.raises(UsageError, match="maxmemory-policy noeviction"):
            open_index(evicting.url, MANIFEST)
        open_index(evicting.url, MANIFEST, force=True).close()
        with evicting.client() as client:
            client.config_set("maxmemory", 0)  # then it never evicts
        open_index(evicting.url, MANIFEST).close()


@pytest.mark.parametrize("backend", ["redis_url", "cluster_url"])
def test_a_foreign_key_in_the_namespace_is_told(
    backend: str, request: pytest.FixtureRequest, redis_server: Server, opened: Open
) -> None:
    url = str(request.getfixturevalue(backend))
    index = opened(url)
    index.add([filed("a")], 5)
    store = index._store  # type: ignore[attr-defined]
    store.ask("DEL", index._keys.ledger + b"slices")  # type: ignore[attr-defined]
    store.ask("SET", index._keys.ledger + b"slices", "mine")  # type: ignore[attr-defined]
    with pytest.raises(IndexDamaged, match="namespace"):
        index.slices()
    with pytest.raises(IndexDamaged, match="namespace"):
        index.add([filed("b")], 5)


def test_a_manifest_that_is_none_is_told(redis_server: Server) -> None:
    for content in ("mine", '{"format": 1}'):
        with redis_server.client() as client:
            client.set("taken:{l}:manifest", content)
        with pytest.raises(IndexDamaged, match="taken"):
            open_index(f"{redis_server.url}?namespace=taken")
    with redis_server.client() as client:
        client.delete("taken:{l}:manifest")
        client.rpush("taken:{l}:manifest", "mine")
    with pytest.raises(IndexDamaged, match="namespace"):
        open_index(f"{redis_server.url}?namespace=taken")


def test_namespaces_know_nothing_of_each_other(redis_server: Server, opened: Open) -> None:
    one, other = opened(fresh(redis_server.url)), opened(fresh(redis_server.url))
    first = filed("a")
    one.add([first], 5)
    [found] = other.add([filed("b", like=first, shared=8)], 5)
    assert found.candidates.tolist() == []
    assert other.places(["a"]) == [None]


def test_the_socket_of_the_same_server_leads_to_the_same_index(
    redis_server: Server, opened: Open
) -> None:
    url = fresh(redis_server.url)
    place = place_of(opened(url), "a")
    by_socket = opened(url.replace(redis_server.url, redis_server.unix_url))
    assert by_socket.places(["a"]) == [place]


def test_scripts_that_a_server_forgot_are_loaded_again(server: Server, opened: Open) -> None:
    index = opened(server.url)
    with server.client() as client:
        client.script_flush()
    assert not index.add([filed("a")], 5)[0].known


def test_what_expired_leaves_no_key_behind(server: Server, opened: Open) -> None:
    index = opened(server.url)
    with server.client() as client:
        empty = client.dbsize()
        index.add([filed(f"a{i}", slice=5) for i in range(100)], 5)
        index.tally(5, b"said")
        assert client.dbsize() > empty + 100
        while index.expire(6, 40):
            pass
        until(lambda: client.dbsize() <= empty + 4, "keys of the slice")  # counters, callers
