"""What a receiver does not take is sent again, waited for or given up; nothing is lost."""

from __future__ import annotations

import asyncio
import json
from io import StringIO

import pytest
from aiohttp import web
from receiving import QUICK, Receiver, decision, listening, sending, tell
from servers import holding
from working import Message, messages, of_type, queue_of

from dedupe.daemon.webhooks import Pace, reader_of
from dedupe.metrics import Metrics

STUBBORN = Pace(first=0.01, longest=0.02, tries=10_000, refusals=4)


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
                await holding(lambda: len(receiver.taken) == 6)
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
                await holding(lambda: receiver.names == ["a"])
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
                await holding(lambda: receiver.names == ["a"])
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
                await holding(lambda: receiver.names == ["a"])
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
                await holding(lambda: b'webhooks_total{status="unreached"}' in metrics.exposition())
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
                await holding(lambda: "webhook fails" in logged.getvalue())
                await holding(lambda: len(receiver.begun) == 20)
                away = False
                tell(queue, decision("b", "b"))
                await holding(lambda: len(receiver.taken) == 21)
                await holding(lambda: reader.cursor == queue.outputs("", 99)[-1].id)
        assert receiver.names[0] == "b"

    asyncio.run(check())
    assert "webhook works again" in logged.getvalue()


@pytest.mark.parametrize(("failures", "told"), [(2, 0), (6, 1)])
def test_on_a_quiet_day_the_log_says_that_a_webhook_fails_and_works_again(
    failures: int, told: int, sqlite_url: str, logged: StringIO
) -> None:
    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=404 if attempt <= failures else 200)

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a", "a"))
            async with listening(answer) as receiver, sending(sqlite_url, receiver.url):
                await holding(lambda: receiver.names == ["a"])

    asyncio.run(check())
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    fails = [line for line in lines if line["event"] == "webhook fails"]
    assert [(line["why"], line["hint"]) for line in fails] == [
        ("status 404", "look at the address and at the secret")
    ] * told
    assert len([line for line in lines if line["event"] == "webhook works again"]) == told


def test_a_message_is_not_put_off_for_long_while_the_receiver_takes_others(
    sqlite_url: str,
) -> None:
    async def answer(message: Message, attempt: int) -> web.Response:
        if message["id"] == "a" and attempt < 10:
            other = f"b{attempt}"
            tell(queue, decision(other, other))
            await holding(lambda: other in receiver.names)
            return web.Response(status=500)
        return web.Response()

    async def check() -> None:
        nonlocal receiver
        tell(queue, decision("a", "a"))
        pace = Pace(first=0.1)  # nine failures in a row are put off for 50 s in all
        async with listening(answer) as receiver, sending(sqlite_url, receiver.url, pace=pace):
            await holding(lambda: "a" in receiver.names)

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
                await holding(lambda: receiver.names == ["a1"])
                await holding(
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


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_a_message_that_is_refused_while_others_are_taken_is_given_up_soon(
    status: int, sqlite_url: str, logged: StringIO
) -> None:
    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=status if message["id"] == "a0" else 200)

    async def check() -> None:
        metrics = Metrics()
        with queue_of(sqlite_url) as queue:
            tell(queue, *(decision(f"a{i}", "a") for i in range(4)))
            async with (
                listening(answer) as receiver,
                sending(sqlite_url, receiver.url, metrics, STUBBORN) as reader,
            ):
                await holding(lambda: receiver.begun == ["a0"] * 2)
                tell(queue, decision("b", "b"))
                await holding(lambda: receiver.names == ["b", "a1", "a2", "a3"])
                await holding(lambda: reader.cursor == queue.outputs("", 9)[-1].id)
            [kept] = of_type(messages(queue), "undelivered")
            assert (kept["body"]["id"], kept["reason"]) == ("a0", f"status {status}")
        assert b'dedupe_webhooks_total{status="given_up"} 1.0' in metrics.exposition()

    asyncio.run(check())
    [told] = [line for line in logged.getvalue().splitlines() if "webhook given up" in line]
    assert json.loads(told)["why"] == f"status {status}"


