"""Training: equal batches by our loop, by the same with torch.nn.LSTM in it, and as bare matrix products of the same shapes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch

import corpora
from corpora.records import Pair
from seq2seq.batching import Batch, by_length, collate, plan
from seq2seq.cells import LSTM
from seq2seq.model import PAD, Model, ModelSettings
from seq2seq.tokenizer import Tokenizer, normal
from seq2seq.training import Training, TrainingSettings, choose_precision, device, encode
from tests.benchmarks.measuring import Measured, Setting, alone, compared, in_turn, memory, outside

UPDATES = 20
SENTENCES = 128  # in a batch of the peers
PIECES = "peers/multi30k-8000.model"
MULTI30K = "corpora/multi30k"
SQUARE, SQUARES = 2048, 4  # a product whose speed is known of every machine, and how many of it


class PeerTokenizer(Tokenizer):
    """The peers' sentencepiece model, its numbers changed so that pad, begin and end come first, as in every vocabulary here."""

    ours = (3, 0, 1, 2)  # of <unk>, <pad>, <s> and </s>
    theirs = (1, 2, 3, 0)

    def __init__(self, file: Path):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(file))

    def encode(self, text: str) -> list[int]:
        return [self.ours[piece] if piece < 4 else piece for piece in self.processor.encode(normal(text))]

    def decode(self, pieces: Sequence[int]) -> str:
        return normal(self.processor.decode([self.theirs[piece] if piece < 4 else piece for piece in pieces]))


@dataclass(frozen=True)
class Work:
    """What all contenders train on, in this order."""

    tokenizer: Tokenizer
    pairs: Sequence[Pair]
    batches: list[Batch]
    shape: ModelSettings

    @property
    def pieces(self) -> int:
        """Target pieces, end pieces included."""
        return sum(int((batch.target_out != PAD).sum()) for batch in self.batches)


def default_recipe(setting: Setting) -> Work:
    """The default recipe's batches of the agreement corpus."""
    settings = TrainingSettings()
    pairs = corpora.load("agreement", "train", max_words=100, limit=2000 if setting.quick else None).pairs
    tokenizer = Tokenizer.train((text for pair in pairs for text in (pair.source, pair.target)), settings.vocabulary)
    examples = encode(tokenizer, pairs)
    numbers = plan(examples, settings.batch_tokens, (settings.seed,))[: 2 if setting.quick else UPDATES]
    return Work(tokenizer, pairs, [collate([examples[n] for n in each]) for each in numbers], ModelSettings())


def peers_size(setting: Setting) -> Work:
    """The peers' sizes: 8,000 pieces, 128 sentences a batch, of Multi30k; the network's are those of the default recipe."""
    tokenizer = PeerTokenizer(outside(setting, PIECES))
    pairs = corpora.load(str(outside(setting, MULTI30K)), "train", max_words=100).pairs[
        : 2000 if setting.quick else None
    ]
    examples = encode(tokenizer, pairs)
    numbers = list(by_length([each.target for each in examples], SENTENCES))
    chosen = random.Random(1).sample(numbers, 2 if setting.quick else UPDATES)
    return Work(tokenizer, pairs, [collate([examples[n] for n in each]) for each in chosen], ModelSettings(dropout=0.3))


WORKS = {"default recipe": default_recipe, "peers' sizes": peers_size}
BARS = {
    "default recipe": {"share": "≥ 0.6", "memory": ""},
    "peers' sizes": {"share": "", "memory": "≤ 1,229"},
}


class ByTorch(LSTM):
    """The same cell under another name: a layer runs torch.nn.LSTM for it, and not the LSTM of seq2seq.fused."""


def begun(work: Work, precision: str, by_torch: bool = False) -> Training:
    """A training of the default recipe, about to begin; `by_torch`, with torch.nn.LSTM in every layer."""
    settings = TrainingSettings(precision=precision)
    torch.manual_seed(settings.seed)
    model = Model(work.shape, len(work.tokenizer)).to(device())
    if by_torch:
        for layer in (*model.encoder, *model.decoder):
            layer.cell = ByTorch
    precision = choose_precision(model, work.tokenizer, work.pairs, settings)
    return Training(model, work.tokenizer, work.pairs, work.pairs[:1], settings, precision, Path("unused"))


def update(training: Training, batches: Sequence[Batch]) -> None:
    for batch in batches:
        training.step(batch)


