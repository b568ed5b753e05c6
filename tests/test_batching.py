"""Batching: every example once, no batch above its budget, the same epoch from the same seed."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.batching import Example, by_length, collate, plan
from seq2seq.model import BEGIN, END, PAD

sentence = st.lists(st.integers(4, 99), max_size=20)
examples = st.lists(st.builds(Example, sentence, sentence), min_size=1, max_size=40)


@given(examples, st.integers(8, 60), st.integers(0, 5))
def test_an_epoch_is_every_example_once_within_the_budget(examples, tokens, seed):
    epoch = plan(examples, tokens, (seed, 0))
    assert sorted(number for batch in epoch for number in batch) == list(range(len(examples)))
    for numbers in epoch:
        batch = collate([examples[number] for number in numbers])
        assert max(batch.source.numel(), batch.target_in.numel()) <= tokens or len(numbers) == 1
    assert plan(examples, tokens, (seed, 0)) == epoch


def test_epochs_and_seeds_differ():
    some = [Example([5] * (n % 7), [6] * (n % 5)) for n in range(60)]
    assert len({str(plan(some, 24, seed)) for seed in ((1, 0), (1, 1), (2, 0), (2, 1))}) == 4


def test_sentences_of_one_length_stand_together():
    some = [Example([5] * (n % 9), [6] * (n % 9)) for n in range(900)]
    for numbers in plan(some, 100, (1, 0)):
        lengths = [len(some[number].target) for number in numbers]
        assert max(lengths) - min(lengths) <= 1


@given(examples)
def test_a_batch_is_its_examples_between_begin_and_end(examples):
    batch = collate(examples)
    for row, example in enumerate(examples):
        length = int(batch.source_lengths[row])
        closed = batch.source[row].tolist()
        assert closed[:length] == [*example.source, END] and set(closed[length:]) <= {PAD}
        said, words = len(example.target) + 1, slice(len(example.target) + 1, None)
        assert batch.target_in[row, :said].tolist() == [BEGIN, *example.target]
        assert batch.target_out[row, :said].tolist() == [*example.target, END]
        assert not batch.target_in[row, words].any() and not batch.target_out[row, words].any()
    assert batch.source.shape[1] == batch.source_lengths.max()
    assert batch.target_in.shape == batch.target_out.shape == (len(examples), max(len(e.target) for e in examples) + 1)


@given(st.lists(sentence, max_size=30), st.integers(1, 8))
def test_rows_by_length_are_every_row_once_longest_first(rows, size):
    batches = list(by_length(rows, size))
    flat = [number for batch in batches for number in batch]
    assert sorted(flat) == list(range(len(rows))) and all(len(batch) <= size for batch in batches)
    assert [len(rows[n]) for n in flat] == sorted((len(row) for row in rows), reverse=True)


@given(examples, st.integers(1, 4))
def test_a_part_of_a_batch_is_the_batch_of_its_sentences(examples, of):
    of = min(of, len(examples))
    for number in range(of):
        part, alone = collate(examples).part(number, of), collate(examples[number::of])
        for name in ("source", "source_lengths", "target_in", "target_out"):
            assert torch.equal(getattr(part, name), getattr(alone, name))
