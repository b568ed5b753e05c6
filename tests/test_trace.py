"""Traces: what a trace says stood at a word is what the model had there."""

from __future__ import annotations

import pytest
import torch

from seq2seq.batching import Example, collate
from seq2seq.model import BEGIN
from seq2seq.taps import Recorder, TapError
from seq2seq.trace import predicted_at, read_at, trace
from seq2seq.translator import Translator


@pytest.fixture
def some(pairs):
    """Three pairs of different length: their sources and their targets."""
    chosen = [pairs[n] for n in (6, 0, 11)]
    return [pair.source for pair in chosen], [pair.target for pair in chosen]


def test_a_word_has_the_value_that_the_model_had_when_all_of_it_was_read(any_model, tokenizer, some):
    traced = trace(any_model, tokenizer, *some)
    assert set(traced.values) == set(any_model.sites())
    assert any(word.first < word.last for words in traced.sources for word in words), "else the two are one"
    for row, (source, target) in enumerate(zip(*some)):
        assert traced.sources[row] == tokenizer.align(tokenizer.encode(source))
        alone, batch = Recorder(), collate([Example(tokenizer.encode(source), tokenizer.encode(target))])
        any_model(batch.source, batch.source_lengths, batch.target_in, alone)
        for site in any_model.sites():
            if site == "attention.weights":  # as wide as the longest source
                continue
            at = [word.first if ".backward." in site else word.last for word in traced.sources[row]]
            if not site.startswith("encoder."):
                at = [read_at(word) for word in traced.targets[row]]
            torch.testing.assert_close(traced.words(site, row), alone[site][0, at].detach(), rtol=0, atol=1e-12)


def test_positions_of_the_decoder_read_and_predict_the_word(tiny_model, tokenizer, some):
    traced = trace(tiny_model(), tokenizer, *some, sites=["decoder.0.cell"])
    for row, words in enumerate(traced.targets):
        pieces = [BEGIN, *traced.target_pieces[row]]
        for word in words:
            assert pieces[read_at(word)] == traced.target_pieces[row][word.last]
            said = tokenizer.decode(pieces[1 : predicted_at(word) + 1])
            assert some[1][row].startswith(said) and len(said) <= word.start, "nothing of it has been read"


def test_one_position_of_each_sentence(tiny_model, tokenizer, some):
    traced = trace(tiny_model(), tokenizer, *some, sites=["encoder.0.backward.hidden"])
    at = [words[-1].first for words in traced.sources]
    expected = torch.stack([traced.words("encoder.0.backward.hidden", row)[-1] for row in range(3)])
    assert torch.equal(traced.at("encoder.0.backward.hidden", at), expected)


def test_only_what_was_asked_for_is_kept_and_an_unknown_site_is_an_error(tiny_model, tokenizer, some):
    assert set(trace(tiny_model(), tokenizer, *some, sites=["decoder.0.cell"]).values) == {"decoder.0.cell"}
    with pytest.raises(TapError, match=r"decoder\.1\.cell"):
        trace(tiny_model(), tokenizer, *some, sites=["decoder.1.cell"])


def test_a_tap_that_names_no_sites_hears_the_encoder_translate_too(any_model, tokenizer, some):
    recorder = Recorder()
    Translator(any_model, tokenizer).translate(some[0][:1], beam=1, tap=recorder)
    assert set(recorder.values) == set(any_model.sites())


def test_sources_and_targets_come_in_pairs(tiny_model, tokenizer, some):
    with pytest.raises(ValueError):
        trace(tiny_model(), tokenizer, some[0], some[1][:1])
