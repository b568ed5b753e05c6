"""Memory retention: the words' contributions are the memory, shares mean what they say, and gradients are finite differences."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

import seq2seq
from corpora.agreement import load as agreement
from seq2seq.batching import Example, collate
from seq2seq.cells import CELLS
from seq2seq.config import UserError
from seq2seq.model import Model
from seq2seq.probing import __main__ as command
from seq2seq.probing import retention
from seq2seq.probing.family import QUICK, Family
from seq2seq.probing.retention import (
    ALL,
    DECOMPOSITION,
    GENDER,
    GRADIENT,
    UNTRAINED,
    Contributions,
    Reading,
    contributions,
    decomposition,
    figure,
    gender_units,
    gradient_times_input,
    segments,
    shares,
    summary,
)  # fmt: skip
from seq2seq.taps import Recorder
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent
NO_SUM = ("tanh", "clockwork")  # cells whose memory is overwritten, not added to
SENTENCE = "I am a girl who likes to learn.", "Jsem holka, která se ráda učí."


@pytest.fixture(scope="module")
def example(tokenizer) -> Example:
    return Example(*map(tokenizer.encode, SENTENCE))


SHAPES = [*((cell, 2, True, "late") for cell in CELLS), ("grid", 2, True, "none"), ("lstm", 1, False, "none")]


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: " ".join(map(str, shape)))
def model(request, tiny_model) -> Model:
    """A float64 model of each cell, both directions and two layers, and of an LSTM the smallest."""
    cell, layers, bidirectional, attention = request.param
    return tiny_model(attention, layers, cell=cell, bidirectional=bidirectional).double()


def recorded(model, example: Example):
    """Everything that the model has at each position, and what its decoder begins with."""
    batch, recorder = collate([example]), Recorder()
    with torch.no_grad():
        memory = model.encode(batch.source, batch.source_lengths, recorder)
        model.decode(batch.target_in, memory, recorder)
    return recorder, memory


# Words


@given(st.text(max_size=40))
def test_every_piece_belongs_to_one_word_and_the_words_are_the_sentence(tokenizer, text):
    pieces = tokenizer.encode(text)
    found = segments(tokenizer, pieces)
    assert [n for _, own in found for n in own] == list(range(len(pieces)))
    assert "".join(word for word, _ in found) == "".join(tokenizer.decode(pieces).split())


# The decomposition


def written(model, recorder, example, place: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What the papers' equations keep of the memory and add to it at each step, from the values that the cell showed."""
    at = lambda name: recorder[f"{place}.{name}"][0]
    if model.settings.cell == "gru":
        return at("update"), at("candidate") - at("update") * at("candidate")
    added = at("input") * at("candidate")
    if model.settings.cell == "depth-gated":
        network, layer, *direction = place.split(".")
        if layer == "0":
            side, table = ("source", model.source_embedding) if direction else ("target_in", model.target_embedding)
            x = model.embed(table, getattr(collate([example]), side)[0])
            below = x @ getattr(model, network)[0].weights("backward" in direction)["weight_below"].T
        else:
            below = recorder[".".join([network, str(int(layer) - 1), *direction, "cell"])][0]
        added = added + at("depth") * below.detach()
    return at("forget"), added


def test_the_words_are_the_memory(model, tokenizer, example):
    """The sum of products, written out piece by piece from the papers, and its total, which is the memory itself."""
    recorder, memory = recorded(model, example)
    name = CELLS[model.settings.cell].memory
    found = [each for each in contributions(model, tokenizer, example) if each.method == DECOMPOSITION]
    sums = [] if model.settings.cell in NO_SUM else [site for site in model.sites() if site.endswith(f".{name}")]
    assert [each.site for each in found] == sums
    for each in found:
        place = each.site.removesuffix(f".{name}")
        kept, added = written(model, recorder, example, place)
        steps = list(range(len(kept)))[:: -1 if "backward" in place else 1]
        terms = {
            t: added[t] * torch.stack([kept[s] for s in steps[n + 1 :]] + [torch.ones_like(kept[0])]).prod(0)
            for n, t in enumerate(steps)
        }
        expected = torch.zeros_like(each.values)
        if place.startswith("decoder"):
            layer = int(place.split(".")[1])
            expected[0] = memory.initial[layer][name][0] * kept.prod(0)
            words = [
                range(0, 1),
                *(range(own.start + 1, own.stop + 1) for _, own in segments(tokenizer, example.target)),
            ]
            rows = range(1, len(expected))
        else:
            end = len(example.source)
            words = [*(own for _, own in segments(tokenizer, example.source)), range(end, end + 1)]
            rows = range(len(expected))
        for row, own in zip(rows, words, strict=True):
            expected[row] = sum(terms[t] for t in own)
        torch.testing.assert_close(each.values, expected, rtol=0, atol=1e-14)
        final = recorder[each.site][0, steps[-1]]
        torch.testing.assert_close(each.values.sum(0), final, rtol=0, atol=1e-14)
        assert torch.equal(each.memory, final)


