"""Lists of feeds, read and changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.errors import SourceUnreadable, UsageError
from dedupe.feeds.subscribing import add_feed, remove_feed
from dedupe.feeds.subscriptions import Subscription, feed_url, read_subscriptions

ONE, TWO, THREE = (f"https://{name}.example/rss" for name in ("one", "two", "three"))

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- kept by hand -->
<opml version="2.0">
  <head><title>Feeds</title></head>
  <body>
    <outline text="Wires" title='Wires'>
      <outline type="rss" text="One &amp; all"
               xmlUrl="https://one.example/rss" htmlUrl="https://one.example/"/>
      <outline text="Deeper"><outline type="rss" text="Zw\u00f6lf" title=""
        xmlUrl="https://two.example/rss"></outline></outline>
    </outline>
    <outline type="link" text="no feed" url="https://elsewhere.example/"/>
    <outline xmlUrl="https://three.example/rss" text="https://three.example/rss"
      interval="15" fetch_pages="no"/>
  </body>
</opml>
"""
TOML = """# kept by hand
title = "ours"

[[feed]]
url = "https://one.example/rss"
title = "One & all"   # as they call it

# the second
[[feed]]
url = 'https://two.example/rss'
source = "Zw\u00f6lf"
title = "not this"

  [[feed]]
url = "https://three.example/rss"
interval = 15
fetch_pages = false

# the end
"""
PLAIN = """# kept by hand
https://one.example/rss

https://two.example/rss   # the second
https://three.example/rss#"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def reasons(path: str) -> list[str]:
    """What is wrong in a list, with its line."""
    problems = read_subscriptions(path).problems
    return [f"{problem.where.rpartition(':')[2]}: {problem.reason}" for problem in problems]


def urls(path: str) -> list[str]:
    return [feed.url for feed in read_subscriptions(path).feeds]


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [("f.opml", OPML), ("f.xml", OPML), ("f", OPML), ("f.toml", TOML), ("f.conf", TOML)],
)
def test_a_list_gives_its_feeds_with_what_it_says_of_them(
    tmp_path: Path, name: str, text: str
) -> None:
    read = read_subscriptions(write(tmp_path, name, text))
    assert read.problems == ()
    assert read.feeds == (
        Subscription(ONE, "One & all"),
        Subscription(TWO, "Zw\u00f6lf"),
        Subscription(THREE, None, 15.0, False),
    )


@pytest.mark.parametrize("name", ["f.txt", "f"])
def test_a_plain_list_is_a_url_a_line(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, PLAIN)
    assert urls(path) == [ONE, TWO, f"{THREE}#"]
    assert reasons(path) == []


def test_bad_entries_of_opml_cost_nothing_beside_them(tmp_path: Path) -> None:
    opml = """<opml version="1.0"><body>
<outline text="a" xmlUrl="https://one.example/rss?a=1&b=2"/>
<outline type="rss" text="no address"/>
<outline text="b" xmlUrl="javascript:alert(1)"/>
<outline text="c" xmlUrl="https://me:secret@one.example/"/>
<outline text="d" xmlUrl="https://two.example/rss" interval="often"/>
<outline text="e" xmlUrl="HTTP://ONE.example:80/rss?a=1&amp;b=2"/>
<outline text="f" xmlUrl="https://three.example/rss"
<outline text="g" xmlUrl="https://two.example/rss"/>
</body>"""
    path = write(tmp_path, "f.opml", opml)
    assert urls(path) == ["https://one.example/rss?a=1&b=2", THREE, TWO]
    told = "\n".join(reasons(path))
    for reason in (
        "3: an outline of a feed without xmlUrl",
        "4: not an http or https address: javascript:alert(1)",
        "5: has a user name in it, which is refused: one.example",
        "6: interval is a number of minutes, not often",
        "7: the feed stands in line 2 already",
        "not well-formed",
    ):
        assert reason in told
    assert "secret" not in told
    assert not read_subscriptions(path).whole


def test_bad_entries_of_toml_cost_nothing_beside_them(tmp_path: Path) -> None:
    toml = """[[feed]]
url = "https://one.example/rss"

