"""Redis by its URL: one server, a Sentinel's master or a cluster, behind two calls.

What may pass by itself (a pause, a restart, a failover) is tried again for a while; everything a
server or redis-py raises comes out as an error of dedupe, without passwords.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis import exceptions as said
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.cluster import ClusterNode
from redis.retry import Retry
from redis.sentinel import Sentinel

from dedupe.errors import DedupeError, IndexDamaged, IndexUnavailable, UsageError

CONNECTING, ANSWERING, PATIENCE = 3.0, 5.0, 30.0  # seconds; PATIENCE is over all attempts
OPENING = 3.0  # seconds until a server that cannot be reached is given up when opening
Command = Sequence[Any]
_T = TypeVar("_T")
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")
_KNOWN = ("namespace", "patience", *_TLS)
_PASSING = (
    said.ConnectionError, said.TimeoutError, said.ReadOnlyError, said.TryAgainError,
    said.ClusterDownError, said.SlotNotCoveredError, OSError,
)  # fmt: skip
_FIXED = (said.AuthenticationError, said.AuthorizationError)
_PASSING_WORDS = ("BUSY ", "LOADING", "MASTERDOWN", "non local key", "CLUSTERDOWN",
                  "cannot be connected")  # fmt: skip


class Address(NamedTuple):
    """A URL of Redis, taken apart."""

    scheme: str
    hosts: list[tuple[str, int]]  # one, or those of a cluster or of its Sentinels
    path: str  # database, socket or name of the master
    user: str | None
    password: str | None
    options: dict[str, str]

    @property
    def where(self) -> str:
        """As it is named in messages: without user and password."""
        if self.scheme == "unix":
            return f"unix://{self.path}"
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.scheme}://{hosts}" + (f"/{self.path}" if self.path else "")

    @property
    def namespace(self) -> str:
        """What all keys begin with."""
        return self.options.get("namespace", "dedupe")

    @property
    def patience(self) -> float:
        """Seconds for which what may pass by itself is tried again."""
        try:
            return float(self.options.get("patience", PATIENCE))
        except ValueError:
            raise UsageError(f"{self.where}: patience is a number of seconds") from None


def parse(url: str) -> Address:
    """Take a URL apart. Raises UsageError."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    account, _, hosts = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    path = unquote(parts.path) if parts.scheme == "unix" else parts.path.strip("/")
    default = 26379 if "sentinel" in parts.scheme else 6379
    listed = [] if parts.scheme == "unix" else [_host(h, default) for h in hosts.split(",")]
    address = Address(
        parts.scheme, listed, path, unquote(user) or None, unquote(password) or _secret(), options
    )
    for name in options:
        if name not in _KNOWN:
            raise UsageError(f"{address.where}: no option {name!r}; there are {', '.join(_KNOWN)}")
    if not address.namespace or set("{}") & set(address.namespace):
        raise UsageError(f"{address.where}: a namespace is not empty and has no braces")
    if parts.scheme == "unix" and not path:
        raise UsageError(f"{address.where}: write the path of the socket, unix:///run/redis.sock")
    return address


