"""`dedupe daemon`: one command from feeds to decisions."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from feedserver import Entry, FeedServer
from servers import free_port, until
from streams import clear_cut
from working import asked, of_type, queue_of, service

from dedupe.index.opening import open_index

QUICK = ("--interval-min", "1s", "--interval-max", "1s", "--per-host-delay", "0")
TEXTS = [article for article in clear_cut() if article.title][:6]


def entry(number: int, name: str) -> Entry:
    article = TEXTS[number]
    return Entry(f"{name}{number}", article.title or "", article.text, None, article.published)


def written(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True)
            if line.endswith(b"\n")]  # fmt: skip


def test_from_feeds_to_decisions_with_nothing_but_a_list_of_feeds(
    index: str, tmp_path: Path
) -> None:
    listed, out, port = tmp_path / "feeds.txt", tmp_path / "out.jsonl", free_port()

    def decided() -> list[dict[str, Any]]:
        return of_type(written(out), "decision")

    with FeedServer() as feeds, (tmp_path / "log").open("w") as log:
        first = feeds.feed("/one.xml", *(entry(i, "a") for i in range(3)))
        feeds.feed("/two.xml", entry(0, "b"), entry(3, "b"))
        listed.write_text(feeds.url("/one.xml"))
        arguments = (
            "daemon", "--feeds", listed, "-o", out, "--allow-address", "127.0.0.0/8",
            "--listen", f"127.0.0.1:{port}", "--log-format", "json", *QUICK,
        )  # fmt: skip
        with service(*arguments, stderr=log) as process:
            until(lambda: len(decided()) == 3, "the first feed is decided")
            until(lambda: asked(port, "/readyz")[0] == 200, "it is ready")
            assert asked(port, "/healthz")[0] == 200
            first.add(entry(4, "a"))
            until(lambda: len(decided()) == 4, "what came later is decided")
            listed.write_text("\n".join(map(feeds.url, ("/one.xml", "/two.xml"))))
            process.send_signal(signal.SIGHUP)
            until(lambda: len(decided()) == 6, "the second feed is decided")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        with service(*arguments, stderr=log) as process:  # it continues where it was
            first.add(entry(5, "a"))
            until(lambda: len(decided()) == 7, "what came while it was away is decided")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    ids = [each["id"] for each in decided()]
    assert len(set(ids)) == 7
    copies = {d["cluster_id"] for d in decided() if d["id"].endswith(("#a0", "#b0"))}
    assert len(copies) == 1
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[0]["url"] == f"http://127.0.0.1:{port}/healthz"
    events = of_type(written(out), "event")
    opened = open_index(index)
    assert [e["position"] for e in events] == [e.position for e in opened.events(0, 100)]
    opened.close()
    with queue_of(index) as queue:
        assert queue.backlog().behind == {"lines": 0}
