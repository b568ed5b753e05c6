"""Gradient flow: networks that are the scalar recurrence, finite differences, what an untrained network forgets."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

import seq2seq
from corpora.agreement import load as agreement
from seq2seq.batching import collate
from seq2seq.cells import CELLS
from seq2seq.config import UserError
from seq2seq.model import Model, ModelSettings
from seq2seq.probing import __main__ as command
from seq2seq.probing import gradients as study
from seq2seq.probing.gradients import (
    FEWEST,
    RANDOM,
    SENTENCES,
    TRAINED,
    UNTRAINED,
    flow,
    gradients,
    random_pieces,
    scalar,
    sentences,
    steepness,
    verdict,
)
from seq2seq.probing.statistics import Estimate
from seq2seq.taps import Patch
from seq2seq.trace import predicted_at, read_at

LAYERS = {cell: 2 if CELLS[cell].upward else 1 for cell in CELLS}


def network(cell: str, seed: int = 1, vocabulary: int = 300, **shape) -> Model:
    torch.manual_seed(seed)
    shape = {"units": 8, "embedding": 6, "attention": "none", "layers": LAYERS[cell], **shape}
    return Model(ModelSettings(cell=cell, **shape), vocabulary).double().eval()


# The theory's line


@given(st.floats(0.1, 2.0), st.integers(1, 200))
def test_the_scalar_line_is_the_gradient_of_the_scalar_recurrence(w, distance):
    state = first = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    for _ in range(distance - 1):
        state = w * state
    [slope] = torch.autograd.grad(1 * state, first)
    assert math.log10(float(slope)) == pytest.approx(scalar(w, distance), abs=1e-10)


@pytest.mark.parametrize("w", [0.5, 0.9, 1.0, 1.1])
def test_a_tanh_network_that_is_the_scalar_recurrence_has_its_line(w):
    """No input, no bias, nothing from the encoder: h stays 0, where tanh has slope 1, and the Jacobian is w · 1."""
    model = network("tanh")
    for name, weight in model.named_parameters():
        if name.startswith(("decoder", "bridge")):
            weight.data.zero_()
    model.decoder[0].kernel.weight_hh_l0.data.copy_(w * torch.eye(8, dtype=torch.float64))
    exact([model], w)


@pytest.mark.parametrize("w", [0.5, 0.9, 1.0])
def test_a_memory_line_has_its_forget_gates_line(w):
    """An LSTM whose forget gate is w and whose hidden state nothing reads but the readout: the line that is taught."""
    model = network("lstm")
    kernel = model.decoder[0].kernel
    kernel.weight_hh_l0.data.zero_()
    kernel.weight_ih_l0.data[8:16].zero_()
    kernel.bias_ih_l0.data[8:16] = math.log(w / (1 - w)) if w < 1 else 50.0
    # c stays what it was at first, and so does the slope of what is let out: nothing is written, and all is let out
    kernel.weight_ih_l0.data[:8].zero_()
    kernel.bias_ih_l0.data[:8] = -800.0
    exact([model], w)


def exact(models: list[Model], w: float) -> None:
    site = f"decoder.0.{models[0].decoder[0].cell.memory}"
    found = flow(models, UNTRAINED, RANDOM, random_pieces(300, 1, 80, FEWEST), site, 1)
    assert [point.distance for point in found.points] == list(range(1, 81))
    for point in found.points:
        assert point.log10.value == pytest.approx(scalar(w, point.distance), abs=1e-9)
        assert point.log10.high - point.log10.low < 1e-9
    assert found.slope.value == pytest.approx(math.log10(w), abs=1e-9)


# What is measured is the gradient


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_is_the_slope_of_the_loss(cell):
    """Central differences: one unit of one state a little more, at one position."""
    model = network(cell, attention="late", units=4)
    [read] = random_pieces(300, 2, 3, 1)
    top, batch, step = model.decoder[-1], collate([read.example]), 1e-5
    unit_vectors = torch.eye(4, dtype=torch.float64)

    @torch.no_grad()
    def loss(site: str, position: int, unit: int, less: float) -> float:
        memory = model.encode(batch.source, batch.source_lengths)
        tap = lambda where, t, value: value + less * unit_vectors[unit] if (where, t) == (site, position) else value
        features, _ = model.decode(batch.target_in, memory, tap)
        return float(cross_entropy(model.logits(features[:, read.last]), batch.target_out[:, read.last]))

    for state in top.cell.states:
        site = f"{top.places[0]}.{state}"
        [found] = gradients(model, [read], site)
        for position, norm in zip(read.positions, found, strict=True):
            slopes = [(loss(site, position, u, step) - loss(site, position, u, -step)) / (2 * step) for u in range(4)]
            assert norm == pytest.approx(numpy.linalg.norm(slopes), rel=1e-6, abs=1e-10)


def test_a_sequence_does_not_notice_its_company(tokenizer):
    model = network("lstm", vocabulary=len(tokenizer), attention="late")
    reads = sentences(tokenizer, agreement("probe")[:100], 40, 1)
    together = gradients(model, reads, "decoder.0.cell")
    for read, each in list(zip(reads, together, strict=True))[::7]:
        numpy.testing.assert_allclose(gradients(model, [read], "decoder.0.cell")[0], each, rtol=1e-9)
        assert (each > 0).all()


def test_nothing_later_than_the_prediction_has_a_gradient():
    """What the last word's loss does not depend on is not measured: the state that predicts it stands at distance 1."""
    model = network("tanh")
    [read] = random_pieces(300, 1, 5, 1)
    patch = Patch("decoder.0.hidden", 1.0, positions=torch.tensor([read.positions[0] + 1]))
    batch = collate([read.example])
    with torch.no_grad():
        memory = model.encode(batch.source, batch.source_lengths)
        plain, changed = (model.decode(batch.target_in, memory, tap)[0][0, read.last] for tap in (None, patch))
    assert patch.written == 1 and torch.allclose(plain, changed, rtol=0, atol=1e-12)
    assert read.positions == (5, 4, 3, 2, 1) and read.last == 5 and len(read.example.target) == 6


