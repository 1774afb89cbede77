"""A real receiver of webhooks on the loopback, and what is sent to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web
from standardwebhooks.webhooks import Webhook
from working import Message, in_loop

from dedupe.daemon.webhooks import Pace, WebhookReader, signature_with
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
    async with in_loop(reader):
        yield reader


def tell(queue: Queue, *told: dict[str, object]) -> None:
    """Put messages into the output stream."""
    before = queue.cursor("test")
    bodies = [json.dumps({"v": 1, **message}).encode() for message in told]
    assert queue.publish("test", before, f"{before}x", bodies)


def decision(id: str, cluster: str) -> dict[str, object]:
    return {"type": "decision", "id": id, "cluster_id": cluster}


def merged(id: str, cluster: str, other: str) -> dict[str, object]:
    return {"type": "event", "id": id, "kind": "merged", "cluster": cluster, "other": other}