@effort(max_examples=12)
@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_whatever_is_read_the_words_are_the_memory(tiny_model, tokenizer, source, target):
    example = Example(tokenizer.encode(source), tokenizer.encode(target))
    for each in contributions(tiny_model().double(), tokenizer, example):
        assert len(each.words) == len(each.values)
        if each.method == DECOMPOSITION:
            found = shares(each, ALL)
            assert found.deviation < 1e-14
            assert all(0 <= word.left <= 1 for word in found.words)


def test_an_open_gate_leaves_all_and_a_shut_one_only_what_was_written_last():
    reading, written, initial = Reading(["a", "b"], [0, 1, 1]), torch.randn(3, 4).double(), torch.randn(4).double()
    for backward in (False, True):
        left, read = decomposition(torch.ones(3, 4).double(), written, initial, reading, backward)
        torch.testing.assert_close(left, torch.stack([initial + written[0], written[1] + written[2]]))
        assert torch.equal(left[1], read[1])
        left, _ = decomposition(torch.zeros(3, 4).double(), written, initial, reading, backward)
        last = 0 if backward else 1
        assert torch.equal(left[last], written[0 if backward else 2]) and not left[1 - last].any()


def test_half_a_gate_halves_a_word_at_each_later_step():
    reading, kept = Reading(["a", "b", "c"], [0, 1, 2]), torch.full((3, 1), 0.5).double()
    left, read = decomposition(kept, torch.ones(3, 1).double(), torch.zeros(1).double(), reading, False)
    assert (left / read).flatten().tolist() == [0.25, 0.5, 1]
    found = shares(Contributions("site", DECOMPOSITION, reading.words, left, read, left.sum(0)), ALL)
    assert [word.left for word in found.words] == [0.25, 0.5, 1]
    assert [word.share for word in found.words] == [1 / 7, 2 / 7, 4 / 7]


# Gradient × input


def test_a_gradient_is_what_a_little_more_of_a_piece_changes(model, example):
    """Central differences: every row of an embedding table a little longer, wherever in the sentence it is read."""
    ends = {site: 0 if "backward" in site else -1 for site in model.sites() if site.endswith((".cell", ".hidden"))}
    found = gradient_times_input(model, example, ends)
    batch, step = collate([example]), 1e-5
    read = [("source_embedding", piece) for piece in batch.source[0].tolist()]
    read += [("target_embedding", piece) for piece in batch.target_in[0].tolist()]
    for table, piece in {read[0], read[2], read[-1], *(place for place in read if read.count(place) > 1)}:
        changed = []
        for factor in (1 + step, 1 - step):
            longer = deepcopy(model)
            getattr(longer, table).weight.data[piece] *= factor
            recorder, _ = recorded(longer, example)
            changed.append({site: recorder[site][0, end] for site, end in ends.items()})
        rows = [n for n, place in enumerate(read) if place == (table, piece)]
        for site in ends:
            slope = (changed[0][site] - changed[1][site]) / (2 * step)
            torch.testing.assert_close(found[site][rows].sum(0), slope, rtol=0, atol=1e-8)


def test_no_cell_is_without_a_picture(model, tokenizer, example):
    found = contributions(model, tokenizer, example)
    sites = [each.site for each in found if each.method == GRADIENT]
    assert len(set(sites)) == len(sites) == sum(len(layer.places) for layer in (*model.encoder, *model.decoder))
    heard, said = len(segments(tokenizer, example.source)), len(segments(tokenizer, example.target))
    for each in found:
        assert len(each.values) == (heard + 1 if each.site.startswith("encoder") else said + 2)
        assert each.values.any() and each.values.isfinite().all()


# Shares


@pytest.fixture
def drawn() -> Contributions:
    """Contributions of five words to forty units, of which the first four hold the third word alone."""
    values = torch.randn(5, 40, generator=torch.Generator().manual_seed(1)).double()
    values[:, :4] = 0
    values[2, :4] = 3
    return Contributions("decoder.0.cell", DECOMPOSITION, list("abcde"), values, 2 * values, values.sum(0))


@pytest.mark.parametrize("units", [None, [0, 1, 2, 3], [7], list(range(20, 40))])
def test_shares_and_projections_are_parts_of_one_whole(drawn, units):
    found = shares(drawn, GENDER, units)
    assert sum(word.share for word in found.words) == pytest.approx(1, abs=1e-12)
    assert found.accounted == pytest.approx(1, abs=1e-12)
    assert 0 < found.remains <= 1 and found.deviation == 0
    values = drawn.values if units is None else drawn.values[:, units]
    for word, own in zip(found.words, values):
        assert word.share == pytest.approx(float(own.abs().sum() / values.abs().sum()))
        assert word.left == (0.5 if own.any() else 0)
    larger = replace(drawn, values=-3 * drawn.values, written=-6 * drawn.values, memory=-3 * drawn.memory)
    again = shares(larger, GENDER, units)
    assert [word.share for word in again.words] == pytest.approx([word.share for word in found.words])
    assert [word.projection for word in again.words] == pytest.approx([word.projection for word in found.words])


