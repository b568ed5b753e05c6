"""python -m tests.benchmarks.memory: a hundred thousand pairs and a million, how soon training starts and what memory it takes.

The pairs are the agreement corpus's, numbered, so that no two are the same. Each training is a process of its own.
"""

from __future__ import annotations

import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import corpora
import train
from seq2seq.config import command
from tests.benchmarks.measuring import alone, memory

SIZES = (100_000, 1_000_000)
SETTLED, FURTHER = 600, 2_000  # steps; by the first of them dev has been evaluated once
SETTINGS = {"recipe": "default", "units": 64, "embedding": 64, "precision": "float32", "evaluate_every": 500}


def write_corpus(file: Path, count: int) -> None:
    """So many pairs as a table, or, where the file is a .en, as two files."""
    rows = islice(cycle(corpora.load("agreement")), count)
    numbered = ((f"{' '.join(f'{n:07}')} {each}" for each in (row.source, row.target)) for n, row in enumerate(rows))
    if file.suffix == ".tsv":
        file.write_text("".join("\t".join(row) + "\n" for row in numbered), encoding="utf-8")
    else:
        for language, side in zip((".en", ".cs"), zip(*numbered)):
            file.with_suffix(language).write_text("".join(f"{text}\n" for text in side), encoding="utf-8")


def measured(file: Path, steps: int) -> tuple[str, list[float]]:
    """When the first step was done, in words, and the peak of memory, in MB, at that step, the settled one and the last."""
    began, work, start, peaks = time.perf_counter(), time.process_time(), "", list[float]()

    def progress(step: int, *_: float) -> None:
        nonlocal start
        if step == 1:
            start = f"first step after {time.perf_counter() - began:.0f} s ({time.process_time() - work:.0f} s of CPU)"
        if step in (1, SETTLED, steps):
            peaks.append(memory("VmHWM"))

    training, _ = train.start({**SETTINGS, "corpus": [str(file)], "max_steps": steps}, file.parent / f"run-{file.name}")
    training.run(progress, lambda evaluation: None)
    return start, peaks


def main() -> None:
    settled = []
    with tempfile.TemporaryDirectory() as place:
        for count, end in ((SIZES[1], "en"), (SIZES[0], "tsv"), (SIZES[1], "tsv")):
            steps = 1 if end == "en" else SETTLED + FURTHER
            file = Path(place) / f"{count}.{end}"
            write_corpus(file, count)
            start, peaks = alone(measured, file, steps)
            print(f"{count:,} pairs, .{end}: {start}, peak then {peaks[0]:.0f} MB", flush=True)
            if end == "tsv":
                settled.append(peaks[1])
                grown = 100 * (peaks[2] / peaks[1] - 1)
                print(
                    f"  peak after {SETTLED} steps {peaks[1]:.0f} MB, after {FURTHER:,} more {grown:+.1f} %", flush=True
                )
    print(f"{SIZES[1]:,} pairs take {settled[1] / settled[0]:.2f} of the memory of {SIZES[0]:,}")


if __name__ == "__main__":
    command(main, "python -m tests.benchmarks.memory")
