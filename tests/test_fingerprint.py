"""Fingerprints: made again in plain Python, the same in any company, safe on any text."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xxhash
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.fingerprint import Fingerprints, Signer
from dedupe.models import Article
from dedupe.overlap.marking import mark
from dedupe.params import SignatureParams
from dedupe.shingles.weights import UNKNOWN_ZIPF, zipf
from dedupe.text.tokens import tokens

PARAMS = SignatureParams()
NASTY = [
    "&amp;", "&#", "\xad", "\u200b", "\u0301", "\u0345", "İ", "ß", "ẞ", "ﷺ", "ﬃ", "1", "1,0", "٣",
    ".", ",", "中", "文中", "か゛", "ᄒ",
    "한", "ก็", "𠀀", "𠀀" * 50, "\U000f0000", "\ud800", "\udc00",
    "\x00", " ", "\n",
    "word ", "Name ", "x" * 300, "the ", "12 ", "a-" * 40, "🧨", "ﾞ", "़", "ۖ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(NASTY) | st.characters(exclude_categories=()), max_size=40).map(
    "".join
)
ARTICLES = st.builds(Article, id=st.just("x"), text=TEXTS, title=st.none() | TEXTS)


@pytest.fixture(scope="module")
def invented(examples: Path) -> list[Article]:
    """The examples, in seven languages."""
    files = sorted(examples.glob("*.jsonl"))
    records = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [Article(id=r["id"], text=r["text"], title=r.get("title")) for r in records]


def seen(article: Article) -> tuple[list[str], list[bool]]:
    """The words of the text that signatures see, and which of them are quoted."""
    marked = mark(article.text)
    kept = ~marked.boilerplate if article.title or not marked.boilerplate.all() else slice(None)
    words = np.array(tokens(article.text), dtype=object)
    return words[kept].tolist(), marked.quoted[kept].tolist()


def copy_elements(article: Article) -> set[int]:
    body, marks = seen(article)
    title = tokens(article.title or "") if len(body) < PARAMS.short_body else []
    words, marks = title + body, [False] * len(title) + marks
    hashes = [xxhash.xxh32_intdigest(word.encode()).to_bytes(4, "little") for word in words]
    size = PARAMS.shingle_size
    runs = [hashes[i : i + size] for i in range(max(1, len(hashes) - size + 1))] if words else []
    elements = [xxhash.xxh32_intdigest(b"".join(run)) for run in runs]
    if len(words) <= size:
        return set(elements)
    narrative = [not all(marks[i : i + size]) for i in range(len(elements))]
    kept = {e for e, own in zip(elements, narrative, strict=True) if own or e % 4 == 0}
    return kept or set(elements)


def story_elements(article: Article) -> set[int]:
    lead = (tokens(article.title or "") + seen(article)[0])[: PARAMS.signature_lead]
    elements = set()
    for word, tf in Counter(lead).items():
        known = zipf(word)
        rarity = 6.0 - (UNKNOWN_ZIPF if known is None else known)
        if rarity > 0:
            weight = (1.0 + float(np.float32(math.log(tf)))) * rarity
            replicas = min(32, int(weight + 0.5))
            elements |= {xxhash.xxh32_intdigest(word.encode(), i) for i in range(1, replicas + 1)}
    return elements


def datasketch_signature(elements: set[int], permutations: int) -> np.ndarray:
    sketch = MinHash(num_perm=permutations, seed=PARAMS.seed, scheme="affine32", hashfunc=int)
    sketch.update_batch(list(elements))
    return sketch.hashvalues


def rows(signed: Fingerprints, i: int) -> list[list[int]]:
    """All that is known of one article."""
    a, b = signed.term_bounds[i : i + 2]
    whole = [signed.digests[i : i + 1], signed.copy[i], signed.story[i], signed.lengths[i : i + 1]]
    whole += [signed.informative[i : i + 1], signed.terms[a:b], signed.tfs[a:b]]
    return [part.tolist() for part in [*whole, signed.zipfs[a:b], signed.kinds[a:b]]]


def test_copy_signatures_are_datasketch_s_of_the_same_shingles(invented: list[Article]) -> None:
    signed = Signer().sign(invented)
    for article, signature in zip(invented, signed.copy, strict=True):
        assert np.array_equal(signature, datasketch_signature(copy_elements(article), 128)), (
            article.id
        )


def test_story_signatures_are_datasketch_s_of_the_same_weighted_words(
    invented: list[Article],
) -> None:
    signed = Signer().sign(invented)
    for article, signature in zip(invented, signed.story, strict=True):
        assert np.array_equal(signature, datasketch_signature(story_elements(article), 256)), (
            article.id
        )


def test_signatures_estimate_both_resemblances_within_five_standard_errors(
    invented: list[Article],
) -> None:
    signed = Signer().sign(invented)
    for signatures, elements_of in ((signed.copy, copy_elements), (signed.story, story_elements)):
        places = signatures.shape[1]
        sets = [elements_of(article) for article in invented]
        for i in range(len(sets)):
            for j in range(i):
                true = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
                estimate = float(np.mean(signatures[i] == signatures[j]))
                # Where almost nothing is shared, a chance hit or two is more than five errors.
                error = math.sqrt(true * (1 - true) / places)
                assert abs(estimate - true) <= 5 * error + 2 / places, (i, j)


def test_a_digest_tells_the_normal_form(invented: list[Article]) -> None:
    digests = Signer().sign(invented).digests.tolist()
    for article, digest in zip(invented, digests, strict=True):
        body = tokens(article.text)
        words = body if len(body) >= PARAMS.short_body else tokens(article.title or "") + body
        form = " ".join(words).encode()
        assert digest == xxhash.xxh32_intdigest(form, 0) << 32 | xxhash.xxh32_intdigest(form, 1)


def test_a_fingerprint_does_not_depend_on_its_batch(invented: list[Article]) -> None:
    signer = Signer()
    together = signer.sign(invented)
    backwards = signer.sign(invented[::-1])
    for i, article in enumerate(invented):
        assert rows(together, i) == rows(signer.sign([article]), 0)
        assert rows(together, i) == rows(backwards, len(invented) - 1 - i)


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_a_fingerprint_does_not_depend_on_the_number_of_threads(
    invented: list[Article], workers: int
) -> None:
    batch = [
        *invented,
        Article(id="long", text="an extra long text " * 5000),
        Article(id="none", text=""),
    ]
    alone = Signer().sign(batch)
    with ThreadPoolExecutor(workers) as pool:
        shared = Signer(executor=pool, workers=workers).sign(batch)
    assert all(np.array_equal(a, b) for a, b in zip(alone, shared, strict=True))


@settings(max_examples=200)
@given(st.lists(ARTICLES, min_size=1, max_size=6))
def test_any_text_has_a_sound_fingerprint(articles: list[Article]) -> None:
    signed = Signer().sign(articles)
    assert signed.term_bounds[0] == 0
    assert signed.term_bounds[-1] == len(signed.terms) == len(signed.tfs) == len(signed.zipfs)
    for i, article in enumerate(articles):
        lead = (tokens(article.title or "") + tokens(article.text))[: PARAMS.vector_lead]
        hashes = {xxhash.xxh32_intdigest(word.encode(), 0) for word in lead}
        terms = signed.terms[signed.term_bounds[i] : signed.term_bounds[i + 1]]
        assert (np.diff(terms.astype(np.int64)) > 0).all()
        assert set(terms.tolist()) <= hashes
        assert 0 <= signed.informative[i] <= len(hashes)
        assert (signed.lengths[i] == 0) == (signed.digests[i] == 0) == (not copy_elements(article))
        assert np.array_equal(signed.copy[i], datasketch_signature(copy_elements(article), 128))


# Run apart from this process, because the checks are compiled in.
CHECKED = """
import random
from dedupe.fingerprint import Signer
from dedupe.models import Article
nasty = %r
draw = random.Random(11)
def text(most):
    return "".join(
        draw.choice(nasty) if draw.random() < 0.7 else chr(draw.randrange(0x110000))
        for _ in range(draw.randrange(most))
    )
