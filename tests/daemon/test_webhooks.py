"""Every message reaches the receiver, signed, and those of one story in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import StringIO

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook
from working import Message, messages, of_type, queue_of

from dedupe.daemon.webhooks import Pace, WebhookReader, reader_of, signature_with
from dedupe.errors import ConfigError
from dedupe.metrics import Metrics
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Pace(first=0.01, longest=0.02, tries=50)

Answer = Callable[[Message, int], "web.Response | Awaitable[web.Response]"]


class Receiver:
    """A web server that checks signatures, and answers as it is told."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer: Answer = answer or (lambda message, attempt: web.Response())
        self.taken: list[Message] = []
        self.attempts: dict[str, int] = {}  # by webhook-id
        self.ids: dict[str, str] = {}  # webhook-id by id of the message
        self.begun: list[str] = []  # ids of messages, with every request
        self.url = ""

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        message, id = json.loads(body), request.headers["webhook-id"]
        assert self.ids.setdefault(message["message"], id) == id
        attempt = self.attempts[id] = self.attempts.get(id, 0) + 1
        self.begun.append(name_of(message))
        answer = self.answer(message, attempt)
        response = answer if isinstance(answer, web.Response) else await answer
        if response.status < 300:
            self.taken.append(message)
        return response

    @property
    def names(self) -> list[str]:
        return [name_of(message) for message in self.taken]


def name_of(message: Message) -> str:
    return str(message.get("id") or message["position"])


@asynccontextmanager
async def listening(answer: Answer | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sending(
    store: str, url: str, metrics: Metrics | None = None, pace: Pace = QUICK, holder: str = "one"
) -> AsyncIterator[WebhookReader]:
    reader = WebhookReader(
        url, signature_with(SECRET), partial(open_queue, store), holder, metrics or Metrics(),
        pace=pace,
    )  # fmt: skip
    stop = asyncio.Event()
    task = asyncio.create_task(reader.run(stop))
    try:
        yield reader
    finally:
        stop.set()
        await task


def tell(queue: Queue, *told: dict[str, object]) -> None:
    """Put messages into the output stream."""
    before = queue.cursor("test")
    bodies = [json.dumps({"v": 1, **message}).encode() for message in told]
    assert queue.publish("test", before, f"{before}x", bodies)


def decision(id: str, cluster: str) -> dict[str, object]:
    return {"type": "decision", "id": id, "cluster_id": cluster}


def merged(id: str, cluster: str, other: str) -> dict[str, object]:
    return {"type": "event", "id": id, "kind": "merged", "cluster": cluster, "other": other}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def test_every_message_is_posted_with_a_signature_that_holds(url: str) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            tell(queue, *(decision(f"a{i}", f"s{i % 3}") for i in range(40)))
            async with listening() as receiver, sending(url, receiver.url):
                await until(lambda: len(receiver.taken) == 40)
            last = queue.outputs("", 100)[-1].id
            assert queue.cursor(reader_of(receiver.url)) == last
        for story in range(3):
            of_story = [name for name in receiver.names if int(name[1:]) % 3 == story]
            assert of_story == [f"a{i}" for i in range(40) if i % 3 == story]

    asyncio.run(check())


def test_what_is_not_taken_is_sent_again_under_its_id_while_other_stories_go_on(
    sqlite_url: str,
) -> None:
    """The first story's receiver fails five times, the second's never."""

    def answer(message: Message, attempt: int) -> web.Response:
        if message["id"] == "a0" and attempt <= 5:
            assert set(receiver.names) <= {"b0", "b1", "b2"}
            return web.Response(status=500)
        return web.Response()

    async def check() -> None:
        nonlocal receiver
        with queue_of(sqlite_url) as queue:
            for i in range(3):
                tell(queue, decision(f"a{i}", "a"), decision(f"b{i}", "b"))
            metrics = Metrics()
            async with listening(answer) as receiver, sending(sqlite_url, receiver.url, metrics):
                await until(lambda: len(receiver.taken) == 6)
            assert [n for n in receiver.names if n[0] == "a"] == ["a0", "a1", "a2"]
            assert [n for n in receiver.names if n[0] == "b"] == ["b0", "b1", "b2"]
            assert receiver.begun.count("a0") == 6
            assert len(set(receiver.ids.values())) == 6
            shown = metrics.exposition().decode()
            assert 'dedupe_webhooks_total{status="5xx"} 5.0' in shown
            assert 'dedupe_webhooks_total{status="2xx"} 6.0' in shown
            assert receiver.url not in shown

    receiver = Receiver()
    asyncio.run(check())


def test_a_merge_keeps_the_order_of_both_stories(sqlite_url: str) -> None:
    held = asyncio.Event()

    async def answer(message: Message) -> web.Response:
        if message["id"] == "b0":
            await held.wait()
        return web.Response()

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a0", "a"), decision("b0", "b"), merged("m", "a", "b"),
                 decision("a1", "a"), decision("c0", "c"))  # fmt: skip
            async with (
                listening(lambda message, _: answer(message)) as receiver,
                sending(sqlite_url, receiver.url),
            ):
                await until(lambda: set(receiver.names) == {"a0", "c0"})
                assert "m" not in receiver.begun
                assert "a1" not in receiver.begun
                held.set()
                await until(lambda: len(receiver.taken) == 5)
                names = receiver.names
                assert names.index("b0") < names.index("m") < names.index("a1")

    asyncio.run(check())


