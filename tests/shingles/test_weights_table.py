"""The shipped table of word frequencies, and the kernel that reads it."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.shingles.weights import (
    STEPS,
    UNKNOWN_ZIPF,
    lookup,
    table_version,
    weight_table,
    zipf,
)
from dedupe.text.tokens import tokens

FUNCTION_WORDS = {
    "en": "the of and would which",
    "es": "de que los para también",
    "fr": "les dans pour être même",
    "de": "und der nicht über für",
    "it": "che della sono anche più",
    "pt": "não uma para também são",
    "nl": "het een van niet ook",
    "pl": "się nie jest przez który",
    "ru": "не что как его было",
    "uk": "що від але також після",
    "ar": "في من على التي هذا",
    "fa": "از که این برای است",
    "tr": "bir ve için çok daha",
    "hi": "के में है और लिए",
    "id": "yang dan dengan untuk dari",
    "zh": "我们 可以 没有 这个 因为",
    "ja": "です ます した から って",
    "ko": "니다 있는 하는 에서 으로",
}
COMMON_PAIRS = {
    "zh": "政府 中国 总统 经济 公司",
    "zh-Hant": "總統 經濟 發展 國家 臺灣",
    "ja": "政府 東京 大統 会社 ニュ",
    "ko": "정부 대통 경제 한국 뉴스",
}
RANDOM_WORDS = st.text(min_size=1, max_size=20) | st.sampled_from(
    " ".join([*FUNCTION_WORDS.values(), *COMMON_PAIRS.values()]).split()
)


def kernel_zipf(token: str) -> float | None:
    table = weight_table()
    key = np.uint32(xxhash.xxh32_intdigest(token.encode(), 0))
    code = lookup(key, table.offsets, table.lows, table.zipfs)
    return None if code < 0 else code / STEPS


@pytest.mark.parametrize("lang", FUNCTION_WORDS)
def test_function_words_are_common_in_every_language(lang: str) -> None:
    words = FUNCTION_WORDS[lang].split()
    assert [w for w in words if (zipf(w) or 0.0) < 5.0] == []


@pytest.mark.parametrize("script", COMMON_PAIRS)
def test_common_pairs_of_scripts_without_spaces_are_known(script: str) -> None:
    pairs = COMMON_PAIRS[script].split()
    assert [p for p in pairs if (zipf(p) or 0.0) < 4.0] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("发展", "發展"), ("njegov", "његов"), ("acești", "aceşti"), ("ışık", "işık")],
)
def test_other_spellings_of_a_common_token_are_as_common(one: str, other: str) -> None:
    assert zipf(one) == zipf(other) is not None


def test_pairs_across_two_words_are_known() -> None:
    # Neither is inside a word of its language: a noun and the particle or verb behind it.
    assert (zipf("府は") or 0.0) > UNKNOWN_ZIPF
    assert (zipf("府的") or 0.0) > UNKNOWN_ZIPF
    assert (zipf("부는") or 0.0) > UNKNOWN_ZIPF


@pytest.mark.parametrize("word", ["don't", "it's", "l'été", "d'une", "qu'il", "dell'anno"])
def test_the_parts_of_an_elided_word_are_common(word: str) -> None:
    parts = tokens(word)
    assert len(parts) == 2
    assert [p for p in parts if (zipf(p) or 0.0) < 5.0] == []


def test_every_token_that_the_tokeniser_makes_of_a_plain_sentence_is_known() -> None:
    text = "IRAK: Die Straße ist gesperrt. L'État n'a pas réagi; don't ask, it's the 3rd of May."
    assert [t for t in tokens(text) if zipf(t) is None] == []


@pytest.mark.parametrize("token", ["zxqvjk", "brelmothiq", "ьъыъь", "𠮷𠮷", "1048577"])
def test_gibberish_is_unknown(token: str) -> None:
    assert zipf(token) is None
    assert kernel_zipf(token) is None


def test_a_name_in_the_news_is_rarer_than_a_word_of_the_language() -> None:
    names, words = ("tesla", "reuters", "nvidia"), ("government", "china", "company")
    assert max(zipf(n) or 0.0 for n in names) < min(zipf(w) or 0.0 for w in words)


def test_small_numbers_and_years_are_common_and_recent_years_more_so() -> None:
    for number in [*range(100), *range(1900, 2036)]:
        assert (zipf(str(number)) or 0.0) >= 4.0, number
    assert (zipf("1") or 0.0) > (zipf("10") or 0.0) > (zipf("97") or 0.0)
    assert (zipf("2024") or 0.0) > (zipf("1924") or 0.0)


def test_a_number_weighs_the_same_in_every_script() -> None:
    assert zipf("٢٥") == zipf("۲۵") == zipf("२५") == zipf("25")


@settings(deadline=None)
@given(RANDOM_WORDS)
def test_the_kernel_and_zipf_agree_on_every_token(text: str) -> None:
    for token in tokens(text):
        assert kernel_zipf(token) == zipf(token)


def test_the_kernel_finds_every_key_of_the_table_and_no_other() -> None:
    table = weight_table()
    prefixes = np.repeat(np.arange(1 << 16, dtype=np.uint32), np.diff(table.offsets))
    keys = (prefixes << np.uint32(16)) | table.lows
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    for i in range(0, len(keys), 997):
        assert lookup(keys[i], table.offsets, table.lows, table.zipfs) == table.zipfs[i]
    known = set(keys.tolist())
    for key in range(0, 1 << 32, 4_000_037):
        found = lookup(np.uint32(key), table.offsets, table.lows, table.zipfs) >= 0
        assert found == (key in known)


def test_the_ends_of_the_key_space_are_looked_up_without_harm() -> None:
    table = weight_table()
    for key in (0, (1 << 32) - 1):
        assert lookup(np.uint32(key), table.offsets, table.lows, table.zipfs) >= -1


def test_the_version_names_the_content() -> None:
    table = weight_table()
    counts = np.diff(table.offsets).astype(np.uint16)
    assert table.version == table_version(counts, table.lows, table.zipfs)
    changed = table.zipfs.copy()
    changed[0] ^= 1
    assert table.version != table_version(counts, table.lows, changed)


def test_no_stored_word_weighs_more_than_an_unknown_one() -> None:
    assert int(weight_table().zipfs.min()) / STEPS >= UNKNOWN_ZIPF


def test_the_file_is_at_most_four_megabytes() -> None:
    assert len((files("dedupe") / "data" / "weights.npz").read_bytes()) <= 4_000_000
