"""Every message reaches the receiver, signed, and those of one story in order."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web
from receiving import QUICK, SECRET, decision, listening, merged, sending, tell
from servers import fresh, holding, running
from working import Message, queue_of

from dedupe.daemon.webhooks import reader_of, signature_with
from dedupe.errors import ConfigError


def test_every_message_is_posted_with_a_signature_that_holds(url: str) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            tell(queue, *(decision(f"a{i}", f"s{i % 3}") for i in range(40)))
            async with listening() as receiver, sending(url, receiver.url):
                await holding(lambda: len(receiver.taken) == 40)
            last = queue.outputs("", 100)[-1].id
            assert queue.cursor(reader_of(receiver.url)) == last
        for story in range(3):
            of_story = [name for name in receiver.names if int(name[1:]) % 3 == story]
            assert of_story == [f"a{i}" for i in range(40) if i % 3 == story]

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
                await holding(lambda: set(receiver.names) == {"a0", "c0"})
                assert "m" not in receiver.begun
                assert "a1" not in receiver.begun
                held.set()
                await holding(lambda: len(receiver.taken) == 5)
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
                    await holding(lambda: set(receiver.names) == {"a0", "a2", "a3"})
                assert queue.cursor(reader_of(receiver.url)) == first
                assert queue.backlog().behind[reader_of(receiver.url)] == 3  # two are taken
                receiver.answer = lambda message, attempt: web.Response()
                async with sending(url, receiver.url):
                    await holding(lambda: "a1" in receiver.names)
                await holding(
                    lambda: queue.cursor(reader_of(receiver.url)) == queue.outputs("", 100)[-1].id
                )
            assert set(receiver.names) == {"a0", "a1", "a2", "a3"}
            assert len(set(receiver.ids.values())) == 4  # what came again came under its id

    asyncio.run(check())


def test_one_process_sends_and_another_takes_its_place(url: str) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            async with listening() as receiver:
                async with sending(url, receiver.url, holder="one"):
                    tell(queue, decision("a", "a"))
                    await holding(lambda: receiver.names == ["a"])
                    async with sending(url, receiver.url, holder="two"):
                        tell(queue, decision("b", "b"))
                        await holding(lambda: receiver.names == ["a", "b"])
                async with sending(url, receiver.url, holder="two"):
                    tell(queue, decision("c", "c"))
                    await holding(lambda: receiver.names == ["a", "b", "c"])

    asyncio.run(check())


@pytest.mark.parametrize("taken", [0, 1])
def test_a_store_that_came_back_empty_knows_the_webhook_again(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: StringIO
) -> None:
    """Also one of which nothing moves on: its first message is not taken."""
    monkeypatch.setattr("dedupe.daemon.readers._RENEWED", 0.1)

    def answer(message: Message, attempt: int) -> web.Response:
        return web.Response(status=503 if message["id"] == f"a{taken}" else 200)

    async def check() -> None:
        with running(tmp_path) as server:
            url = fresh(server.url)
            stubborn = QUICK._replace(tries=10_000)
            async with listening(answer) as receiver, sending(url, receiver.url, pace=stubborn):
                reader = reader_of(receiver.url)
                with queue_of(url) as queue:
                    tell(queue, *(decision(f"a{i}", "a") for i in range(3)))
                    await holding(lambda: f"a{taken}" in receiver.begun)
                    await holding(lambda: bool(queue.cursor(reader)) == bool(taken))
                server.kill()
                server.start()
                with queue_of(url) as queue:
                    await holding(lambda: reader in queue.backlog().behind)
                    receiver.answer = lambda message, attempt: web.Response()
                    tell(queue, decision("b", "b"))
                    last = queue.outputs("", 100)[-1].id
                    await holding(lambda: "b" in receiver.names and queue.cursor(reader) == last)

    asyncio.run(check())
    assert "another process" not in logged.getvalue()


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
                await holding(lambda: receiver.names == ["a"])

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
