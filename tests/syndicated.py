"""Feeds of each kind, as a server gives them."""

from __future__ import annotations

import json
import re

from dedupe.feeds.syndication import FeedItem, ParsedFeed, parse_feed

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
URL = "https://news.example/feeds/all.xml"

RSS_2 = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Example &amp; News</title><link>https://www.news.example/</link>
<language>en-GB</language><ttl>15</ttl>
<item><title>Ferry runs &lt;i&gt;aground&lt;/i&gt;</title><link>/2024/ferry</link>
<guid isPermaLink="false">item-17</guid><pubDate>Mon, 06 May 2024 10:00:00 +0200</pubDate>
<dc:creator>Jane Roe</dc:creator><description>Short.</description>
<content:encoded><![CDATA[<p>A ferry ran aground.</p><script>steal()</script><p>All are safe.</p>]]>
</content:encoded></item>
<item><guid>https://news.example/2024/gale</guid><title>Gale</title></item>
</channel></rss>"""

RSS_091 = b"""<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.example/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old</title><link>http://news.example/</link>
<item><title>One</title><link>http://news.example/1</link><description>Text</description></item>
</channel></rss>"""

RDF = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://news.example/"><title>R</title><link>https://news.example/</link>
</channel>
<item rdf:about="https://news.example/1"><title>One</title><link>https://news.example/1</link>
<dc:date>2024-05-06T08:00:00Z</dc:date></item></rdf:RDF>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title>
<link href="https://news.example/"/><link rel="self" href="https://news.example/atom"/>
<entry><id>tag:news.example,2024:1</id><title type="html">Eins &amp;amp; zwei</title>
<link href="/1"/><updated>2024-05-06T09:00:00Z</updated><author><name>J. R.</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ein Text.</p></div></content>
</entry>
<entry><id>2</id><published>2024-05-06T08:00:00Z</published><updated>2024-05-06T09:00:00Z</updated>
<link rel="alternate" href="https://news.example/2"/><summary>Kurz</summary></entry></feed>"""

JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en",
        "home_page_url": "https://news.example/",
        "items": [
            {"id": "1", "url": "/1", "title": "One", "content_html": "<p>A</p><p>B</p>",
             "summary": "A",
             "date_published": "2024-05-06T08:00:00Z", "date_modified": "2024-05-06T09:00:00Z",
             "authors": [{"name": "Jane Roe"}, {"name": "John Roe"}],
             "_wire": {"pubstatus": "canceled"}},
            {"id": 17, "content_text": "Plain < text", "author": {"name": "J"}},
            "no item",
        ],
    }
).encode()  # fmt: skip


def parsed(body: bytes, content_type: str | None = None) -> ParsedFeed:
    return parse_feed(body, url=URL, content_type=content_type)


def items(xml: str) -> tuple[FeedItem, ...]:
    """The items of an RSS feed with this in its channel."""
    return parsed(f"<rss version='2.0'><channel>{xml}</channel></rss>".encode()).items