def shapes(model: Model, batch: Batch) -> Iterator[tuple[int, int, int, int]]:
    """What each weight is multiplied with in an update on a batch: rows at a time, how many times, outputs, inputs.

    Of the source embedding nothing is multiplied; the output matrix is, with what the batch has of real target pieces. What
    attention multiplies without weights is left out: one product in a hundred.
    """
    (B, S), T = batch.source.shape, batch.target_in.shape[1]
    real = int((batch.target_out != PAD).sum())
    for name, weight in model.named_parameters():
        length = S if name.startswith(("encoder", "attention")) else T
        if weight.ndim != 2 or name == "source_embedding.weight":
            continue
        if name == "target_embedding.weight":
            yield real, 1, *weight.shape
        elif name.startswith("bridge"):
            yield B, 1, *weight.shape
        elif "weight_hh" in name:  # one step needs the last one's result
            yield B, length, *weight.shape
        else:
            yield B * length, 1, *weight.shape


def products(model: Model, batches: Sequence[Batch], precision: str) -> tuple[Callable[[], None], float]:
    """The matrix products of these updates and nothing else, on random numbers: each weight once forward and twice back, and
    recurrent ones step by step but for their gradient. And how many operations they are, two for each multiply-add."""
    kind = {"float32": torch.float32, "bf16": torch.bfloat16}[precision]
    needed = [shape for batch in batches for shape in shapes(model, batch)]
    most = max(rows * times for rows, times, _, _ in needed)
    widths = {width for *_, outputs, inputs in needed for width in (outputs, inputs)}
    values = {width: torch.randn(most, width, device=device()).to(kind) for width in widths}
    weights = {shape: torch.randn(shape, device=device()).to(kind) for shape in {each[2:] for each in needed}}

    def multiply() -> None:
        for rows, times, outputs, inputs in needed:
            weight, x, slopes = weights[outputs, inputs], values[inputs], values[outputs]
            for start in range(0, rows * times, rows):
                x[start : start + rows] @ weight.T
                slopes[start : start + rows] @ weight
            slopes[: rows * times].T @ x[: rows * times]

    return multiply, 6.0 * sum(rows * times * outputs * inputs for rows, times, outputs, inputs in needed)


def squares(precision: str) -> tuple[Callable[[], None], float]:
    """A few large square products, and how many operations they are."""
    a = torch.randn(SQUARE, SQUARE, device=device()).to({"float32": torch.float32, "bf16": torch.bfloat16}[precision])

    def multiply() -> None:
        for _ in range(SQUARES):
            a @ a

    return multiply, 2.0 * SQUARES * SQUARE**3


def trained(name: str, setting: Setting, precision: str) -> float:
    """The peak of memory, in MB, of making these batches and training on them."""
    work = WORKS[name](setting)
    update(begun(work, precision), work.batches)
    return memory("VmHWM")


def measured(name: str, setting: Setting) -> list[Measured]:
    """One size of training, beside torch's own LSTM and beside nothing but products."""
    work = WORKS[name](setting)
    ours = begun(work, "auto")
    precision = ours.precision
    plain = begun(work, precision, by_torch=True)
    of_shapes, operations = products(ours.model, work.batches, precision)
    of_squares, in_squares = squares(precision)
    taken = in_turn(
        {
            "ours": lambda: update(ours, work.batches),
            "torch": lambda: update(plain, work.batches),
            "products": of_shapes,
            "squares": of_squares,
        },
        setting.repetitions,
    )
    pieces = {each: [work.pieces / second for second in taken[each]] for each in ("ours", "torch")}
    rates = {each: [operations / second / 1e9 for second in taken[each]] for each in ("ours", "products")}
    rates["squares"] = [in_squares / second / 1e9 for second in taken["squares"]]
    weights = sum(parameter.numel() for parameter in ours.model.parameters())
    facts = f"{weights:,} parameters, {precision}, {len(work.batches)} updates, {work.pieces:,} target pieces"
    speed, peak, bars = f"{name}: training", alone(trained, name, setting, precision), BARS[name]
    return [
        compared(speed, "target pieces/s", pieces["ours"], "torch.nn.LSTM in its place", pieces["torch"], "", facts),
        compared(speed, "GFLOP/s", rates["ours"], "products of the same shapes", rates["products"], bars["share"]),
        compared(speed, "GFLOP/s", rates["ours"], f"products of {SQUARE} × {SQUARE}", rates["squares"]),
        Measured(f"{name}: peak memory", "MB", [peak], bar=bars["memory"], conditions=f"{len(work.pairs):,} pairs"),
    ]


def measure(setting: Setting) -> list[Measured]:
    """The default recipe and, where the outside data are, the peers' sizes. UserError: they are not where they should be."""
    if setting.data:
        for path in (PIECES, MULTI30K):
            outside(setting, path)
    else:
        print("peers' sizes: left out, because --data or SEQ2SEQ_DATA names no folder with corpora/multi30k and peers")
    return [each for name in (WORKS if setting.data else ["default recipe"]) for each in measured(name, setting)]