def _host(text: str, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        return parts.hostname or "localhost", parts.port or default
    except ValueError:
        raise UsageError(f"{text!r} is not HOST:PORT; a port is 1 to 65535") from None


def _secret() -> str | None:
    if file := os.environ.get("DEDUPE_REDIS_PASSWORD_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise UsageError(f"DEDUPE_REDIS_PASSWORD_FILE: {error}") from error
    return os.environ.get("DEDUPE_REDIS_PASSWORD") or None


@cache
def script(name: str, prelude: str = "", package: str = __package__) -> tuple[str, str]:
    """The SHA-1 that a script is called by, and its text: a file in the folder lua of a package."""
    folder = files(package) / "lua"
    parts = [folder / f"{part}.lua" for part in (prelude, name) if part]
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), text


class Store:
    """One open connection. `ask` and `ask_all` repeat what may be lost: all requests bear that."""

    def __init__(self, address: Address, scripts: Sequence[tuple[str, str]]) -> None:
        self.where, self._address = address.where, address
        self.clustered = address.scheme.endswith("+cluster")
        self.answering = _answering(address)  # seconds after which no answer is a lost one
        self._scripts = scripts
        self._patience = min(OPENING, address.patience)
        self._client: Any = None
        self._make: Callable[[], Any] = lambda: _client(address)
        self._patiently(self._connect)
        self._patience = address.patience

    def _connect(self) -> None:
        if self._client is None:
            self._client = self._make()
        for _, text in self._scripts:
            self._client.script_load(text)

    def ask(self, *command: Any) -> Any:
        """One command."""
        client = self._client
        return self._patiently(lambda: client.execute_command(*command))

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Many commands with one wait. On a cluster they run in no order between slots."""
        if len(commands) == 1:
            return [self.ask(*commands[0])]

        def ask() -> list[Any]:
            with self._pipeline() as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                replies = pipeline.execute(raise_on_error=False)
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
            return list(replies)

        return self._patiently(ask) if commands else []

    def send(self, blob: bytes, replies: int) -> list[Any]:
        """Commands as they go over the wire, to one server; the replies, of which errors are one.

        Not for a cluster, which has several.
        """

        def ask() -> list[Any]:
            pool = self._client.connection_pool
            connection = pool.get_connection()
            try:
                connection.send_packed_command([blob])
                return [connection.read_response(disable_decoding=True) for _ in range(replies)]
            except BaseException:
                connection.disconnect()  # what is still to come would answer the next question
                raise
            finally:
                pool.release(connection)

        return self._patiently(ask)

    def _pipeline(self) -> Any:
        return self._client.pipeline(transaction=False)

    def info(self, section: str) -> list[dict[str, Any]]:
        """INFO of all masters."""
        if not self.clustered:
            return [self._patiently(lambda: self._client.info(section))]
        told = self._patiently(
            lambda: self._client.info(section, target_nodes=redis.RedisCluster.PRIMARIES)
        )
        one = "used_memory" in told or "run_id" in told
        return [told] if one else list(told.values())

    def again(self) -> Store:
        """Another connection to the same server."""
        return Store(self._address, self._scripts)

    def refuse_evicting(self, advice: str = "") -> None:
        """Raise UsageError for a server that deletes keys by itself when its memory is full."""
        for told in self.info("memory"):
            policy = told.get("maxmemory_policy", "noeviction")
            if policy != "noeviction" and told.get("maxmemory", 0):
                raise UsageError(
                    f"{self.where}: maxmemory-policy is {policy}: when its memory is full this"
                    " server deletes keys by itself, and articles would be missed without a word."
                    " Run CONFIG SET maxmemory-policy noeviction and put maxmemory-policy"
                    f" noeviction into redis.conf, or take another server{advice}"
                )

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()

    def _patiently(self, attempt: Callable[[], _T]) -> _T:
        backoff = ExponentialWithJitterBackoff(base=0.05, cap=1.0)
        began = time.monotonic()
        failures = 0
        while True:
            try:
                return attempt()
            except said.NoScriptError:  # a server that was restarted has forgotten them
                again = self._connect
            except (said.RedisError, said.RedisClusterException, OSError) as error:
                failures += 1
                wait = backoff.compute(failures)
                if not _passes(error) or time.monotonic() + wait > began + self._bears(error):
                    raise told(error, self.where) from None
                time.sleep(wait)
                continue
            failures += 1
            try:
                again()
            except (said.RedisError, said.RedisClusterException, OSError) as error:
                if not _passes(error) or time.monotonic() > began + self._bears(error):
                    raise told(error, self.where) from None
                time.sleep(backoff.compute(failures))

    def _bears(self, error: Exception) -> float:
        """Seconds for which a failure is waited out: a server that loads its data is there."""
        loading = isinstance(error, said.BusyLoadingError) or "LOADING" in str(error)
        return self._address.patience if loading else self._patience


def _answering(address: Address) -> float:
    return min(ANSWERING, max(address.patience, 0.5))


def _client(address: Address) -> Any:
    options: dict[str, Any] = {
        "username": address.user,
        "password": address.password,
        "socket_timeout": _answering(address),
        "socket_connect_timeout": CONNECTING,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        **{name: value for name, value in address.options.items() if name in _TLS},
    }
    secure: dict[str, Any] = {"ssl": True} if address.scheme.startswith("rediss") else {}
    if address.scheme == "unix":
        return redis.Redis(unix_socket_path=address.path, **options)
    if address.scheme.endswith("+cluster"):
        nodes = [ClusterNode(host, port) for host, port in address.hosts]  # type: ignore[no-untyped-call]
        return redis.RedisCluster(startup_nodes=nodes, **options, **secure)
    if address.scheme == "redis+sentinel":
        name, _, db = address.path.partition("/")
        own = {k: v for k, v in options.items() if k not in ("username", "password")}
        sentinel: Any = Sentinel(address.hosts, sentinel_kwargs=own)  # type: ignore[no-untyped-call]
        return sentinel.master_for(name, db=_database(db, address), **options)
    (host, port), *more = address.hosts
    if more:
        raise UsageError(f"{address.where}: several hosts are a redis+cluster:// or a Sentinel's")
    number = _database(address.path, address)
    return redis.Redis(host=host, port=port, db=number, **options, **secure)


def _database(text: str, address: Address) -> int:
    if text and not text.isdecimal():
        raise UsageError(f"{address.where}: a database is a number, not {text!r}")
    return int(text or 0)


def _refused(error: Exception) -> bool:
    """Whether it is about the user or the password."""
    words = ("NOAUTH", "WRONGPASS", "NOPERM", "invalid username", "Authentication required")
    return isinstance(error, _FIXED) or any(word in str(error) for word in words)


def _passes(error: Exception) -> bool:
    """Whether it may pass by itself."""
    if _refused(error) or "DB index" in str(error):
        return False
    return isinstance(error, _PASSING) or any(word in str(error) for word in _PASSING_WORDS)


def told(error: Exception, where: str) -> DedupeError:
    """What was raised, in words that say what to do."""
    text = str(error)
    if _refused(error):
        return UsageError(
            f"{where}: user or password is refused; give them as redis://USER:PASSWORD@HOST:PORT,"
            " or by DEDUPE_REDIS_PASSWORD or DEDUPE_REDIS_PASSWORD_FILE, and see that the user may"
            " run scripts and all commands on the keys of the namespace"
        )
    if "DB index is out of range" in text:
        return UsageError(
            f"{where}: the server has no database of this number; usually 0 to 15 are"
        )
    if "support disabled" in text or "mode is not enabled" in text:
        return UsageError(f"{where}: the server is no cluster; write redis://HOST:PORT/DB")
    if isinstance(error, said.MovedError):
        return UsageError(f"{where}: the server belongs to a cluster; write redis+cluster://…")
    if isinstance(error, said.OutOfMemoryError) or "OOM command" in text:
        return IndexUnavailable(
            f"{where}: the memory of the server is full; raise its maxmemory, or delete old"
            " slices: dedupe index expire"
        )
    if "WRONGTYPE" in text:
        return IndexDamaged(
            f"{where}: a key of the namespace holds what dedupe did not write; use another"
            " namespace (?namespace=NAME), or delete the key"
        )
    if isinstance(error, said.ReadOnlyError):
        return IndexUnavailable(
            f"{where}: the server is a replica that takes no writes; name its master, or the"
            " Sentinel that knows it (redis+sentinel://…)"
        )
    if isinstance(error, said.InvalidResponse) or "Protocol Error" in text:
        return IndexUnavailable(f"{where}: what answers there is no Redis; look at host and port")
    if "MISCONF" in text:
        return IndexUnavailable(f"{where}: the server cannot write to its disk and refuses writes")
    unreached = isinstance(error, (said.ConnectionError, said.TimeoutError, OSError))
    if unreached or "cannot be connected" in text:
        hint = " (a Redis with TLS wants rediss://)" if "closed" in text.lower() else ""
        hint = " (does it speak TLS?)" if where.startswith("rediss") else hint
        return IndexUnavailable(f"{where}: no answer: {_plain(text)}{hint}")
    return IndexUnavailable(f"{where}: the server refused: {_plain(text)}")


def _plain(text: str) -> str:
    return text[:300].rstrip(". ")
