"""`dedupe daemon`: one command from feeds to decisions."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from feedserver import Entry, FeedServer, Trouble
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


WORD = "telltale"


def publish_telltale(feeds: FeedServer) -> None:
    """Articles, a page and failures with the word in all that can have one."""
    page = f"/{WORD}-page"
    feeds.pages[page] = (
        f"<html><body><article><p>{TEXTS[1].text} {WORD}</p></article></body></html>"
    )
    linked = Entry(f"{WORD}-1", WORD, f"{WORD} …", feeds.url(page), TEXTS[1].published)
    full = Entry(f"{WORD}-0", WORD, f"{TEXTS[0].text} {WORD}", None, TEXTS[0].published)
    feeds.feed(f"/{WORD}.xml", full, linked, title=WORD)
    feeds.feed(f"/{WORD}-copy.xml", full)
    feeds.feed(f"/{WORD}-broken.xml", body=f"<rss><{WORD}".encode())
    feeds.feed(f"/{WORD}-odd.xml", trouble=Trouble(799, {"Location": f"/{WORD}"}))


def test_no_id_no_address_and_no_word_of_an_article_is_a_label_of_a_metric(
    index: str, tmp_path: Path
) -> None:
    listed, secret, port = tmp_path / f"{WORD}.txt", tmp_path / "secret", free_port()
    secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    counted = [
        'fetches_total{status="2xx",what="feed"}', 'fetches_total{status="4xx",what="feed"}',
        'fetches_total{status="7xx",what="feed"}', 'fetches_total{status="text",what="page"}',
        'items_total{became="new"} 3.0', "candidates_count 3.0", "articles_total{relation=",
        'refused_total{why="unreadable"} 2.0', 'output_lag{reader="webhook-',
        'webhooks_total{status="4xx"}',
    ]  # fmt: skip
    with queue_of(index) as queue:
        queue.put([f"not {WORD} JSON".encode(), json.dumps({"id": WORD, "source": WORD}).encode()])
    with FeedServer() as feeds:
        publish_telltale(feeds)
        listed.write_text("\n".join(map(feeds.url, [*feeds.feeds, f"/{WORD}-none.xml"])))
        arguments = (
            "daemon", "--feeds", listed, "--allow-address", "127.0.0.0/8", "--fetch-pages",
            "--name", WORD, "--webhook", feeds.url(f"/{WORD}-hook"), "--webhook-secret-file",
            secret, "-o", tmp_path / "out.jsonl", "--listen", f"127.0.0.1:{port}", *QUICK,
        )  # fmt: skip
        with service(*arguments, stderr=subprocess.DEVNULL):
            shown = ""

            def all_is_counted() -> bool:
                nonlocal shown
                shown = asked(port, "/metrics")[1]
                return all(sample in shown for sample in counted)

            until(all_is_counted, "all is counted")
    assert WORD not in shown.lower()
    assert "127.0.0.1" not in shown
    assert "://" not in shown