def test_units_that_hold_one_word_are_beyond_random_ones_and_those_are_other_units(drawn):
    found = shares(drawn, GENDER, [0, 1, 2, 3])
    assert [word.share for word in found.words] == [0, 0, 1, 0, 0]
    for word in found.words:
        low, high = word.random
        assert 0 < low < high < 0.6
    assert shares(drawn, GENDER, [0, 1, 2, 3]) == found
    assert all(word.random is None for word in shares(drawn, ALL).words)
    assert all(word.random is None for word in shares(drawn, GENDER, range(30)).words), "ten others are no such set"


def test_an_empty_memory_has_no_shares(drawn):
    empty = torch.zeros_like(drawn.values)
    with pytest.raises(UserError, match=r"decoder\.0\.cell is empty"):
        shares(replace(drawn, values=empty, memory=empty.sum(0)), ALL)


# The gender units


def test_the_decoders_gender_units_are_the_reports():
    demo = seq2seq.load(HOUSE / "checkpoints" / "demo")
    pairs = [pair for pair in agreement("probe") if len(pair.target.split()) <= 5]
    found = gender_units(demo, pairs, 1)
    H = demo.model.settings.units
    assert found["decoder.0.cell"] == Family(demo, pairs, "lexical", QUICK, 1).order()[: H // 8]
    assert {site: len(set(units)) for site, units in found.items()} == {
        "encoder.0.forward.cell": H // 16, "encoder.0.backward.cell": H // 16, "decoder.0.cell": H // 8,
    }  # fmt: skip


# The command


def ran(monkeypatch, *line: str) -> str:
    printed: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["probing", "--study", "retention", *line])
        patch.setattr("builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words))))
        command.main()
    return "\n".join(printed)


def test_the_command_writes_what_it_says(tiny_run, tmp_path, monkeypatch):
    printed = ran(
        monkeypatch, str(tiny_run), "--sentence", "The <b>boy & I.", "--sentence", "...", "--out", str(tmp_path)
    )
    assert "The <b>boy & I.  →" in printed and f"not measured: {GENDER}: this run says only" in printed
    for line in printed.splitlines():
        if line.startswith("wrote "):
            assert Path(line.removeprefix("wrote ")).stat().st_size
    [result] = json.loads((tmp_path / "retention.json").read_text(encoding="utf-8"))["results"]
    assert [each["source"] for each in result["sentences"]] == ["The <b>boy & I.", "..."]
    for sentence in result["sentences"]:
        assert {each["of"] for each in sentence["memories"]} == {ALL, UNTRAINED}
        for each in sentence["memories"]:
            assert sum(word["share"] for word in each["words"]) == pytest.approx(1)
    rows = (tmp_path / "sentences.memories.words.csv").read_text(encoding="utf-8").splitlines()
    words = sum(len(each["words"]) for sentence in result["sentences"] for each in sentence["memories"])
    assert len(rows) == 1 + words
    drawn = ElementTree.parse(tmp_path / "retention-1.svg")
    assert "b" in {each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize("line", [["--sentence", " "], ["--sentence", "a" * 5000], ["--sentence", "\ud800"]])
def test_a_sentence_that_cannot_be_read_is_refused_in_one_line(tiny_run, line, monkeypatch):
    with pytest.raises(UserError, match=r"^[^\n]*sentence[^\n]*$"):
        ran(monkeypatch, str(tiny_run), *line)


def test_it_is_of_one_run_and_sentences_are_for_it_alone(tiny_run, monkeypatch):
    with pytest.raises(UserError, match="one run, not 2"):
        ran(monkeypatch, str(tiny_run), str(tiny_run))
    with pytest.raises(UserError, match="--study retention"):
        ran(monkeypatch, str(tiny_run), "--study", "gender", "--sentence", "The boy.")


@pytest.mark.parametrize(("cell", "said"), [("lstm", "sum − memory ≤"), ("clockwork", "of the memory")])
def test_what_is_found_is_drawn_and_told(tiny_model, tokenizer, monkeypatch, cell, said):
    memory = CELLS[cell].memory
    sites = [f"{place}.{memory}" for place in ("encoder.0.forward", "encoder.0.backward", "decoder.0")]
    monkeypatch.setattr(retention, "gender_units", lambda *_: {sites[-1]: [0, 3]})
    translator, pairs = Translator(tiny_model(cell=cell), tokenizer), agreement("probe")[:1]
    found = retention.retention(translator, "tiny", [SENTENCE[0]], pairs, 1, lambda *_: None)
    [sentence] = found.sentences
    chosen = [each for each in sentence.memories if each.of == GENDER]
    assert {each.site for each in chosen} == {sites[-1]} and {each.units for each in chosen} == {2}
    others = replace(sentence, memories=[each for each in sentence.memories if each.of != GENDER])
    words = len(chosen[0].words)
    assert figure(sentence).count("<rect") == figure(others).count("<rect") + words
    for line, site in zip(summary(found).splitlines()[2:], sites, strict=True):
        assert line.startswith(f"  {site}, ") and said in line
    assert numpy.isfinite([word.share for each in sentence.memories for word in each.words]).all()
