"""What is asked about a collection, and what is made of the answers."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import CandidatePairs, candidate_pairs, gather
from dedupe.errors import UsageError
from dedupe.evaluation.pairs import LabelledPair
from dedupe.evaluation.session import Session, read_answers
from dedupe.feeds import read_articles
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.similarity.recalibration import rescored
from dedupe.stories.verifiers import learned

PARAMS = ScanParams(workers=1)


@pytest.fixture(scope="module")
def ranked(examples: Path) -> Ranked:
    read = read_articles([str(examples)], now=datetime(2030, 1, 1, tzinfo=UTC), on_reject=print)
    return gather(read, PARAMS)


@pytest.fixture(scope="module")
def pairs(ranked: Ranked) -> CandidatePairs:
    return candidate_pairs(ranked, PARAMS, learned(ranked, PARAMS))


@pytest.fixture(scope="module")
def session(ranked: Ranked, pairs: CandidatePairs) -> Session:
    return Session(ranked, learned(ranked, PARAMS), pairs)


@pytest.fixture(scope="module")
def answered(session: Session, examples: Path) -> list[LabelledPair]:
    """All questions, answered as examples/labels.toml has it."""
    told = tomllib.loads((examples / "labels.toml").read_text("utf-8"))["stories"]
    story = {member: name for name, each in told.items() for member in each["members"]}

    def label(pair: LabelledPair) -> str:
        same = story.get(pair.id_a, "") == story.get(pair.id_b, "-")
        return "same" if same else "none"

    return [replace(pair, label=label(pair)) for pair in session.questions(10_000, [])]


def test_every_candidate_pair_is_asked_about_once_if_there_is_time(
    session: Session, pairs: CandidatePairs
) -> None:
    questions = session.questions(10_000, [])
    assert len({frozenset((q.id_a, q.id_b)) for q in questions}) == len(pairs.scores)
    assert {q.weight for q in questions} == {1.0}


def test_a_sample_stands_for_all_pairs(session: Session, pairs: CandidatePairs) -> None:
    questions = session.questions(20, [])
    assert len(questions) == 20
    assert sum(q.weight for q in questions) == pytest.approx(len(pairs.scores), abs=2)


def test_what_was_answered_is_not_asked_again_whichever_article_was_left(session: Session) -> None:
    questions = session.questions(20, [])
    swapped = [LabelledPair(q.id_b, q.id_a, "same") for q in questions[:5]]
    assert session.questions(20, swapped) == questions[5:]
    assert session.questions(5, swapped) == []


def test_of_two_answers_about_a_pair_the_later_counts(
    session: Session, answered: list[LabelledPair]
) -> None:
    first = answered[0]
    turned = LabelledPair(first.id_b, first.id_a, "unclear")
    found = session.report([*answered, turned], 0.9)
    assert (found.unsure, found.answers) == (1, len(answered) - 1)


def test_answers_about_other_articles_are_counted_and_left_out(
    session: Session, answered: list[LabelledPair]
) -> None:
    strange = LabelledPair("nowhere", answered[0].id_a, "same")
    assert session.report([*answered, strange], 0.9).left_out == 1
    with pytest.raises(UsageError, match="none of the 1 answers"):
        session.report([strange], 0.9)


def test_the_refitted_scores_are_those_of_the_report(
    session: Session, answered: list[LabelledPair]
) -> None:
    found = session.report(answered, 0.9)
    numbers = session.recalibration(found, None)
    assert (numbers.slope, numbers.intercept) == (found.slope, found.intercept)
    assert numbers.answers == len(answered)
    point = found.fitted or found.now
    assert numbers.threshold == pytest.approx(
        float(rescored(point.threshold, numbers.slope, numbers.intercept)), abs=1e-6
    )


def test_refitting_what_was_refitted_goes_back_to_the_first_scores(
    session: Session, answered: list[LabelledPair]
) -> None:
    found = session.report(answered, 0.9)
    once = session.recalibration(found, None)
    twice = session.recalibration(found, once)
    step = rescored(rescored(0.37, once.slope, once.intercept), once.slope, once.intercept)
    assert rescored(0.37, twice.slope, twice.intercept) == pytest.approx(float(step))


def test_answers_of_one_kind_or_against_the_scores_refit_nothing(
    session: Session, answered: list[LabelledPair]
) -> None:
    all_same = session.report([replace(a, label="same") for a in answered], 0.9)
    with pytest.raises(UsageError, match="of one kind"):
        session.recalibration(all_same, None)
    against = replace(all_same, slope=-0.1, intercept=0.0)
    with pytest.raises(UsageError, match="contradict the scores"):
        session.recalibration(against, None)


def test_articles_of_which_no_two_are_close_are_refused() -> None:
    alone = gather([Article(id="a", text="Fog on Friday.")], PARAMS)
    verifier = learned(alone, PARAMS)
    with pytest.raises(UsageError, match="of the 1 articles no two are close enough"):
        Session(alone, verifier, candidate_pairs(alone, PARAMS, verifier))


def test_labels_that_are_no_answers_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"id_a": 1, "id_b": 2, "label": "copy"}\n')
    with pytest.raises(UsageError, match=r"a\.jsonl: the label 'copy' of '1' and '2' is no answer"):
        read_answers(str(file))
    file.write_text('{"id_a": 1, "id_b": 2, "label": "same"}\n')
    assert [answer.label for answer in read_answers(str(file))] == ["same"]
    with pytest.raises(UsageError, match="all answers are of one kind"):
        read_answers(str(file), both=True)
