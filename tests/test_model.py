"""The translator's laws: a sentence does not notice its company, and a step is a position of the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from seq2seq.batching import Batch
from seq2seq.config import UserError
from seq2seq.model import ModelSettings
from seq2seq.recurrent import WordDropout
from seq2seq.taps import Chain, Patch, Recorder

same = partial(torch.testing.assert_close, rtol=0, atol=1e-12)


def run(model, batch: Batch, tap=None):
    return model(batch.source, batch.source_lengths, batch.target_in, tap)


@pytest.mark.parametrize("tap", [None, lambda site, position, value: value], ids=["whole", "stepped"])
def test_a_sentence_alone_is_the_same_as_in_company(any_model, ragged, tap):
    together = run(any_model, ragged, tap)
    for row, length in enumerate(ragged.source_lengths.tolist()):
        words = int((ragged.target_in[row] != 0).sum())
        source, target_in = ragged.source[row : row + 1, :length], ragged.target_in[row : row + 1, :words]
        same(any_model(source, ragged.source_lengths[row : row + 1], target_in, tap)[0], together[row, :words])


def test_step_by_step_is_teacher_forcing(any_model, ragged):
    memory = any_model.encode(ragged.source, ragged.source_lengths)
    features, final = any_model.decode(ragged.target_in, memory)
    states, logits = list(memory.initial), []
    for position, token in enumerate(ragged.target_in.unbind(1)):
        scores, states = any_model.step(token, states, memory, position)
        logits.append(scores)
    same(torch.stack(logits, dim=1), any_model.logits(features))
    same([dict(state) for state in states], [dict(state) for state in final])


def test_the_step_shows_its_tap_the_position_it_is_given(any_model, ragged):
    recorder = Recorder()
    memory = any_model.encode(ragged.source, ragged.source_lengths)
    any_model.step(ragged.target_in[:, 0], memory.initial, memory, 7, recorder)
    assert set(recorder.values) == {site for site in any_model.sites() if not site.startswith("encoder.")}
    assert all(set(steps) == {7} for steps in recorder.values.values())


def test_hypotheses_of_a_sentence_share_its_memory(any_model, ragged):
    """One step of three hypotheses each, beside the step of as many sentences with a memory each."""
    rows = torch.arange(len(ragged.source)).repeat_interleave(3)
    memory = any_model.encode(ragged.source, ragged.source_lengths)
    memory = replace(memory, elapsed=torch.arange(len(ragged.source))[:, None])
    tokens, repeated, made = torch.arange(3, 3 + len(rows)), memory.rows(rows), []
    for each in (memory, repeated):
        recorder = Recorder()
        made.append((any_model.step(tokens, repeated.initial, each, 0, recorder), dict(recorder.values)))
    same(*made)


def test_every_named_state_crosses_the_bridge_by_itself(any_model, ragged):
    """One state of the encoder is changed at its end and the others held: the decoder must notice."""
    watch = Recorder()
    memory = any_model.encode(ragged.source, ragged.source_lengths, watch)
    for layer, recurrent in enumerate(any_model.encoder):
        for place in recurrent.places:
            last = torch.zeros(len(ragged.source), dtype=torch.long)
            last = last if place.endswith("backward") else ragged.source_lengths - 1
            rows = torch.arange(len(last))
            end = {name: watch[f"{place}.{name}"][rows, last] for name in recurrent.cell.states}
            for name in end:
                patches = [
                    Patch(f"{place}.{state}", value + (state == name), positions=last) for state, value in end.items()
                ]
                changed = any_model.encode(ragged.source, ragged.source_lengths, Chain(*patches))
                assert (changed.initial[layer][name] != memory.initial[layer][name]).any(dim=1).all()
                for other in set(end) - {name}:
                    same(changed.initial[layer][other], memory.initial[layer][other])


def test_without_attention_the_source_is_seen_only_through_the_initial_state(any_model, ragged):
    memory = any_model.encode(ragged.source, ragged.source_lengths)
    blank = replace(memory, states=memory.states * 0)
    features = [any_model.decode(ragged.target_in, each)[0] for each in (memory, blank)]
    assert torch.equal(*features) == (any_model.settings.attention == "none")


def test_attention_is_a_distribution_over_the_words_of_the_source(any_model, ragged):
    if any_model.attention is None:
        assert not any("attention" in site for site in any_model.sites())
        return
    recorder = Recorder()
    run(any_model, ragged, recorder)
    weights = recorder["attention.weights"]  # [B, T, S]
    inside = torch.arange(weights.shape[2]) < ragged.source_lengths[:, None, None]
    same(weights.sum(2), torch.ones_like(weights[:, :, 0]))
    assert (weights.gt(0) == inside).all()


def test_what_words_add_to_late_attention_is_their_vectors_weighed_by_it(tiny_model, ragged):
    """By the equations, on the same weights, with the gradient of the source's table."""
    both = {kind: tiny_model(kind).double() for kind in ("words", "late")}
    both["late"].load_state_dict({k: v for k, v in both["words"].state_dict().items() if "lexical" not in k})
    recorder, features = Recorder(["attention.weights"]), {}
    for kind, model in both.items():
        features[kind], _ = model.decode(ragged.target_in, model.encode(ragged.source, ragged.source_lengths))
    model = both["words"]
    run(model, ragged, recorder)
    table, project = model.source_embedding.weight, model.lexical.project.weight
    found = torch.tanh(recorder["attention.weights"] @ (table[ragged.source] * 6**0.5))  # of six numbers each
    added = found + torch.tanh(found @ project.T)
    same(features["words"] - features["late"], added)
    ask = torch.arange(added.numel(), dtype=torch.double).view_as(added).sin()
    slopes = [
        torch.autograd.grad((value * ask).sum(), each.source_embedding.weight, retain_graph=True)[0]
        for value, each in ((features["words"], model), (features["late"], both["late"]), (added, model))
    ]
    same(slopes[0], slopes[1] + slopes[2])