def test_the_cursor_stays_behind_what_was_not_taken_and_what_follows_is_sent_after_a_restart(
    url: str,
) -> None:
    def broken(message: Message, attempt: int) -> web.Response:
        return web.Response(status=503 if message["id"] == "a1" else 204)

    async def check() -> None:
        with queue_of(url) as queue:
            tell(queue, *(decision(f"a{i}", f"s{i}") for i in range(4)))
            first = queue.outputs("", 100)[0].id
            async with listening(broken) as receiver:
                async with sending(url, receiver.url):
                    await until(lambda: set(receiver.names) == {"a0", "a2", "a3"})
                assert queue.cursor(reader_of(receiver.url)) == first
                receiver.answer = lambda message, attempt: web.Response()
                async with sending(url, receiver.url):
                    await until(lambda: "a1" in receiver.names)
                await until(
                    lambda: queue.cursor(reader_of(receiver.url)) == queue.outputs("", 100)[-1].id
                )
            assert set(receiver.names) == {"a0", "a1", "a2", "a3"}
            assert len(set(receiver.ids.values())) == 4  # what came again came under its id

    asyncio.run(check())


@pytest.mark.parametrize("retry", ["0", "1", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5"])
def test_retry_after_is_honoured_and_nonsense_in_it_is_not(retry: str, sqlite_url: str) -> None:
    times: list[float] = []

    def answer(message: Message, attempt: int) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if attempt == 1:
            return web.Response(status=429, headers={"Retry-After": retry})
        return web.Response()

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))
            async with listening(answer) as receiver, sending(sqlite_url, receiver.url):
                await until(lambda: receiver.names == ["a"])
        assert times[1] - times[0] >= (1.0 if retry == "1" else 0.0)

    asyncio.run(check())


def test_a_receiver_that_does_not_answer_in_time_is_asked_again(sqlite_url: str) -> None:
    async def slowly(attempt: int) -> web.Response:
        await asyncio.sleep(60 if attempt == 1 else 0)
        return web.Response()

    async def check() -> None:
        metrics = Metrics()
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))
            async with (
                listening(lambda message, attempt: slowly(attempt)) as receiver,
                sending(sqlite_url, receiver.url, metrics, QUICK._replace(timeout=0.2)),
            ):
                await until(lambda: receiver.names == ["a"])
        assert b'dedupe_webhooks_total{status="timeout"} 1.0' in metrics.exposition()

    asyncio.run(check())


def test_redirects_are_not_followed(sqlite_url: str) -> None:
    def answer(message: Message, attempt: int) -> web.Response:
        if attempt == 1:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.Response()

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))
            metrics = Metrics()
            async with listening(answer) as receiver, sending(sqlite_url, receiver.url, metrics):
                await until(lambda: receiver.names == ["a"])
        assert b'dedupe_webhooks_total{status="3xx"} 1.0' in metrics.exposition()

    asyncio.run(check())


def test_a_receiver_that_is_not_there_is_tried_until_it_is(sqlite_url: str) -> None:
    async def check() -> None:
        async with listening() as receiver:
            url = receiver.url
        metrics = Metrics()
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))
            async with sending(sqlite_url, url, metrics):
                await until(lambda: b'webhooks_total{status="unreached"}' in metrics.exposition())
            assert queue.cursor(reader_of(url)) == ""

    asyncio.run(check())


def test_what_waits_for_a_receiver_that_was_away_is_sent_as_soon_as_it_takes_something(
    sqlite_url: str, logged: StringIO
) -> None:
    away = True
    hours = Pace(first=3600.0)

    async def check() -> None:
        nonlocal away
        with queue_of(sqlite_url) as queue:
            tell(queue, *(decision(f"a{i}", f"story {i}") for i in range(20)))
            answer = lambda message, attempt: web.Response(status=500 if away else 200)  # noqa: E731
            async with (
                listening(answer) as receiver,
                sending(sqlite_url, receiver.url, pace=hours) as reader,
            ):
                await until(lambda: "webhook fails" in logged.getvalue())
                await until(lambda: len(receiver.begun) == 20)
                away = False
                tell(queue, decision("b", "b"))
                await until(lambda: len(receiver.taken) == 21)
                await until(lambda: reader.cursor == queue.outputs("", 99)[-1].id)
        assert receiver.names[0] == "b"

    asyncio.run(check())
    assert "webhook works again" in logged.getvalue()


