"""Build `dedupe/data/weights.npz`: how common each token is, in whichever language uses it most.

The source is wordfreq (https://github.com/rspeer/wordfreq), its lists read as they are, without the
tokenisers that it needs for Chinese, Japanese and Korean text. One table serves all languages,
so that a function word of any of them weighs little everywhere.

    pip install wordfreq==3.1.1
    python scripts/build_weights.py
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from heapq import nsmallest
from itertools import product
from math import log10
from pathlib import Path

import msgpack  # type: ignore[import-untyped]
import numpy as np
import xxhash
from numpy.typing import NDArray
from wordfreq import available_languages, get_frequency_dict
from wordfreq.numbers import digit_freq, smash_numbers
from wordfreq.util import data_path

from dedupe.shingles.weights import STEPS, table_version
from dedupe.text.characters import BIGRAM, characters
from dedupe.text.tokens import tokens

TARGET = Path(__file__).parent.parent / "dedupe" / "data" / "weights.npz"

# The rarest word kept, as a Zipf value. Strongly inflected languages have more forms to pay for;
# the lists without a longer version end at 3.0 by themselves.
FLOORS = {
    "en": 2.25,
    "es": 2.5, "fr": 2.5, "it": 2.5, "pt": 2.5, "nl": 2.5, "ja": 2.5, "zh": 2.5,
    "pl": 2.5, "uk": 2.5,
    "ar": 2.75, "de": 2.75, "ru": 2.75,
    "fa": 3.0, "hi": 3.0, "id": 3.0, "ko": 3.0, "tr": 3.0,
    "sh": 3.75,  # in two scripts
}  # fmt: skip
OTHERS_TOP = 18_000  # tokens of every other language

# How often two neighbouring words touch. Chinese and Japanese have no spaces; the Korean list is
# of morphemes, and about every second of them ends before a space.
TOUCHING = {"zh": 1.0, "ja": 1.0, "ko": 0.5}
ACROSS_FLOOR = 3.3  # Zipf; pairs across two words are an estimate, and rarer ones are kept out
SPELLING_FLOOR = 3.0  # Zipf; other spellings are made of tokens at least as common

SERBIAN = str.maketrans("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш")
CEDILLAS = str.maketrans("șț", "şţ")  # Romanian as it was typed before Unicode had the comma below
DOTLESS_I = "\u0131"

# wordfreq writes a number of several digits as zeros and models which one it is.
NUMBER_SHAPE = re.compile(r"\d\d")
NUMBERS = [
    *(str(n) for n in range(100)),
    *(f"{n:02}" for n in range(10)),
    *(str(year) for year in range(1900, 2036)),
]
ZEROS = "0\u0660\u06f0\u0966\u09e6"  # ASCII, Arabic, Persian, Devanagari, Bengali digits

Frequencies = dict[str, float]  # token -> occurrences per word of running text


def token_frequencies(words: Mapping[str, float]) -> Frequencies:
    """What the tokeniser makes of a word list: a word in several tokens counts for each of them."""
    found: defaultdict[str, float] = defaultdict(float)
    for word, frequency in words.items():
        for token in (word,) if word.isascii() and word.isalpha() else tokens(word):
            if not NUMBER_SHAPE.search(token):
                found[token] += frequency
    return found


def number_frequencies(words: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """One- and two-digit numbers and years, in all scripts alike."""
    for number in NUMBERS:
        frequency = words.get(smash_numbers(number), 0.0) * digit_freq(number)
        for zero in ZEROS:
            yield "".join(chr(ord(zero) + int(digit)) for digit in number), frequency


def pairs_across_words(words: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """P(one ends a word) · P(other begins a word), for all pairs of characters above the floor."""
    classes = characters().classes
    begins: defaultdict[str, float] = defaultdict(float)
    ends: defaultdict[str, float] = defaultdict(float)
    for word, frequency in words.items():
        for char, side in ((word[0], begins), (word[-1], ends)):
            if ord(char) < len(classes) and classes[ord(char)] == BIGRAM:
                side[char] += frequency
    lasts, firsts = list(ends), list(begins)
    estimate = np.outer(list(ends.values()), list(begins.values()))
    for i, j in np.argwhere(estimate >= 10 ** (ACROSS_FLOOR - 9)).tolist():
        yield lasts[i] + firsts[j], float(estimate[i, j])


@cache
def traditional_forms() -> dict[str, list[str]]:
    """From each simplified character to what it may stand for in traditional text.

    The first level of Big5, the standard set of Taiwan, tells which characters are in use there:
    發 and 髮 for 发, which is not; 後 and 后 for 后, which is.
    """
    with gzip.open(data_path("_chinese_mapping.msgpack.gz")) as file:
        simplified: dict[int, str] = msgpack.load(file, raw=False, strict_map_key=False)
    forms = defaultdict(list)
    for code, target in simplified.items():
        if _in_traditional_use(chr(code)):
            forms[target].append(chr(code))
    for char in filter(_in_traditional_use, list(forms)):
        forms[char].append(char)
    return dict(forms)


def _in_traditional_use(char: str) -> bool:
    return b"\xa4" <= char.encode("big5", "ignore")[:1] <= b"\xc6"


def other_spellings(lang: str, token: str) -> list[str]:
    """Spellings in running text that wordfreq has merged into this one."""
    if lang == "zh":
        forms = traditional_forms()
        return ["".join(chars) for chars in product(*(forms.get(char, char) for char in token))]
    if lang == "sh":
        cyrillic = token.replace("lj", "љ").replace("nj", "њ").replace("dž", "џ")
        cyrillic = cyrillic.translate(SERBIAN)
        return [] if re.search("[a-z]", cyrillic) else [cyrillic]
    if lang == "ro":
        return [token.translate(CEDILLAS)]
    if lang == "tr" and token[0] == DOTLESS_I:  # the tokeniser folds a capital I to i everywhere
        return ["i" + token[1:]]
    return []


def language_frequencies(lang: str) -> Frequencies:
    """All tokens of a language, pairs and numbers included, without a floor."""
    words = get_frequency_dict(lang, wordlist="best")
    found = token_frequencies(words)
    if lang in TOUCHING:
        for pair, frequency in pairs_across_words(words):
            found[pair] = found.get(pair, 0.0) + TOUCHING[lang] * frequency
    for token in [t for t, frequency in found.items() if frequency >= 10 ** (SPELLING_FLOOR - 9)]:
        for spelling in other_spellings(lang, token):
            found[spelling] = max(found.get(spelling, 0.0), found[token])
    found.update(number_frequencies(words))
    return found


def kept(lang: str, found: Frequencies) -> Frequencies:
    """The tokens of a language that are worth their bytes."""
    if lang in FLOORS:
        floor = 10 ** (FLOORS[lang] - 9)
        return {token: f for token, f in found.items() if f >= floor}
    return dict(nsmallest(OTHERS_TOP, found.items(), key=lambda item: (-item[1], item[0])))


def build(table: Frequencies) -> dict[str, NDArray[np.generic]]:
    """The arrays of the file. Of tokens with one hash, the most common counts."""
    codes: dict[int, int] = {}
    for token, frequency in table.items():
        key = xxhash.xxh32_intdigest(token.encode(), 0)
        code = min(max(round((log10(frequency) + 9) * STEPS), 0), 255)
        codes[key] = max(code, codes.get(key, 0))
    keys = np.array(sorted(codes), dtype=np.uint32)
    counts = np.bincount(keys >> 16, minlength=1 << 16).astype(np.uint16)
    lows = (keys & 0xFFFF).astype(np.uint16)
    zipfs = np.array([codes[key] for key in keys.tolist()], dtype=np.uint8)
    version = np.uint32(table_version(counts, lows, zipfs))
    return {"counts": counts, "lows": lows, "zipfs": zipfs, "version": np.asarray(version)}


def main() -> None:
    """Write the table and print what is in it."""
    table: Frequencies = {}
    for lang in sorted(available_languages("best")):
        tokens_kept = kept(lang, language_frequencies(lang))
        for token, frequency in tokens_kept.items():
            table[token] = max(frequency, table.get(token, 0.0))
        rarest = log10(min(tokens_kept.values())) + 9
        print(f"{lang:4}{len(tokens_kept):9,} tokens down to Zipf {rarest:.2f}", flush=True)
    arrays = build(table)
    np.savez_compressed(TARGET, **arrays)  # type: ignore[arg-type]
    print(
        f"{TARGET.name}: {len(arrays['lows']):,} tokens, {TARGET.stat().st_size:,} bytes,"
        f" version {int(arrays['version']):08x}"
    )


if __name__ == "__main__":
    main()
