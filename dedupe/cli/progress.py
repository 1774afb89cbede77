"""What a scan says on stderr while it works and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dedupe.cli.terminal import counted, harmless
from dedupe.errors import RecordRejected
from dedupe.models import Decision, Rejection, Relation

_TOLD = {
    Relation.NONE: "alone",
    Relation.STORY: "of a story",
    Relation.REWRITE: "rewritten",
    Relation.COPY: "copied",
    Relation.EXACT: "exact copies",
}
_SHOWN = 5  # rejected records that are told one by one


class ScanProgress:
    """A progress bar where stderr is a terminal; counts and the first rejections everywhere."""

    def __init__(self, total_bytes: int | None, *, quiet: bool, bar: bool = True) -> None:
        """`bar` is off where lines go to the same terminal while it would move."""
        self._console = Console(
            stderr=True, quiet=quiet, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not bar or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("reading", total=total_bytes or None, note="")
        self._stage = "reading"
        self._left_out = 0
        self._rejected = 0
        self._repairs: Counter[str] = Counter()
        self._relations: Counter[str] = Counter()

    def __enter__(self) -> ScanProgress:
        self._bar.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.stop()

    @property
    def exit_code(self) -> int:
        """3 when records were rejected."""
        return 3 if self._rejected else 0

    @property
    def rejections(self) -> int:
        """Records that were rejected so far."""
        return self._rejected

    def read(self, count: int) -> None:
        """So many more stored bytes were read."""
        self._bar.advance(self._task, count)

    def stage(self, name: str, done: int, total: int) -> None:
        """Where the scan stands."""
        if name != self._stage:
            self._stage = name
            self._bar.reset(self._task, description=name, total=total or None)
        if name == "reading":
            self._bar.update(self._task, note=f"{done:,} articles")
        else:
            self._bar.update(self._task, completed=done, note="")

    def compiling(self, kept: bool) -> None:
        """The kernels are being compiled; whether the next run will find them."""
        self._console.print("compiling for this machine, once: this takes up to a minute …")
        if not kept:
            self._console.print(
                "the result cannot be kept, so that every run compiles anew:"
                " set NUMBA_CACHE_DIR to a folder that can be written to"
            )

    def rejected(self, rejection: Rejection) -> None:
        """A record could not be used."""
        self._rejected += 1
        if self._rejected <= _SHOWN:
            self._console.print(harmless(f"rejected {rejection.where}: {rejection.reason}"))
        elif self._rejected == _SHOWN + 1:
            self._console.print("more records were rejected; --rejects FILE keeps them all")

    def rejecting(
        self, keep: Callable[[Rejection], None] | None
    ) -> Callable[[RecordRejected], None]:
        """What takes rejections that were raised: tells them, and keeps them."""

        def reject(error: RecordRejected) -> None:
            rejection = Rejection(where=error.where, reason=error.reason, id=error.id)
            self.rejected(rejection)
            if keep is not None:
                keep(rejection)

        return reject

    def repaired(self, where: str, what: str) -> None:
        """A record was mended in a documented way."""
        self._repairs[what] += 1

    def left_out(self) -> None:
        """An article lies outside --since and --until."""
        self._left_out += 1

    def reported(self, path: str, size: int) -> None:
        """The report is there."""
        self._console.print(harmless(f"report: {path} ({decimal(size)}), for any browser"))

    def finished(self, decisions: list[Decision]) -> None:
        """The summary."""
        sizes = Counter(decision.cluster_id for decision in decisions)
        stories = sum(size > 1 for size in sizes.values())
        grouped = sum(size for size in sizes.values() if size > 1)
        self._summary(
            f"{counted(len(decisions), 'article')}: {grouped:,} in"
            f" {counted(stories, 'story', 'stories')} of two or more,"
            f" {len(decisions) - grouped:,} alone"
        )

    def decision(self, decision: Decision) -> None:
        """One more article was decided on."""
        self._relations[decision.relation] += 1
        self._bar.update(self._task, note=f"{self._relations.total():,} articles")

    def decided(self, repeats: int = 0) -> None:
        """The summary of decisions that were told one by one; `repeats` were not put out."""
        told = [
            f"{n:,} {word}" for each, word in _TOLD.items() if (n := self._relations[each.label])
        ]
        articles = counted(self._relations.total(), "article")
        left_out = f"; {repeats:,} left out" if repeats else ""
        self._summary(f"{articles}: {', '.join(told)}{left_out}" if told else articles)

    def done(self, what: str) -> None:
        """The summary in the words of the command."""
        self._summary(what)

    def gathered(self, articles: int) -> None:
        """The summary where nothing is decided."""
        self._summary(counted(articles, "article"))

    def _summary(self, first: str) -> None:
        parts = [first]
        if self._left_out:
            parts.append(f"{self._left_out:,} outside --since and --until")
        if self._rejected:
            parts.append(f"{counted(self._rejected, 'record')} rejected")
        parts += [f"{count:,} × {what}" for what, count in self._repairs.most_common()]
        self._console.print("; ".join(parts))