def test_a_message_is_not_put_off_for_long_while_the_receiver_takes_others(
    sqlite_url: str,
) -> None:
    async def answer(message: Message, attempt: int) -> web.Response:
        if message["id"] == "a" and attempt < 10:
            other = f"b{attempt}"
            tell(queue, decision(other, other))
            await until(lambda: other in receiver.names)
            return web.Response(status=500)
        return web.Response()

    async def check() -> None:
        nonlocal receiver
        tell(queue, decision("a", "a"))
        pace = Pace(first=0.1)  # nine failures in a row are put off for 50 s in all
        async with listening(answer) as receiver, sending(sqlite_url, receiver.url, pace=pace):
            await until(lambda: "a" in receiver.names)

    receiver = Receiver()
    with queue_of(sqlite_url) as queue:
        asyncio.run(check())


def test_what_is_never_taken_is_given_up_and_kept_in_the_output_stream(
    url: str, logged: StringIO
) -> None:
    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=500 if message["id"] == "a0" else 200)

    async def check() -> None:
        metrics = Metrics()
        with queue_of(url) as queue:
            tell(queue, decision("a0", "a"), decision("a1", "a"))
            async with (
                listening(answer) as receiver,
                sending(url, receiver.url, metrics, QUICK._replace(tries=3)),
            ):
                await until(lambda: receiver.names == ["a1"])
                await until(
                    lambda: queue.cursor(reader_of(receiver.url)) == queue.outputs("", 9)[-1].id
                )
            [kept] = of_type(messages(queue), "undelivered")
            assert kept["body"]["id"] == "a0"
            assert kept["reason"] == "status 500"
            assert kept["of"] == queue.outputs("", 9)[0].id
        assert receiver.begun.count("a0") == 3
        assert b'dedupe_webhooks_total{status="given_up"} 1.0' in metrics.exposition()

    asyncio.run(check())
    assert "webhook given up" in logged.getvalue()


def test_a_receiver_that_wants_no_more_gets_no_more_until_it_is_reread(
    sqlite_url: str, logged: StringIO
) -> None:
    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, *(decision(f"a{i}", "a") for i in range(3)))

            def gone(message: Message, attempt: int) -> web.Response:
                return web.Response(status=410)

            async with listening(gone) as receiver, sending(sqlite_url, receiver.url) as reader:
                await until(lambda: "410" in str(reader.unready()))
                assert receiver.begun == ["a0"]
                assert queue.cursor(reader_of(receiver.url)) == ""
                receiver.answer = lambda message, attempt: web.Response()
                reader.reread()
                await until(lambda: receiver.names == ["a0", "a1", "a2"])
                assert reader.unready() is None

    asyncio.run(check())


def test_one_process_sends_and_another_takes_its_place(url: str) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            async with listening() as receiver:
                async with sending(url, receiver.url, holder="one"):
                    tell(queue, decision("a", "a"))
                    await until(lambda: receiver.names == ["a"])
                    async with sending(url, receiver.url, holder="two"):
                        tell(queue, decision("b", "b"))
                        await until(lambda: receiver.names == ["a", "b"])
                async with sending(url, receiver.url, holder="two"):
                    tell(queue, decision("c", "c"))
                    await until(lambda: receiver.names == ["a", "b", "c"])

    asyncio.run(check())


def test_neither_secret_nor_address_is_logged_or_in_an_error(
    sqlite_url: str, logged: StringIO
) -> None:
    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))

            def broken(message: Message, attempt: int) -> web.Response:
                return web.Response(status=500 if attempt < 3 else 200)

            async with (
                listening(broken) as receiver,
                sending(sqlite_url, f"{receiver.url}?token=hunter2"),
            ):
                await until(lambda: receiver.names == ["a"])

    asyncio.run(check())
    assert "webhook not taken" in logged.getvalue()
    assert "hunter2" not in logged.getvalue()
    assert SECRET[6:] not in logged.getvalue()


@pytest.mark.parametrize("secret", ["whsec_!!", "", "whsec_", "ö", "whsec_c2hvcnQ=", f"{SECRET}!"])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigError, match="is not base64") as raised:
        signature_with(secret)
    assert not secret or secret not in str(raised.value).replace("whsec_%s", "")


@pytest.mark.parametrize("url", ["hook.example", "ftp://hook.example/", "http://", "http://a:b/"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="http"):
        reader_of(url)
