"""How things are measured here: contenders in turn, ratios of one repetition, memory in a process of its own.

A machine drifts, and others use it. So whatever is compared is timed in turn within each repetition, which begins with another
contender each time, and a ratio is taken repetition by repetition. Shown are the median and the smallest and largest value.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from seq2seq.config import UserError
from seq2seq.training import device

Found = TypeVar("Found")


@dataclass(frozen=True)
class Setting:
    """What is measured, and how often."""

    run: Path  # the run folder whose model translates and is probed
    sources: Path | None = None  # what it translates, a line each; None: the agreement corpus's test sentences
    data: Path | None = None  # a folder with corpora/multi30k and peers in it
    repetitions: int = 5
    quick: bool = False  # so little of everything that no figure means anything: does it run?
    out: Path = Path("reports/benchmarks")


@dataclass(frozen=True)
class Measured:
    """A figure, one value a repetition; where it is compared, also its ratio to something measured in the same one."""

    name: str
    unit: str
    values: list[float]
    beside: str = ""  # what the ratio is to
    ratios: list[float] = field(default_factory=list)
    bar: str = ""
    conditions: str = ""


def compared(
    name: str,
    unit: str,
    values: Sequence[float],
    beside: str,
    others: Sequence[float],
    bar: str = "",
    conditions: str = "",
) -> Measured:
    """A figure with its ratio to another one, repetition by repetition."""
    return Measured(
        name, unit, list(values), beside, [a / b for a, b in zip(values, others, strict=True)], bar, conditions
    )


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes, to the end of what it asked of a GPU."""
    finish = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    finish()
    start = time.perf_counter()
    work()
    finish()
    return time.perf_counter() - start


def in_turn(works: Mapping[str, Callable[[], object]], repetitions: int) -> dict[str, list[float]]:
    """Seconds of each work, a value a repetition, all of them in turn; one turn before that warms up and does not count."""
    names, taken = list(works), {name: list[float]() for name in works}
    for repetition in range(-1, repetitions):
        begin = repetition % len(names)
        for name in names[begin:] + names[:begin]:
            taken[name].append(seconds(works[name]))
    return {name: each[1:] for name, each in taken.items()}


# Memory, and who else is there: both from Linux's /proc


def memory(what: str) -> float:
    """This process's memory in MB: VmRSS, what it has now, or VmHWM, the most it has had. (The kernel's resource usage would
    count the process that began this one.)"""
    return int(re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def alone(work: Callable[..., Found], *given: object) -> Found:
    """What a function returns in a new process, whose memory nobody has used."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def used_by_others() -> float:
    """CPU seconds that other processes have used since the machine began (of ours, those that have ended count as ours)."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:8]]
    user, system, of_children, of_their_systems, _ = os.times()
    busy = sum(fields) - fields[3] - fields[4]  # neither idle nor waiting for a disk
    return busy / os.sysconf("SC_CLK_TCK") - (user + system + of_children + of_their_systems)


def machine() -> str:
    """On what the figures were measured."""
    place = torch.cuda.get_device_name() if device().type == "cuda" else platform.processor() or platform.machine()
    return f"{place}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, torch {torch.__version__}"


# Tables


def short(value: float) -> str:
    """Three digits that count: 0.0123, 1.23, 12.3, 12,300."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def spread(values: Sequence[float]) -> tuple[str, str]:
    """The median, and from where to where."""
    return short(statistics.median(values)), f"{short(min(values))} … {short(max(values))}"


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that may be pasted into a page; as wide as it is."""
    table = Table(*heads, box=box.MARKDOWN, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, width=1000)
    console.print(f"\n{title}\n", markup=False)
    console.print(table)


def show_measured(title: str, found: Sequence[Measured]) -> None:
    """Figures as a table."""
    heads = ("measured", "median", "spread", "unit", "n", "ratio", "spread", "to", "bar", "conditions")
    rows = [
        (each.name, *spread(each.values), each.unit, str(len(each.values)),
         *(spread(each.ratios) if each.ratios else ("", "")), each.beside, each.bar, each.conditions)
        for each in found
    ]  # fmt: skip
    show(title, heads, rows)


def outside(setting: Setting, path: str) -> Path:
    """A file or folder of the outside data. UserError: it is not there."""
    found = setting.data / path if setting.data else None
    if found is None or not found.exists():
        raise UserError(f"needs {path}: name the folder that holds it with --data or in SEQ2SEQ_DATA")
    return found
