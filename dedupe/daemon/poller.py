"""The poller: asks feeds that are due, and puts what is new in them into the queue.

Which poller has a feed follows from its host and from who is present; nobody hands out anything.
While two of them disagree, the queue refuses the slower one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TypeVar

import structlog
from msgspec import Struct

from dedupe.daemon.feedstate import FeedState, Fresh, Step, after, encode, remembering
from dedupe.daemon.fetching import Fetcher
from dedupe.daemon.hosts import Hosts
from dedupe.daemon.listing import List, listed
from dedupe.daemon.members import died_here
from dedupe.daemon.parsers import Parsers
from dedupe.daemon.part import Part
from dedupe.daemon.patience import PatientQueue, Stopped
from dedupe.daemon.replies import Source, article
from dedupe.daemon.reporting import count, tell
from dedupe.daemon.schedule import MINUTE, Pace
from dedupe.daemon.share import Share
from dedupe.daemon.watched import Watched
from dedupe.errors import DedupeError
from dedupe.metrics import Metrics
from dedupe.queues.base import Feed, Queue

_Result = TypeVar("_Result")

_PRESENT = 3  # beats that the others wait for a sign of life
_REFRESH = 30.0  # seconds between two looks at the list of feeds
_HEARD = 1.0  # seconds between two signs of life of the queue, at least
_FIGURES = 15 * MINUTE  # between two writes of a feed in which nothing changes
_LOOK = 1.0  # seconds between two looks at the clock, at most
_TOGETHER = 20  # articles that are put at once
_TROUBLED = MINUTE * 10  # until a feed is asked again that the poller itself failed on

log = structlog.get_logger()


class Polling(Struct, frozen=True):
    """How feeds are polled. Times in seconds."""

    pace: Pace = Pace()
    per_host_delay: float = 1.0  # from one request to a host to the next
    fetch_pages: bool = False  # full texts from the page, where a feed does not say otherwise
    at_once: int = 64  # feeds that are asked at one time
    parse_seconds: float = 20.0  # that reading one feed may take
    beat: float = 10.0  # between two signs of life
    grace: float = 10.0  # until requests that are under way are given up when it ends


class Poller(Part):
    """A part that polls feeds."""

    name = "poller"

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        open_fetcher: Callable[[], Fetcher],
        metrics: Metrics,
        polling: Polling = Polling(),  # noqa: B008  frozen
        *,
        member: str,
        user_agent: str,
        feeds: List | None = None,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`member` is its name among pollers. `clock` gives seconds since 1970, `chance` numbers
        from 0 to 1.
        """
        self._queue = PatientQueue(open_queue)
        self._open_fetcher = open_fetcher
        self._metrics = metrics
        self._polling = polling
        self._member = member
        self._user_agent = user_agent
        self._feeds = feeds
        self._clock = clock
        self._chance = chance
        self._hosts = Hosts(polling.per_host_delay, clock)
        self._share = Share(member, polling.pace, clock, chance)
        self._tasks: set[asyncio.Task[None]] = set()  # also of feeds that it has no more
        self._asking: set[str] = set()  # hosts
        self._members: list[str] = []
        self._wake = asyncio.Event()
        self._rereading = False
        self._listed: int | None = None  # feeds that the list had; None where it was not read
        self._no_feeds = False  # and it was told
        self._refreshed = -_REFRESH
        self._beaten = -polling.beat
        self._heard = -_HEARD

    def reread(self) -> None:
        """Read the list of feeds again, soon."""
        self._rereading = self._feeds is not None
        self._wake.set()

    def unready(self) -> str | None:
        """Where the queue does not answer, that; None where it does."""
        return self._queue.unready()

    # ---- the loop ----------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; end what is under way, and store what is known."""
        self._stop = stop
        relay = asyncio.create_task(self._relay())
        try:
            async with AsyncExitStack() as stack:
                parsers = Parsers(seconds=self._polling.parse_seconds)
                fetcher = await stack.enter_async_context(self._open_fetcher())
                self._source = Source(
                    fetcher,
                    await stack.enter_async_context(parsers),
                    self._hosts,
                    self._metrics,
                    self._user_agent,
                    self._clock,
                )
                stack.push_async_callback(self._give_up)
                with suppress(Stopped):
                    await self._list_feeds()
                    while not stop.is_set():
                        await self._keep_up()
                        self._wake.clear()
                        await self._rest(self._begin_due())
                await self._drain()
        finally:
            relay.cancel()
            await self._queue.close()

    async def _relay(self) -> None:
        await self._stop.wait()
        self._wake.set()

    async def _rest(self, until: float) -> None:
        """Until something can begin, something has ended, or it is time to look at the clock."""
        if self._stop.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(until - self._clock(), 0.01), _LOOK)):
                await self._wake.wait()

    async def _keep_up(self) -> None:
        """Show that it lives, see who else does, and which feeds there are."""
        if time.monotonic() - self._heard >= _HEARD:  # quiet feeds ask it nothing for hours
            await self._ask(lambda queue: queue.dead(most=1))  # as little as it can be asked
            self._heard = time.monotonic()
        if self._queue.is_back():
            self.reread()
        if self._rereading:
            self._rereading = False
            await self._list_feeds()
        now, beat = time.monotonic(), self._polling.beat
        if now - self._beaten >= beat:
            self._beaten = now
            count(self._metrics, self._share.health())
            members = await self._ask(self._present)
            if members != self._members:
                log.info("pollers", present=len(members))
                self._members, self._refreshed = members, -_REFRESH
        if now - self._refreshed >= _REFRESH:
            self._refreshed = now
            asked = self._clock()
            self._share.take(await self._subscribed(), self._members, asked)
            self._hosts.forget()

    async def _subscribed(self) -> list[Feed]:
        """The feeds in the queue; those of the list where the store has lost all it had."""
        feeds = await self._ask(lambda queue: queue.feeds())
        if not feeds and self._feeds is not None and self._listed != 0:
            log.warning("no feed is stored any more", hint="the list is read again")
            await self._list_feeds()
            feeds = await self._ask(lambda queue: queue.feeds())
        if not feeds and not self._no_feeds:
            log.warning("no feeds", hint=self._hint())
        self._no_feeds = not feeds
        return feeds

    def _hint(self) -> str:
        if self._feeds is None:
            return "name a list with --feeds, or: dedupe feeds add URL"
        return f"put feeds into {self._feeds.name} and send SIGHUP, or: dedupe feeds add URL"

    def _present(self, queue: Queue) -> list[str]:
        """Who is present. Whoever was killed on this machine is not, when this one begins."""
        now = self._clock()
        members = queue.present("poller", self._member, now, _PRESENT * self._polling.beat)
        if self._members:
            return members
        died = [member for member in members if died_here(member)]
        for member in died:
            queue.present("poller", member, now, 0)
        return [member for member in members if member not in died]

    def _begin_due(self) -> float:
        """Ask every feed that is due, as far as its host may be asked, the longest due first.

        When the next can begin, as far as it does not wait for another to end.
        """
        now = self._clock()
        due, soonest = self._share.due(now)
        for watched in due:
            if len(self._tasks) >= self._polling.at_once:
                break
            host = watched.host()
            free_at = self._hosts.free_at(host)
            if free_at > now or host in self._asking:
                soonest = min(soonest, free_at)
                continue
            self._asking.add(host)
            watched.task = asyncio.create_task(self._poll(watched, host))
            self._tasks.add(watched.task)
        return soonest

    async def _list_feeds(self) -> None:
        """Subscribe what is listed; a list that cannot be read changes nothing."""
        if self._feeds is None:
            return
        try:
            read = await asyncio.to_thread(self._feeds.read)
        except DedupeError as error:
            log.error("list of feeds not read", file=self._feeds.name, error=str(error))
            return
        for problem in read.problems:
            log.warning("entry of the list left out", where=problem.where, reason=problem.reason)
        name, now = self._feeds.name, self._clock()
        changed = await self._ask(lambda queue: listed(queue, read, name, now))
        log.info("feeds listed", file=name, feeds=len(read.feeds), **changed._asdict())
        self._refreshed, self._listed = -_REFRESH, len(read.feeds)

    # ---- one feed ----------------------------------------------------------------------------

    async def _poll(self, watched: Watched, host: str) -> None:
        """Ask until what is known of the feed is what the queue knows of it."""
        try:
            while not await self._once(watched) and not self._stop.is_set():
                feeds = await self._ask(lambda queue: queue.feeds())
                if not self._share.refresh(watched, feeds):
                    self._refreshed = -_REFRESH  # others may be gone with it
                    break
        except Stopped:
            pass
        except DedupeError as error:
            log.error("feed not polled", feed=watched.feed.key, error=str(error))
            watched.due = self._clock() + _TROUBLED
        except Exception:  # a fault of ours must not end the polling of all others
            log.exception("feed not polled", feed=watched.feed.key)
            watched.due = self._clock() + _TROUBLED
        finally:
            if watched.task is not None:
                self._tasks.discard(watched.task)
            watched.task = None
            self._asking.discard(host)
            self._wake.set()

    async def _once(self, watched: Watched) -> bool:
        """Ask a feed; False where another has changed it meanwhile."""
        feed, before = watched.feed, watched.state
        reply = await self._source.reply(before, feed.key)
        now = self._clock()
        step = after(before, feed.key, reply, now, pace=self._polling.pace, draw=self._chance())
        if step.matters or now - watched.saved >= _FIGURES:
            if not await self._put(watched, step, now):
                return False
        else:
            watched.state, watched.due = step.state, step.state.next
        tell(self._metrics, feed.key, before, step)
        return True

    async def _put(self, watched: Watched, step: Step, now: float) -> bool:
        """Put what is new, some at a time: pages take theirs, and what was put stays put.

        The state that goes with the last of it says that the reply is dealt with; where it comes
        to an end before, the feed is asked again as if it had not answered.
        """
        left = [*step.fresh]
        while len(left) > _TOGETHER and not self._stop.is_set():
            some, left = left[:_TOGETHER], left[_TOGETHER:]
            articles = [await self._article(entry, step.state, now) for entry in some]
            if not await self._store(watched, remembering(watched.state, some), articles):
                return False
        if len(left) > _TOGETHER:
            return True
        articles = [await self._article(entry, step.state, now) for entry in left]
        return await self._store(watched, step.state, articles)

    async def _article(self, entry: Fresh, state: FeedState, now: float) -> bytes:
        pages = self._polling.fetch_pages if state.fetch_pages is None else state.fetch_pages
        page = await self._source.page(entry, now) if pages else None
        return article(entry, state.source, page)

    async def _store(
        self, watched: Watched, state: FeedState, articles: Sequence[bytes] = ()
    ) -> bool:
        feed = watched.feed._replace(state=encode(state))
        if not await self._ask(lambda queue: queue.polled(feed, articles)):
            return False
        watched.take(feed._replace(version=feed.version + 1), state, state.next, self._clock())
        return True

    async def _ask(self, work: Callable[[Queue], _Result]) -> _Result:
        return await self._queue.ask(work, self._stop)

    # ---- the end -------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Let what is under way end, store what is known of feeds, and leave."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._polling.grace)
        await self._give_up()
        if self._queue.unready():
            return
        with suppress(Stopped, TimeoutError):
            async with asyncio.timeout(self._polling.grace):
                for watched in self._share.unsaved():
                    await self._store(watched, watched.state)
                await self._ask(
                    lambda queue: queue.present("poller", self._member, self._clock(), 0)
                )

    async def _give_up(self) -> None:
        """End what is still under way; nothing of it was stored."""
        late = [*self._tasks]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