def test_words_looked_at_are_vectors_without_neighbours(tiny_model, ragged):
    model, at = tiny_model("words").double(), 2
    alone = torch.zeros(ragged.source.shape, dtype=torch.double)
    alone[:, at] = 1
    recorder = Recorder(["attention.words"])
    everywhere = Chain(lambda site, _, value: alone if site == "attention.weights" else value, recorder)
    run(model, ragged, everywhere)
    expected = model.source_embedding.weight[ragged.source[:, at]] * 6**0.5  # [B, E]
    same(recorder["attention.words"], expected[:, None].expand_as(recorder["attention.words"]))


def test_rows_of_a_memory_are_sentences(any_model, ragged):
    order = torch.tensor([2, 0, 0])
    memory = any_model.encode(ragged.source, ragged.source_lengths)
    features, _ = any_model.decode(ragged.target_in, memory)
    same(any_model.decode(ragged.target_in[order], memory.rows(order))[0], features[order])


def test_dropout_is_for_training_only(tiny_model, ragged):
    model = tiny_model(dropout=0.5)
    assert torch.equal(run(model, ragged), run(model, ragged))
    model.train()
    assert not torch.equal(run(model, ragged), run(model, ragged))


def test_word_dropout_leaves_out_whole_pieces_in_training_only():
    layer, x = WordDropout(0.3), torch.ones(60, 50, 8)
    kept = layer(x)
    assert torch.equal(kept, kept[..., :1].expand_as(x)) and set(kept.unique().tolist()) == {0.0, 1.0}
    assert float(kept.mean()) == pytest.approx(0.7, abs=0.05)  # 3,000 pieces: 6 standard errors
    assert layer.eval()(x) is x


def test_word_dropout_is_of_both_languages(tiny_model, ragged):
    model = tiny_model(dropout=0.0, word_dropout=0.5).train()
    memories = [model.encode(ragged.source, ragged.source_lengths) for _ in range(2)]
    assert not torch.equal(memories[0].states, memories[1].states)
    features = [model.decode(ragged.target_in, memories[0])[0] for _ in range(2)]
    assert not torch.equal(*features)
    assert torch.equal(run(model.eval(), ragged), run(model, ragged))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"cell": "lsmt"}, "--cell 'lsmt' is not known: choose .*lstm"),
        ({"attention": "early"}, "--attention 'early' is not known: choose none, late, words$"),
        ({"cell": "grid"}, "--cell grid joins .*--layers 2 or more, not 1"),
        ({"cell": "depth-gated"}, "--cell depth-gated joins .*--layers 2"),
        ({"units": 7}, "--units must be even"),
        ({"units": 0}, "--units must be 2 or more, not 0"),
        ({"layers": 0}, "--layers must be 1 or more"),
        ({"word_dropout": 1.0}, "--word-dropout must be below 1, not 1.0"),
        ({"dropout": 1.5}, "--dropout must be below 1, not 1.5"),
        ({"dropout": -0.1}, "--dropout must be 0 or more"),
        ({"dropout": float("nan")}, "--dropout must be"),
    ],
)
def test_settings_that_make_no_network_are_refused_by_name(wrong, named):
    with pytest.raises(UserError, match=named):
        ModelSettings(**wrong)
