"""What a command shows while it works: a bar in a terminal, and of a training run lines in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:  # translating to a file draws a bar, too, and need not load all of training
    from .training import Evaluation

Progress = Callable[[str, float], None]  # hears what is being done, and which share of all (0 … 1) is done


class Display:
    """A context in which `step` and `evaluation` are shown as they come."""

    def __init__(self, steps: int, done: int = 0):
        self.console = Console(highlight=False, soft_wrap=True)
        columns = (
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("{task.fields[speed]:,.0f} tokens/s"), TimeRemainingColumn(),
        )  # fmt: skip
        self.progress = Bars(*columns, console=self.console, disable=not self.console.is_terminal, transient=True)
        self.task = self.progress.add_task("training", total=steps, completed=done, loss=float("nan"), speed=0.0)

    def __enter__(self) -> Display:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def step(self, step: int, loss: float, speed: float) -> None:
        self.progress.update(self.task, completed=step, loss=loss, speed=speed)

    def evaluation(self, done: Evaluation) -> None:
        agreement = "" if done.agreement is None else f"  agreement {done.agreement:.1f} %"
        self.console.print(
            f"step {done.step:,}  epoch {done.epoch}  {done.minutes:.1f} min  loss {done.train_loss:.3f}  dev loss "
            f"{done.dev_loss:.3f}  BLEU {done.bleu:.1f}  chrF {done.chrf:.1f}  exact {done.exact_match:.1f} %{agreement}  "
            f"{done.tokens_per_second:,.0f} tokens/s",
            markup=False,
        )
        for source, output in done.samples:
            self.console.print(f"    {source}  →  {output}", markup=False, style="dim")


@contextmanager
def shares_done(names: Sequence[str]) -> Iterator[Callable[[str, str, float], None]]:
    """A bar for each name on stderr, with the time left: told whose it is, what is being done and which share (0 … 1)."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=1.0) for name in names}
        yield lambda name, what, share: bars.update(tasks[name], description=f"{name}: {what}", completed=share)


@contextmanager
def share_done(name: str) -> Iterator[Progress]:
    """One such bar."""
    with shares_done([name]) as show:
        yield lambda what, share: show(name, what, share)


def lines_done(chunks: Iterable[Sequence[str]], count: int) -> Iterator[Sequence[str]]:
    """The same chunks, while a terminal sees on stderr how many of the `count` lines are done."""
    console = Console(stderr=True)
    columns = (TextColumn("translating"), BarColumn(), MofNCompleteColumn(), TextColumn("lines"), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("translating", total=count)
        for chunk in chunks:
            yield chunk
            progress.advance(task, len(chunk))
