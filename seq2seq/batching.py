"""Sentences of similar length, together in one rectangle of piece numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .model import BEGIN, END, PAD


@dataclass(frozen=True)
class Example:
    """A pair as piece numbers, without what opens and closes a sentence."""

    source: Sequence[int]
    target: Sequence[int]


@dataclass(frozen=True)
class Batch:
    """source [B, S], source_lengths [B], target_in [B, T] (begin …), target_out [B, T] (… end); padded with PAD."""

    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor

    def part(self, number: int, of: int) -> Batch:
        """Every `of`-th sentence, beginning with `number`, without the padding that only the others need."""
        source_lengths, target_out = self.source_lengths[number::of], self.target_out[number::of]
        S, T = int(source_lengths.max()), int((target_out != PAD).sum(1).max())
        return Batch(self.source[number::of, :S], source_lengths, self.target_in[number::of, :T], target_out[:, :T])

    def to(self, device: torch.device) -> Batch:
        moved = (each.to(device, non_blocking=True) for each in (self.source, self.target_in, self.target_out))
        source, target_in, target_out = moved
        return Batch(source, self.source_lengths, target_in, target_out)  # lengths stay: packing wants them on the CPU


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    return pad_sequence([torch.tensor(row, dtype=torch.long) for row in rows], batch_first=True, padding_value=PAD)


def sources(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Encoder input: piece numbers, each sentence closed by END → [B, S] and lengths [B]."""
    return pad([[*row, END] for row in rows]), torch.tensor([len(row) + 1 for row in rows])


def collate(examples: Sequence[Example]) -> Batch:
    source, lengths = sources([each.source for each in examples])
    target_in = pad([[BEGIN, *each.target] for each in examples])
    target_out = pad([[*each.target, END] for each in examples])
    return Batch(source, lengths, target_in, target_out)


def plan(examples: Sequence[Example], tokens: int, seed: tuple[int, ...]) -> list[list[int]]:
    """One epoch: which examples stand together. At most `tokens` padded pieces on either side of a batch.

    Sentences are sorted by length, ties broken at random, cut into batches, and the batches shuffled; all of it follows
    from the seed, so that a resumed epoch is the same epoch.
    """
    random = numpy.random.default_rng(seed)
    source = numpy.array([len(each.source) + 1 for each in examples])
    target = numpy.array([len(each.target) + 1 for each in examples])
    order = numpy.lexsort((random.random(len(examples)), source, target))
    batches: list[list[int]] = [[]]
    longest = 0
    for index in order:
        longest = max(longest, source[index], target[index])
        if batches[-1] and longest * (len(batches[-1]) + 1) > tokens:
            batches.append([])
            longest = max(source[index], target[index])
        batches[-1].append(int(index))
    random.shuffle(batches)
    return batches


def by_length(rows: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    """Numbers of the rows in batches of `size`, longest first, so that a batch holds little padding."""
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index]))
    for start in range(0, len(order), size):
        yield order[start : start + size]
