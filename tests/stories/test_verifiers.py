"""A verifier is chosen by name, and any other can be put in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import gather, scan
from dedupe.errors import UsageError
from dedupe.models import Article
from dedupe.params import Recalibration, ScanParams
from dedupe.similarity.trees import shipped_model
from dedupe.similarity.verifier import Judgement, Term
from dedupe.stories.verifiers import learned, maker_of, plane, verifier_named

NUMBERS = Recalibration(model="learned 1", slope=2.0, intercept=-1.0, threshold=0.6, answers=80)
ARTICLES = [
    Article(id="a", text="Fire closed the Quillmere tramway depot on Tuesday, Mayor Oduya said."),
    Article(id="b", text="The tramway depot of Quillmere burned; Mayor Oduya called it a loss."),
    Article(id="c", text="Brightholm raised its dividend to 41 cents, treasurer Pellworth said."),
]


class ByInitials:
    """A verifier from elsewhere: articles whose texts begin alike tell the same story."""

    model = "initials 1"
    threshold = 0.5

    def __init__(self) -> None:
        self._initials: dict[str, str] = {}
        self._ids: list[str] = []

    def watch(self, articles: Iterable[Article]) -> Iterator[Article]:
        for article in articles:
            self._initials[article.id] = article.text[0]
            yield article

    def __call__(self, ranked: Ranked, params: ScanParams) -> ByInitials:
        self._ids = [entry.id for entry in ranked.entries]
        return self

    def judge(self, left: np.ndarray, right: np.ndarray) -> Judgement:
        alike = [
            self._initials[self._ids[a]] == self._initials[self._ids[b]]
            for a, b in zip(left.tolist(), right.tolist(), strict=True)
        ]
        scores = np.array(alike, dtype=np.float32)
        return Judgement(scores, scores.astype(np.int8), scores)

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        return ()


def test_a_verifier_that_is_given_sees_the_texts_and_decides() -> None:
    burns = "ramway depot burns at Quillmere: zeppelin hangar, veterinary clinic and wharf in ashes"
    articles = [Article(id=str(i), text=t + burns) for i, t in enumerate(["T", "Tonight t"])]
    found = scan(articles, verifier=ByInitials())
    assert len({decision.cluster_id for decision in found}) == 1
    other = [articles[0], Article(id="1", text="A t" + burns)]
    assert len({d.cluster_id for d in scan(other, verifier=ByInitials())}) == 2


def test_the_shipped_verifiers_are_there_by_name() -> None:
    assert verifier_named("learned") is learned
    assert verifier_named("plane") is plane
    with pytest.raises(UsageError, match="there is no verifier 'tarot'; installed are learned, pl"):
        scan(ARTICLES, ScanParams(verifier="tarot"))


def test_each_verifier_has_a_threshold_of_its_own_unless_one_is_given() -> None:
    ranked = gather(ARTICLES, ScanParams())
    assert learned(ranked, ScanParams()).threshold == shipped_model().threshold
    assert plane(ranked, ScanParams()).threshold < shipped_model().threshold
    for maker in (learned, plane):
        assert maker(ranked, ScanParams(threshold=0.3)).threshold == 0.3


def test_a_wanted_precision_chooses_the_threshold_where_the_verifier_can_tell() -> None:
    ranked = gather(ARTICLES, ScanParams())
    low, high = (learned(ranked, ScanParams(precision=p)).threshold for p in (0.5, 0.95))
    assert 0.0 < low < high < 1.0
    with pytest.raises(UsageError, match="'plane' cannot tell a precision"):
        plane(ranked, ScanParams(precision=0.9))
    with pytest.raises(ValueError, match="twice"):
        ScanParams(precision=0.9, threshold=0.5)


def test_recalibration_moves_scores_and_thresholds_together() -> None:
    ranked = gather(ARTICLES, ScanParams())
    plain = learned(ranked, ScanParams())
    params = ScanParams(recalibration=NUMBERS)
    verifier = maker_of(params)(ranked, params)
    assert verifier.threshold == pytest.approx(0.6)
    given = replace(params, threshold=0.8)
    assert maker_of(given)(ranked, given).threshold == pytest.approx(0.8)
    left, right = np.array([[0], [1]], dtype=np.int32)
    before, after = (v.judge(left, right).scores[0] for v in (plain, verifier))
    odds = 2.0 * np.log(before / (1 - before)) - 1.0
    assert after == pytest.approx(1 / (1 + np.exp(-odds)), rel=1e-3)
    effects = [v.explain(0, 1)[0].effect for v in (plain, verifier)]
    assert effects[1] == pytest.approx(2.0 * effects[0])


def test_numbers_fitted_to_one_verifier_are_refused_by_another() -> None:
    params = ScanParams(verifier="plane", recalibration=NUMBERS)
    with pytest.raises(UsageError, match="fitted to the scores of the verifier 'learned 1'"):
        scan(ARTICLES, params)