signer = Signer()
for _ in range(12):
    most = draw.choice((2, 30, 900))
    signer.sign([Article(id="x", text=text(most), title=text(8)) for _ in range(25)])
for one in ("", "a", "1", "1,", "\\U00020000", "\\U00020000" * 3000, "ab " * 3000, ". " * 3000):
    signer.sign([Article(id="x", text=one)])
    signer.sign([Article(id="x", text="", title=one), Article(id="y", text=one)])
print("sound")
"""


def test_the_kernel_stays_in_bounds_on_nasty_text(tmp_path: Path, root: Path) -> None:
    environment = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "NUMBA_OPT": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", CHECKED % (NASTY,)],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("sound\n", "")


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one article"):
        Signer().sign([])


def test_another_seed_or_size_makes_other_signatures() -> None:
    batch = [Article(id="x", text="one two three four five six seven")]
    small = Signer(
        SignatureParams(copy_permutations=32, copy_bands=4, story_permutations=64, story_bands=32)
    ).sign(batch)
    assert (small.copy.shape, small.story.shape) == ((1, 32), (1, 64))
    assert not np.array_equal(
        Signer(SignatureParams(seed=2)).sign(batch).copy, Signer().sign(batch).copy
    )


def test_the_title_belongs_to_a_short_text_and_not_to_a_long_one() -> None:
    short, long = "Minister resigns", "The minister of works resigned on Tuesday. " * 8
    titled = [Article(id="t", text=text, title="A title of its own") for text in (short, long)]
    plain = [Article(id="p", text=text) for text in (short, long)]
    signed = Signer().sign(titled + plain)
    assert signed.digests[0] != signed.digests[2]
    assert signed.digests[1] == signed.digests[3]
