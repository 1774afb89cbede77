"""Webhooks: every message is posted, signed, until it is taken; those of one story in order."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import structlog
from msgspec import MsgspecError

from dedupe.daemon import messages
from dedupe.daemon.readers import Reader, pause
from dedupe.errors import ConfigError

if TYPE_CHECKING:
    from standardwebhooks.webhooks import Webhook

    from dedupe.metrics import Metrics
    from dedupe.queues.base import Output, Queue

_AHEAD = 256  # messages beyond the first that was not taken
_AT_ONCE = 8  # requests; where as many fail in a row, the receiver is away
_IN_VAIN = 3  # tries of one message, nothing else being taken: it is away as well
_QUICK = 10  # tries of a message for which a receiver that takes others is not left alone longer
_SOON = 0.05  # seconds for which the stream is asked while requests are under way
_GONE = 410  # the receiver wants no more
_REFUSED = (400, 409, 413, 415, 422)  # it is this message, where the receiver takes others
_LATER = (408, 425, 429)  # of 300 to 499 what passes by itself; the rest is how all is set up
_HINT = "look at the address and at the secret"
_DAY = 86_400.0
_KEY = 24  # bytes of a secret, at least, as the specification has it

log = structlog.get_logger()


class Pace(NamedTuple):
    """How often a message that was not taken is sent again: about a day in all."""

    first: float = 1.0  # seconds after which it is sent again; then twice as long each time
    longest: float = 3600.0
    tries: int = 36
    refusals: int = 9  # tries of a message that is refused while others are taken: four minutes
    timeout: float = 20.0  # seconds of a request

    def delay(self, failures: int) -> float:
        """Seconds until the next try, with jitter."""
        delay = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return delay * random.uniform(0.5, 1.5)


class Failure(Exception):
    """A message was not taken. `after` is how many seconds the receiver wants to be left alone."""

    def __init__(self, status: str, reason: str, after: float = 0.0, answer: int = 0) -> None:
        super().__init__(reason)
        self.status, self.after = status, after
        self.refused = answer in _REFUSED
        self.misdirected = 300 <= answer < 500 and answer not in _LATER


class WebhookReader(Reader):
    """Posts messages to one address.

    A message waits for those before it that concern one of its stories; others go on. The cursor
    stands behind the first that was not taken, so after a kill some are sent again, under the same
    webhook-id.
    """

    def __init__(
        self,
        url: str,
        signature: Webhook,
        open_queue: Callable[[], Queue],
        holder: str,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
        pace: Pace = Pace(),  # noqa: B008  frozen
    ) -> None:
        """Raises ConfigError for what is no http(s) URL."""
        reader = reader_of(url)
        super().__init__(reader, reader, open_queue, holder, clock)
        self._url, self._signature = url, signature
        self._metrics, self._pace = metrics, pace
        self._session: aiohttp.ClientSession | None = None
        self._stopped: str | None = None  # why nothing is sent any more
        self._drain = asyncio.Event()
        self._back = asyncio.Event()  # set when a receiver that was away is there again
        self._in_row = 0  # failures since the receiver took a message
        self._away = False  # told of since then
        self._taken = 0  # messages
        self._alone_until = float("-inf")  # the receiver wants to be left alone
        self._forget()

    def _forget(self) -> None:
        self._sent: dict[str, asyncio.Task[bool]] = {}  # by message, in order
        self._last: dict[str, asyncio.Task[bool]] = {}  # by story, its last message
        self._read_to = ""

    def unready(self) -> str | None:
        """Why nothing is passed on now. A receiver that does not answer is no reason."""
        return self._stopped or super().unready()

    def reread(self) -> None:
        """Try again with a receiver that wanted no more."""
        self._stopped = None

    # ---- reading ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start after the cursor."""
        self._forget()
        self._read_to = self.cursor
        self._drain, self._back = asyncio.Event(), asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        timeout = aiohttp.ClientTimeout(total=self._pace.timeout)
        self._session = aiohttp.ClientSession(timeout=timeout)
        log.info("webhook", reader=self.reader, host=urlsplit(self._url).hostname)

    async def turn(self, stop: asyncio.Event) -> None:
        """Send what there is, and note what was taken."""
        if self._stopped is not None:
            await self._drop()
            await pause(stop, 1.0)
            return
        room = _AHEAD - len(self._sent)
        if room > 0:
            wait = _SOON if self._sent else self._wait
            for output in await self.read(self._read_to, room, wait):
                self._send(output)
                self._read_to = output.id
        if self._sent:
            first = next(iter(self._sent.values()))
            await asyncio.wait({first}, timeout=0.2)
            await self._note()
            if first.done() and not first.result():  # it was given back: all is read again
                await self._drop()

    async def end(self, *, drained: bool) -> None:
        """Wait for the requests that are under way; the others are sent another time."""
        self._drain.set()
        self._back.set()
        try:
            if drained:
                await asyncio.gather(*self._sent.values(), return_exceptions=True)
                await self._note()
        finally:
            await self._drop()
            if self._session is not None:
                await self._session.close()
                self._session = None

    async def _drop(self) -> None:
        """Begin nothing more of what was read; it is read again from the cursor on."""
        for task in self._sent.values():
            task.cancel()
        await asyncio.gather(*self._sent.values(), return_exceptions=True)
        self._forget()
        self._read_to = self.cursor

    async def _note(self) -> None:
        """Move the cursor behind all messages that were taken and have none before them."""
        after = self.cursor
        for id, task in list(self._sent.items()):
            if not task.done() or not task.result():
                break
            after = id
            del self._sent[id]
        self._last = {story: t for story, t in self._last.items() if not t.done()}
        await self.advance(after)

    # ---- sending ---------------------------------------------------------------------------------

    def _send(self, output: Output) -> None:
        try:
            told = messages.told(output.body)
        except (MsgspecError, UnicodeDecodeError):
            told = messages.Told("unknown")
        stories = told.concerns
        before = {self._last[story] for story in stories if story in self._last}
        if told.type == "undelivered":  # of this webhook or another: no news of a story
            before = set()
        task = asyncio.create_task(self._deliver(output, before, told.type))
        self._sent[output.id] = task
        self._last |= dict.fromkeys(stories, task)

    async def _deliver(
        self, output: Output, before: Iterable[asyncio.Task[bool]], type: str
    ) -> bool:
        """Whether a message is through: taken, or given up."""
        if type == "undelivered":
            return True
        for earlier in before:
            if not await earlier:
                return False
        refused, taken = 0, self._taken
        for failures in range(1, self._pace.tries + 1):
            try:
                await self._left_alone()
                async with self._slots:
                    if self._drain.is_set() or self._stopped:
                        return False
                    await self._post(output)
            except Failure as failure:
                self._metrics.webhooks.labels(failure.status).inc()
                refused += failure.refused
                alone = failure.refused and self._taken > taken  # others are taken
                hopeless = alone and refused >= self._pace.refusals
                if hopeless or failures == self._pace.tries:
                    await self._give_up(output, str(failure))
                    return True
                log.debug(
                    "webhook not taken", reader=self.reader, message=output.id, tries=failures,
                    why=str(failure),
                )  # fmt: skip
                if alone:
                    await pause(self._drain, max(failure.after, self._pace.delay(failures)))
                else:
                    in_vain = failures >= _IN_VAIN and self._taken == taken
                    self._note_failure(failure, in_vain)
                    await self._wait_after(failure, failures)
            else:
                self._metrics.webhooks.labels("2xx").inc()
                self._note_success()
                return True
        return False

    def _note_failure(self, failure: Failure, in_vain: bool) -> None:
        self._in_row += 1
        if not self._away and (in_vain or self._in_row >= _AT_ONCE):
            self._away = True
            hint = {"hint": _HINT} if failure.misdirected else {}
            log.warning("webhook fails", reader=self.reader, why=str(failure), **hint)

    def _note_success(self) -> None:
        self._taken += 1
        if self._away:
            log.info("webhook works again", reader=self.reader)
            self._back.set()
            self._back = asyncio.Event()
        self._in_row, self._away = 0, False

    async def _wait_after(self, failure: Failure, failures: int) -> None:
        """Until a message may be sent again.

        Not for long where the receiver takes others, or is back: those behind it wait as well.
        """
        if failure.after:
            await pause(self._drain, max(failure.after, self._pace.delay(failures)))
        else:
            counted = min(failures, self._in_row) if failures < _QUICK else failures
            await pause(self._back, self._pace.delay(max(1, counted)))

    async def _left_alone(self) -> None:
        """Wait for as long as the receiver has asked for."""
        while (left := self._alone_until - time.monotonic()) > 0 and not self._drain.is_set():
            await pause(self._drain, left)

    async def _post(self, output: Output) -> None:
        """Raises Failure unless the receiver takes it."""
        assert self._session is not None
        body = messages.numbered(output)
        now = datetime.fromtimestamp(self._clock(), UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "newsdedupe (webhook)",
            "webhook-id": id_of(output),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signature.sign(id_of(output), now, body.decode()),
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status, retry = answer.status, answer.headers.get("retry-after")
        except TimeoutError:
            raise Failure("timeout", f"no answer within {self._pace.timeout:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Failure("unreached", type(error).__name__) from None
        if 200 <= status < 300:
            return
        if status == _GONE and self._stopped is None:
            self._stopped = "the receiver wants no more messages (410)"
            log.error("webhook stopped", reader=self.reader, why=self._stopped)
        after = _seconds(retry, self._clock())
        if status in (429, 503):
            self._alone_until = max(self._alone_until, time.monotonic() + after)
        label = "429" if status == 429 else f"{status // 100}xx"
        raise Failure(label, f"status {status}", after, status)

    async def _give_up(self, output: Output, reason: str) -> None:
        """Keep in the output stream that it was not delivered."""
        log.error("webhook given up", reader=self.reader, message=output.id, why=reason)
        self._metrics.webhooks.labels("given_up").inc()
        told = messages.undelivered(self.reader, output, reason)
        copied = f"undelivered:{self.reader}"
        while True:
            before = await self.ask("cursor", copied)
            if await self.ask("publish", copied, before, output.id, [told]):
                return


def reader_of(url: str) -> str:
    """The name of the cursor for an address: it tells nothing of it. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        fits = None
    if not fits:
        raise ConfigError("--webhook takes an address with http:// or https://")
    return f"webhook-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def id_of(output: Output) -> str:
    """The webhook-id of a message: the same each time that it is sent, and of no other message."""
    return f"msg_{output.id}_{hashlib.sha256(output.body).hexdigest()[:8]}"


def signature_with(secret: str) -> Webhook:
    """What signs with a secret: `whsec_` and base64 of 24 bytes or more.

    Raises ConfigError, which does not show the secret.
    """
    from standardwebhooks.webhooks import Webhook

    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) < _KEY:
        raise ConfigError(
            f"the secret of webhooks is not base64 of {_KEY} bytes or more; make one with:"
            ' printf "whsec_%s\\n" "$(openssl rand -base64 32)"'
        )
    return Webhook(key)


def _seconds(retry: str | None, now: float) -> float:
    """What Retry-After says, at most a day; 0 where it says nothing."""
    if not retry:
        return 0.0
    if retry.strip().isdecimal():
        return min(_DAY, float(retry))
    try:
        wanted = parsedate_to_datetime(retry).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(_DAY, max(0.0, wanted))
