"""A comparison for people: the verdict, the figures, both texts with what they share in colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedupe.batch.comparison import Comparison, ModelTerm, SharedWord, Side
from dedupe.cli.features import PLAIN
from dedupe.cli.terminal import counted, harmless
from dedupe.overlap.novelty import NewSentence
from dedupe.overlap.passages import SharedPassage

_COLOURS = [
    f"#000000 on {colour}"
    for colour in ("#87d7ff", "#ffd75f", "#a8e08f", "#dfafff", "#ffaf9f", "#87dfcf")
]
_VERDICTS = {"none": "bold red", "story": "bold yellow"}  # the others are green
_TWO_COLUMNS = 80  # columns of the terminal from which the texts stand side by side
_WORDS = 12  # rare words that are shown
_TERMS = 12  # terms of the model that are shown
_SENTENCES = 5  # new sentences that are shown
_LISTED = 8  # names and numbers that are shown of either side
_BAR = 24  # columns of the longest bar


def shown(comparison: Comparison) -> Iterator[RenderableType]:
    """The parts of a comparison, top to bottom."""
    yield _header(comparison)
    yield _figures(comparison)
    yield Texts(comparison.a.text, comparison.b.text, comparison.passages)
    if comparison.shared_words:
        yield _words(comparison.shared_words)
    if comparison.novelty.sentences:
        yield _new(comparison.novelty.sentences)
    if comparison.terms:
        yield _model(comparison.terms)


def _header(c: Comparison) -> Text:
    header = Text("\n  ")
    header.append(c.relation, style=_VERDICTS.get(c.relation, "bold green"))
    if c.update:
        header.append(" (update)")
    header.append(f"  score {c.score:.2f}, threshold {c.threshold:.2f}\n")
    header.append(f"  why: {harmless(c.rule)}", style="italic")
    return header


def _figures(c: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for name in ("", "A", "B"):
        table.add_column(name, overflow="fold")
    rows: list[tuple[str, Callable[[Side], str | None]]] = [
        ("id", lambda side: side.id),
        ("title", lambda side: side.title),
        ("source", lambda side: side.source),
        ("published", lambda side: f"{side.published:%Y-%m-%d %H:%M}" if side.published else None),
        ("credit", lambda side: side.credit),
        ("words", lambda side: f"{side.words:,}"),
        ("in shared passages", lambda side: f"{side.containment:.0%}"),
        ("names it has alone", lambda side: _list(side.names)),
        ("numbers it has alone", lambda side: _list(side.numbers)),
    ]
    for name, value in rows:
        cells = value(c.a), value(c.b)
        if any(cells):
            table.add_row(name, *(Text(harmless(cell or "")) for cell in cells))
    table.add_section()
    for name, figure in _of_both(c):
        table.add_row(name, figure)
    return table


def _of_both(c: Comparison) -> Iterator[tuple[str, str]]:
    yield "shared passages", f"{len(c.passages):,}"
    yield "resemblance", f"{c.resemblance:.2f}"
    if c.hours is not None:
        yield "hours apart", f"{abs(c.hours):,.1f}"
    yield "new in B", f"{c.novelty.score:.0%}"
    if c.articles > 2:
        yield "rarity of words", f"by {c.articles:,} articles"


def _list(values: Sequence[str]) -> str:
    more = f" … {len(values) - _LISTED:,} more" if len(values) > _LISTED else ""
    return ", ".join(values[:_LISTED]) + more


class Texts:
    """Two texts, side by side where there is room. Without colours, passages are numbered."""

    def __init__(self, a: str, b: str, passages: Sequence[SharedPassage]) -> None:
        self._a = a, [(p.a_start, p.a_end) for p in passages]
        self._b = b, [(p.b_start, p.b_end) for p in passages]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plain = console.color_system is None or console.no_color
        a, b = _marked(*self._a, plain), _marked(*self._b, plain)
        if options.max_width >= _TWO_COLUMNS:
            table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=True)
            table.add_column("A", ratio=1, overflow="fold")
            table.add_column("B", ratio=1, overflow="fold")
            table.add_row(a, b)
            yield table
            return
        for name, text in (("A", a), ("B", b)):
            yield Text(f"  {name}", style="bold")
            yield Padding(text, (0, 2, 1, 2))


def _marked(text: str, spans: list[tuple[int, int]], plain: bool) -> Text:
    """The text with each passage in its colour, or between `[1: ` and `]` where there is none."""
    marked = Text()
    done = 0
    for (start, end), number in sorted(zip(spans, range(len(spans)), strict=True)):
        marked.append(_lines(text[done:start]))
        passage = _lines(text[start:end])
        if plain:
            marked.append(f"[{number + 1}: {passage}]")
        else:
            marked.append(passage, style=_COLOURS[number % len(_COLOURS)])
        done = end
    marked.append(_lines(text[done:]))
    return marked


def _lines(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "\n".join(map(harmless, lines))


def _words(words: Sequence[SharedWord]) -> Group:
    table = _table()
    for word in words[:_WORDS]:
        bar = _bar(word.weight / words[0].weight)
        table.add_row(Text(harmless(word.word)), f"{word.weight:.3f}", bar)
    count = counted(len(words), "rare word")
    return _titled(f"{count} in both leads, by their part of the cosine", table)


def _model(terms: Sequence[ModelTerm]) -> Group:
    table = _table()
    strongest = max(abs(term.effect or 0.0) for term in terms) or 1.0
    for term in terms[:_TERMS]:
        value = "not known" if term.value is None else f"{term.value:.3g}"
        name = Text(harmless(PLAIN.get(term.name, term.name.replace("_", " "))))
        if term.effect is None:
            table.add_row(name, value, "", "")
        else:
            bar = _bar(abs(term.effect) / strongest, "green" if term.effect > 0 else "red")
            table.add_row(name, value, f"{term.effect:+.2f}", bar)
    return _titled(
        "what speaks for one story (+) and against it (-), as the model weighs it", table
    )


def _new(sentences: Sequence[NewSentence]) -> Group:
    table = _table()
    for sentence in sentences[:_SENTENCES]:
        table.add_row(Text(harmless(" ".join(sentence.text.split()))))
    if len(sentences) > _SENTENCES:
        table.add_row(f"… {len(sentences) - _SENTENCES:,} more")
    return _titled(f"mostly new in B: {counted(len(sentences), 'sentence')}", table)


def _table() -> Table:
    return Table(box=box.SIMPLE, padding=(0, 1), show_header=False)


def _titled(title: str, table: Table) -> Group:
    """A table under a title that is not wrapped at the table's width."""
    return Group(Text(f"  {title}", style="italic"), table)


def _bar(share: float, style: str = "cyan") -> Text:
    return Text("█" * max(1, round(share * _BAR)), style=style)
