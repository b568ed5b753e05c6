"""Probing: tracing beside a forward pass, many interventions at once, and the whole report."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import torch

import seq2seq
from seq2seq.batching import Example, collate
from seq2seq.probing import __main__ as command
from seq2seq.probing.interventions import Experiment
from seq2seq.probing.stimuli import partners, probed, select
from seq2seq.probing.units import eighth
from seq2seq.taps import Recorder
from seq2seq.trace import trace
from tests.benchmarks.measuring import Measured, Setting, alone, compared, in_turn, memory, seconds

TRACED, TOGETHER = 512, 64  # sentences, and how many of them in a batch
SETS, SENTENCES = 100, 1000
FRAMES = 300  # of the agreement corpus have so many sentences with a partner


def tracing(setting: Setting) -> list[Measured]:
    """Every site of every sentence, recorded, beside the model's forward pass; both in float32."""
    translator = seq2seq.load(setting.run)
    model, tokenizer = translator.model, translator.tokenizer
    pairs = probed(translator)[: 16 if setting.quick else TRACED]
    texts = [
        (
            [pair.source for pair in pairs[start : start + TOGETHER]],
            [pair.target for pair in pairs[start : start + TOGETHER]],
        )
        for start in range(0, len(pairs), TOGETHER)
    ]
    place = model.device
    batches = [
        collate([Example(tokenizer.encode(source), tokenizer.encode(target)) for source, target in zip(*each)]).to(
            place
        )
        for each in texts
    ]

    @torch.inference_mode()
    def forward() -> None:
        for batch in batches:
            model(batch.source, batch.source_lengths, batch.target_in)

    @torch.inference_mode()
    def recorded() -> None:
        for batch in batches:
            recorder = Recorder()
            model(batch.source, batch.source_lengths, batch.target_in, tap=recorder)
            for site in model.sites():
                recorder[site]

    def traced() -> None:
        for sources, targets in texts:
            trace(model, tokenizer, sources, targets)

    taken = in_turn({"forward": forward, "recorded": recorded, "traced": traced}, setting.repetitions)
    a_batch = {name: [1000 * second / len(batches) for second in each] for name, each in taken.items()}
    facts = f"{setting.run}, n = {len(pairs):,}, {TOGETHER} a batch, float32"
    names = {
        "forward": "forward pass",
        "recorded": f"forward pass, all {len(model.sites())} sites recorded",
        "traced": "trace: text in, words aligned, no logits",
    }
    return [
        compared(said, "ms a batch", a_batch[name], "forward pass", a_batch["forward"], "" if name == "forward" else "≤ 1.5",
                 facts)
        for name, said in names.items()
    ]  # fmt: skip


def interventions(setting: Setting) -> list[Measured]:
    """Random sets of units exchanged at the noun of many sentences, each decoded to its end and judged."""
    translator = seq2seq.load(setting.run)
    stimuli = select(probed(translator), translator.tokenizer, "lexical", 20 if setting.quick else FRAMES)
    pairs = partners(stimuli, range(len(stimuli)), same_gender=False)[: 20 if setting.quick else SENTENCES]
    experiment = Experiment(translator, stimuli)
    units = translator.model.settings.units
    drawn = random.Random(1)
    sets = [torch.tensor(drawn.sample(range(units), eighth(units))) for _ in range(2 if setting.quick else SETS)]
    taken = in_turn({"exchanged": lambda: experiment.interchange(pairs, sets)}, setting.repetitions)
    name = f"{len(sets)} interventions on {len(pairs):,} sentences"
    facts = f"{setting.run}, {eighth(units)} of {units} units each"
    return [Measured(name, "s", taken["exchanged"], bar="≤ 60 (demo)", conditions=facts)]


def reported(run: Path, quick: bool) -> tuple[float, float]:
    """Seconds that a report of one run takes, from its folder to the page, and the peak of memory in MB."""
    with tempfile.TemporaryDirectory() as out:
        sys.argv = ["probing", str(run), "--out", out, *["--quick"] * quick]
        return seconds(command.main), memory("VmHWM")


def report(setting: Setting) -> list[Measured]:
    """The full report of a run."""
    found = [alone(reported, setting.run, setting.quick) for _ in range(setting.repetitions)]
    taken, peaks = (list(each) for each in zip(*found))
    name = f"{'quick' if setting.quick else 'full'} report"
    return [
        Measured(name, "s", taken, bar="≤ 360 (demo)", conditions=str(setting.run)),
        Measured(f"{name}, peak memory", "MB", peaks, bar="≤ 2,048"),
    ]