[[feed]]
title = "nothing"
[[feed]]
url = 17
[[feed]]
url = "file:///etc/passwd"
[[feed]]
url = "https://two.example/rss"
intervall = 3
[[feed]]
url = "https://two.example/rss"
fetch_pages = "perhaps"
[[feed]]
url = "https://two.example/rss"
"""
    path = write(tmp_path, "f.toml", toml)
    assert urls(path) == [ONE, TWO]
    assert [reason.partition(":")[0] for reason in reasons(path)] == ["4", "6", "8", "10", "13"]
    assert "10: unknown: intervall; known are" in "\n".join(reasons(path))


def test_bad_lines_cost_nothing_beside_them(tmp_path: Path) -> None:
    path = write(tmp_path, "f.txt", f"{ONE}\nnot an address\n{ONE}/\x1b[2J\n\n{TWO}\n{ONE}#x\n")
    assert urls(path) == [ONE, TWO]
    assert [reason.partition(":")[0] for reason in reasons(path)] == ["2", "3", "6"]
    assert all(reason.isprintable() for reason in reasons(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.opml", "<rss><channel/></rss>"), ("f.opml", "no markup"), ("f.opml", ""),
        ("f.toml", "[[feed]"), ("f.toml", "feed = 3"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_told(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SourceUnreadable, match=rf"f\.{name[2:]}: "):
        read_subscriptions(write(tmp_path, name, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="No such file"):
        read_subscriptions(str(tmp_path / "none.opml"))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (" https://a.example/rss ", "https://a.example/rss"),
        ("feed://a.example/rss", "https://a.example/rss"),
        ("feed:http://a.example/rss", "http://a.example/rss"),
    ],
)
def test_addresses_are_taken_as_readers_give_them(given: str, url: str) -> None:
    assert feed_url(given) == url


@given(st.text(max_size=60) | st.text("htps:/@\\[]. #?%a1", max_size=30).map("http://".__add__))
def test_an_address_is_taken_or_refused_in_words(text: str) -> None:
    try:
        assert feed_url(text).isprintable()
    except ValueError as error:
        reason = str(error)
        assert reason.isprintable()


def test_entities_of_a_list_do_not_expand_and_files_stay_unread(tmp_path: Path) -> None:
    secret = write(tmp_path, "secret", "https://secret.example/")
    laughs = "".join(
        f'<!ENTITY l{i} "{"".join([f"&l{i - 1};"] * 10) if i else "https://ha.example/"}">'
        for i in range(12)
    )
    opml = f"""<!DOCTYPE opml [{laughs}<!ENTITY s SYSTEM "file://{secret}">]>