def test_of_a_sentence_the_words_are_read_backwards_from_the_last(tokenizer):
    pairs = agreement("probe")[:200]
    for read in sentences(tokenizer, pairs, 50, 1):
        words = [word for word in tokenizer.align(read.example.target) if word.text[0].isalnum()]
        assert read.last == predicted_at(words[-1])
        assert read.positions == tuple(read_at(word) for word in reversed(words[:-1]))
        assert read.last >= read.positions[0] and sorted(read.positions, reverse=True) == list(read.positions)
    with pytest.raises(UserError, match="1 sentences of three words or more, where 10"):
        sentences(tokenizer, pairs[:1], 50, 1)


# What is made of it


@given(st.floats(-2, 2), st.floats(-5, 5), st.sets(st.integers(0, 60), min_size=2))
def test_the_slope_of_a_line_is_its_slope_wherever_it_is_known(slope, level, known):
    log = numpy.full(61, numpy.nan)
    log[list(known)] = level + slope * numpy.array(list(known))
    assert steepness(log) == pytest.approx(slope, abs=1e-9)


def test_a_slope_is_a_verdict_only_where_its_interval_is_on_one_side():
    made = lambda value, low, high: verdict(Estimate(value, low, high, 10, 10))
    assert made(-0.1, -0.2, -0.05) == "vanishes, to a tenth in 10.0 words"
    assert made(0.5, 0.1, 0.9) == "explodes, tenfold in 2.0 words"
    assert made(-0.1, -0.3, 0.1) == "neither vanishes nor explodes"


def test_untrained_a_tanh_network_forgets_in_fifty_words_and_an_lstm_less():
    """The bar: at distance 50 at most a thousandth of the gradient at 1, and in an LSTM ten times as much is left."""
    left = {}
    for cell in ("tanh", "lstm"):
        networks = [network(cell, seed, units=64, embedding=32) for seed in range(3)]
        site = f"decoder.0.{CELLS[cell].memory}"
        found = flow(networks, UNTRAINED, RANDOM, random_pieces(300, 1, 60, FEWEST), site, 1)
        assert found.slope.high < 0 and found.networks == 3
        left[cell] = next(point.log10 for point in found.points if point.distance == 50)
    assert left["tanh"].high <= -3
    assert left["lstm"].low >= left["tanh"].high + 1


# The command


def test_the_command_writes_what_it_says(tiny_run, make_run, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "LENGTH", 30)
    monkeypatch.setattr(study, "QUICK", study.Size(12, 2))
    grid = make_run(tiny_model("none", 2, cell="grid"))
    printed: list[str] = []
    line = ["probing", str(tiny_run), str(grid), "--study", "gradients", "--quick", "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", line)
        patch.setattr("builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words))))
        command.main()
    written = [Path(each.removeprefix("wrote ")) for each in printed if each.startswith("wrote ")]
    assert {each.name for each in written} >= {"gradients.json", "flows.csv", "flows.points.csv"}
    assert all(each.stat().st_size for each in written)
    content = json.loads((tmp_path / "gradients.json").read_text(encoding="utf-8"))
    assert content["theory"]["1"] == 0 and content["theory"]["0.9"] == pytest.approx(math.log10(0.9))
    for result, cell, run in zip(content["results"], ("lstm", "grid"), (tiny_run, grid), strict=True):
        assert result["facts"]["cell"] == cell and result["facts"].items() >= seq2seq.load(run).facts.items()
        kinds = [(each["weights"], each["text"], each["site"].rpartition(".")[2]) for each in result["flows"]]
        assert kinds == [
            (w, t, s) for w in (UNTRAINED, TRAINED) for t in (SENTENCES, RANDOM) for s in ("cell", "hidden")
        ]
        for each in result["flows"]:
            first = each["points"][0]
            assert first["log10"]["value"] == 0
            if each["text"] == RANDOM:  # a grid's time edge is first seen a step later
                assert first["distance"] == (2 if cell == "grid" else 1)
    points = (tmp_path / "flows.points.csv").read_text(encoding="utf-8").splitlines()
    assert len(points) == 1 + sum(len(flow["points"]) for each in content["results"] for flow in each["flows"])
    for figure in (each for each in written if each.suffix == ".svg"):
        names = {each.text for each in ElementTree.parse(figure).iter("{http://www.w3.org/2000/svg}text")}
        assert {"lstm", "grid", "theory, w = 1"} <= names