def test_a_receiver_that_refuses_one_kind_of_message_gets_all_others_in_order(
    sqlite_url: str,
) -> None:
    """More than may wait behind the first that was not taken."""

    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=422 if message["id"][0] == "e" else 200)

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            for i in range(90):
                tell(queue, *(decision(f"{kind}{i}", f"s{i}") for kind in "aeb"))
            async with (
                listening(answer) as receiver,
                sending(sqlite_url, receiver.url, pace=STUBBORN._replace(refusals=2)) as reader,
            ):
                await holding(lambda: len(receiver.taken) == 180)
                await holding(lambda: reader.cursor == queue.outputs("", 999)[-1].id)
            assert len(of_type(messages(queue), "undelivered")) == 90
        for i in range(90):
            assert [n for n in receiver.names if n[1:] == str(i)] == [f"a{i}", f"b{i}"]

    asyncio.run(check())


@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 500, 503])
def test_what_is_no_refusal_of_the_message_itself_is_waited_for(
    status: int, sqlite_url: str
) -> None:
    def answer(message: Message, attempt: int) -> web.Response:
        right = message["id"] != "a0" or attempt > 5 * STUBBORN.refusals
        return web.Response(status=200 if right else status)

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, decision("a0", "a"), decision("a1", "a"))
            async with (
                listening(answer) as receiver,
                sending(sqlite_url, receiver.url, pace=STUBBORN),
            ):
                await holding(lambda: "a0" in receiver.begun)
                tell(queue, decision("b", "b"))
                await holding(lambda: receiver.names == ["b", "a0", "a1"])
            assert of_type(messages(queue), "undelivered") == []

    asyncio.run(check())


@pytest.mark.parametrize("status", [302, 400, 401, 404, 422])
def test_a_receiver_that_refuses_everything_is_waited_for_and_the_log_says_where_to_look(
    status: int, sqlite_url: str, logged: StringIO
) -> None:
    """As one does that has another secret; what it refused comes when it is set right."""
    right = False

    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=200 if right else status)

    async def check() -> None:
        nonlocal right
        names = ["a0", "a1", "b0"]
        with queue_of(sqlite_url) as queue:
            tell(queue, *(decision(name, name[0]) for name in names))
            async with (
                listening(answer) as receiver,
                sending(sqlite_url, receiver.url, pace=STUBBORN),
            ):
                most = 3 * STUBBORN.refusals
                await holding(lambda: all(receiver.begun.count(n) > most for n in ("a0", "b0")))
                right = True
                await holding(lambda: len(receiver.taken) == 3)
            assert [name for name in receiver.names if name[0] == "a"] == ["a0", "a1"]
            assert of_type(messages(queue), "undelivered") == []

    asyncio.run(check())
    [told] = [line for line in logged.getvalue().splitlines() if "webhook fails" in line]
    assert (json.loads(told)["why"], json.loads(told)["hint"]) == (
        f"status {status}", "look at the address and at the secret",
    )  # fmt: skip


def test_a_receiver_that_wants_no_more_gets_no_more_until_it_is_reread(
    sqlite_url: str, logged: StringIO
) -> None:
    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            tell(queue, *(decision(f"a{i}", "a") for i in range(3)))

            def gone(message: Message, attempt: int) -> web.Response:
                return web.Response(status=410)

            async with listening(gone) as receiver, sending(sqlite_url, receiver.url) as reader:
                await holding(lambda: "410" in str(reader.unready()))
                assert receiver.begun == ["a0"]
                assert queue.cursor(reader_of(receiver.url)) == ""
                receiver.answer = lambda message, attempt: web.Response()
                reader.reread()
                await holding(lambda: receiver.names == ["a0", "a1", "a2"])
                assert reader.unready() is None

    asyncio.run(check())