<opml><body><outline text="&l11;" xmlUrl="&l11;"/><outline xmlUrl="&s;"/>
<outline xmlUrl="{ONE}" text="&l0;&s;"/></body></opml>"""
    read = read_subscriptions(write(tmp_path, "f.opml", opml))
    assert [feed.url for feed in read.feeds] == [ONE]
    assert "ha.example" not in str(read)
    assert "secret.example" not in str(read)


# ---- changing ------------------------------------------------------------------------------------


def is_cut_from(after: str, before: str) -> bool:
    """Whether one piece taken from a text gives the other."""
    cut = len(before) - len(after)
    pieces = range(len(after) + 1)
    return any(before[:at] == after[:at] and before[at + cut :] == after[at:] for at in pieces)


NEW = Subscription("https://new.example/rss?a=1&b=2", 'The "New" <Z\u00fcrich>', 30.0, True)


@pytest.mark.parametrize(("name", "text"), [("f.opml", OPML), ("f.toml", TOML)])
def test_a_feed_that_is_added_stands_at_the_end_and_the_rest_is_as_it_was(
    tmp_path: Path, name: str, text: str
) -> None:
    path = write(tmp_path, name, text)
    before = read_subscriptions(path).feeds
    assert add_feed(path, NEW)
    assert read_subscriptions(path).feeds == (*before, NEW)
    added = Path(path).read_text(encoding="utf-8")
    assert is_cut_from(text, added)
    assert not add_feed(path, Subscription(NEW.url.replace("https", "http")))
    assert remove_feed(path, NEW.url)
    assert Path(path).read_text(encoding="utf-8").rstrip("\n") == text.rstrip("\n")


def test_a_feed_that_is_added_to_a_plain_list_is_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, "f.txt", PLAIN)
    assert add_feed(path, Subscription(NEW.url))
    assert Path(path).read_text(encoding="utf-8") == f"{PLAIN}\n{NEW.url}\n"
    with pytest.raises(UsageError, match="holds addresses alone"):
        add_feed(path, Subscription("https://x.example/", "X"))


@pytest.mark.parametrize(("name", "text"), [("f.opml", OPML), ("f.toml", TOML), ("f.txt", PLAIN)])
@pytest.mark.parametrize("gone", [ONE, TWO, THREE])
def test_a_feed_that_is_removed_leaves_the_rest_as_it_was(
    tmp_path: Path, name: str, text: str, gone: str
) -> None:
    path = write(tmp_path, name, text)
    before = read_subscriptions(path).feeds
    assert remove_feed(path, gone)
    left = tuple(feed for feed in before if not feed.url.startswith(gone))
    assert len(left) == 2
    assert read_subscriptions(path).feeds == left
    after = Path(path).read_text(encoding="utf-8")
    assert "kept by hand" in after
    assert is_cut_from(after, text)  # nothing was written anew
    assert not remove_feed(path, gone)


@pytest.mark.parametrize("name", ["new.opml", "new.toml", "new.txt", "new"])
def test_a_list_that_is_not_there_is_made(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    assert add_feed(path, Subscription(ONE))
    assert add_feed(path, Subscription(TWO))
    assert urls(path) == [ONE, TWO]
    assert remove_feed(path, ONE)
    assert remove_feed(path, TWO)
    assert add_feed(path, Subscription(ONE))


def test_a_body_without_outlines_is_filled(tmp_path: Path) -> None:
    for i, body in enumerate(["<body/>", "<body></body>", "<body>\n</body>"]):
        path = write(tmp_path, f"{i}.opml", f"<opml version='2.0'><head/>{body}</opml>")
        assert add_feed(path, Subscription(ONE))
        assert add_feed(path, Subscription(TWO))
        assert urls(path) == [ONE, TWO]


def test_every_line_of_a_feed_that_stands_there_twice_goes(tmp_path: Path) -> None:
    path = write(tmp_path, "f.txt", f"{ONE}\n{TWO}\n{ONE}\n")
    assert remove_feed(path, ONE)
    assert Path(path).read_text() == f"{TWO}\n"


def test_a_changed_list_keeps_its_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = Path(write(tmp_path, "f.txt", PLAIN))
    path.chmod(0o600)
    assert remove_feed(str(path), ONE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.opml", OPML.replace("</body>", "")),
        ("f.opml", '<!DOCTYPE opml [<!ENTITY x "y">]>' + OPML.partition("-->")[2]),
        ("f.opml", f'<opml><body><outline xmlUrl="{ONE}"><outline xmlUrl="{TWO}"/></outline></body>'
         "</opml>"),
        ("f.toml", f'feed = [{{url = "{ONE}"}}, {{url = "{TWO}"}}]'),
        ("f.toml", f'[[feed]]\nurl = "{ONE}"\ntitle = """\n[[feed]]\n"""\n'),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_changed_safely_stays_as_it_is(
    tmp_path: Path, name: str, text: str
) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(UsageError, match="edit it by hand"):
        remove_feed(path, ONE)
    assert Path(path).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("url", ["ftp://a.example/", "https://me:secret@a.example/", "a\nb"])
def test_an_address_that_cannot_be_polled_is_not_added(tmp_path: Path, url: str) -> None:
    path = write(tmp_path, "f.txt", PLAIN)
    with pytest.raises(UsageError) as raised:
        add_feed(path, Subscription(url))
    assert "secret" not in str(raised.value)
    assert Path(path).read_text(encoding="utf-8") == PLAIN


@pytest.mark.parametrize("name", ["f.opml", "f.toml"])
@given(source=st.text(min_size=1, max_size=30))
def test_any_name_can_be_added(
    tmp_path_factory: pytest.TempPathFactory, name: str, source: str
) -> None:
    path = str(tmp_path_factory.mktemp("list") / name)
    try:
        assert add_feed(path, Subscription(ONE, source))
    except UsageError:
        assert not Path(path).exists()
        return
    (feed,) = read_subscriptions(path).feeds
    assert feed.source == source
