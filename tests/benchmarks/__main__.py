"""python -m tests.benchmarks [CORPUS]: how fast the default recipe trains here, beside what this machine's products allow.

Updates and matrix products are timed in turn, several times, in one run, so that a machine that drifts drifts for both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

import corpora
from seq2seq.config import command
from seq2seq.model import Model, ModelSettings
from seq2seq.tokenizer import Tokenizer
from seq2seq.training import Training, TrainingSettings, choose_precision, device

ROUNDS, STEPS, SIZE = 7, 20, 2048


def products_per_second(precision: str) -> float:
    """Operations a second (two for each multiply-add) of a square matrix product, the best of a few."""
    kind = {"float32": torch.float32, "bf16": torch.bfloat16}[precision]
    a, b = (torch.randn(SIZE, SIZE, device=device()).to(kind) for _ in range(2))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        seconds.append(time.perf_counter() - start)
    return 2 * SIZE**3 / min(seconds)


def operations(model: Model, source: int, target: int) -> float:
    """Operations of one update on so many source and target pieces: two forward and four back for each weight used."""
    weights = {name: parameter.numel() for name, parameter in model.named_parameters() if parameter.ndim == 2}
    on_source = sum(n for name, n in weights.items() if name.startswith(("encoder", "attention")))
    on_target = sum(n for name, n in weights.items() if name.startswith(("decoder", "readout", "target_embedding")))
    return 6.0 * (on_source * source + on_target * target)


def spread(values: Sequence[float]) -> str:
    return f"median {statistics.median(values):,.0f}, from {min(values):,.0f} to {max(values):,.0f}"


def main() -> None:
    corpus = corpora.load(sys.argv[1] if len(sys.argv) > 1 else "agreement", "train", max_words=100)
    settings = TrainingSettings()
    tokenizer = Tokenizer.train((text for pair in corpus for text in (pair.source, pair.target)), settings.vocabulary)
    torch.manual_seed(settings.seed)
    model = Model(ModelSettings(), len(tokenizer)).to(device())
    precision = choose_precision(model, tokenizer, corpus.pairs, settings)
    training = Training(model, tokenizer, corpus.pairs, corpus.pairs[:1], settings, precision, Path("unused"))
    batches = training.batches()
    for _ in range(5):
        training.step(next(batches))
    speeds, rates, shares = [], [], []
    for _ in range(ROUNDS):
        products = products_per_second(precision)
        pieces = work = 0.0
        start = time.perf_counter()
        for _ in range(STEPS):
            batch = next(batches)
            _, count = training.step(batch)
            pieces, work = pieces + count, work + operations(model, int(batch.source_lengths.sum()), count)
        seconds = time.perf_counter() - start
        speeds.append(pieces / seconds)
        rates.append(products / 1e9)
        shares.append(100 * work / seconds / products)
    weights = sum(parameter.numel() for parameter in model.parameters())
    print(
        f"{corpus.name}: {weights:,} parameters, {precision}, {torch.get_num_threads()} threads, {ROUNDS} × {STEPS} updates"
    )
    print(f"training, target pieces a second: {spread(speeds)}")
    print(f"matrix products of {SIZE} × {SIZE}, GFLOP/s: {spread(rates)}")
    print(f"training's share of that rate, %: {spread(shares)}")


if __name__ == "__main__":
    command(main, "python -m tests.benchmarks")
