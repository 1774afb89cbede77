"""The servers that the other tests rely on."""

from __future__ import annotations

import redis
from servers import Cluster, Server, Watched, until


def test_a_server_answers_on_its_port_and_on_its_socket(redis_server: Server) -> None:
    with redis_server.client() as client:
        client.set("seen", 1)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        assert client.get("seen") == b"1"


def test_three_masters_share_all_slots(redis_cluster: Cluster) -> None:
    port = redis_cluster.servers[0].port
    with redis.RedisCluster(host="127.0.0.1", port=port) as client:
        assert len(client.get_primaries()) == 3
        assert {client.set(f"key{i}", i) for i in range(50)} == {True}
        held = [server.client().dbsize() for server in redis_cluster.servers]
    assert sum(held) >= 50
    assert all(held)


def test_a_sentinel_puts_the_replica_in_the_place_of_a_dead_master(watched: Watched) -> None:
    watched.master.kill()
    with watched.sentinel.client() as client:
        until(
            lambda: (
                client.sentinel_get_master_addr_by_name(Watched.NAME)
                == (b"127.0.0.1", watched.replica.port)
            ),
            "failover",
        )
