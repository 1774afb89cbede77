"""Every token is found where it stands in the text as it was given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.text.offsets import locate
from dedupe.text.tokens import tokens

PIECES = st.sampled_from(
    [
        *"aZß7٣.,- \n;&#'½ﬁ㍿Ａ，\u00a0\u0301\u0323\u030cJe\u200b\u00ad중文か한ก𠀀é😀",
        *("ㄱ", "ㅏ", "\u1100", "\u1161", "\u11a8", "ｶ", "ﾞ", "＆"),
        *("&amp;", "&eacute;", "&#769;", "&#8203;", "&nbsp;", "&amp;amp;lt;", "amp;", "&quot"),
    ]
)
MIXED = st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60))


def places(text: str) -> list[tuple[str, str]]:
    found = locate(text)
    spans = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    return [(token, text[a:b]) for token, (a, b) in zip(found.tokens, spans, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.N. said", [("the", "The"), ("u", "U"), ("n", "N"), ("said", "said")]),
        ("rose 3.5% to 1,250", [("rose", "rose"), ("35", "3.5"), ("to", "to"), ("1250", "1,250")]),
        ("Caf&eacute;s in &quot;Riga&quot;", [
            ("cafés", "Caf&eacute;s"), ("in", "in"), ("riga", "Riga"),
        ]),
        ("R&amp;amp;D", [("r", "R"), ("d", "D")]),
        ("de\u0301ja\u0300 vu", [("déjà", "de\u0301ja\u0300"), ("vu", "vu")]),
        ("e&#769;te\u0301", [("été", "e&#769;te\u0301")]),
        ("co\u00adope\u200brate", [("cooperate", "co\u00adope\u200brate")]),
        ("1.\u200b000 m", [("1000", "1.\u200b000"), ("m", "m")]),
        ("地震，発生", [("地震", "地震"), ("発生", "発生")]),
        ("&nbsp;地震発", [("地震", "地震"), ("震発", "震発")]),
        (unicodedata.normalize("NFD", "한국어"), [
            ("한국", unicodedata.normalize("NFD", "한국")),
            ("국어", unicodedata.normalize("NFD", "국어")),
        ]),
        ("ﬁfth ½", [("fifth", "ﬁfth"), ("1", "½"), ("2", "½")]),
        ("Straße", [("strasse", "Straße")]),
        ("&am&#112;; x", [("x", "x")]),
        ("", []),
    ],
)  # fmt: skip
def test_a_token_is_where_a_reader_sees_it(text: str, expected: list[tuple[str, str]]) -> None:
    assert places(text) == expected


@settings(max_examples=1500)
@given(MIXED)
def test_tokens_are_those_of_the_signatures_with_places_that_ascend(text: str) -> None:
    found = locate(text)
    assert found.tokens == tokens(text)
    starts, ends = found.starts.tolist(), found.ends.tolist()
    assert len(starts) == len(ends) == len(found.tokens)
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))


@settings(max_examples=1500)
@given(MIXED)
def test_the_slice_of_a_token_normalises_to_it(text: str) -> None:
    for token, slice_ in places(text):
        assert token in tokens(slice_)
