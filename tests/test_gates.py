"""The gate story: planted gates get the verdicts that they were planted for, and surgery with a gate's own value is none."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import numpy
import pytest
import torch

import seq2seq
from corpora.agreement import load as agreement
from seq2seq.config import UserError
from seq2seq.probing import gates, persistence
from seq2seq.probing.gates import (
    AGREES,
    CHANGES,
    KEEPS,
    MATCHED,
    NEW,
    NO_ATTRACTOR,
    NO_NOUN,
    NOT_SUPPORTED,
    OTHER,
    PREDICTS,
    SAME,
    SUPPORTED,
    UNDECIDED,
    WINDOW,
    Event,
    Readings,
)
from seq2seq.probing.interventions import at_start
from seq2seq.probing.statistics import Estimate
from seq2seq.probing.stimuli import single
from seq2seq.probing.subjects import telling, two_subjects
from seq2seq.taps import Chain
from seq2seq.trace import trace
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent
KINDS = (*CHANGES, *KEEPS, OTHER, SAME, NO_NOUN, NO_ATTRACTOR, AGREES, PREDICTS, MATCHED)


@pytest.fixture(scope="module")
def demo():
    return seq2seq.load(HOUSE / "checkpoints" / "demo")


@pytest.fixture(scope="module")
def corpus():
    return list(agreement("probe"))


# Planted gates: every kind of event for each of 20 nouns, 3 sentences each, ten random sets beside the units

BEFORE = {"input": 0.4, "forget": 0.7, "output": 0.5, "candidate": 0.0}
TEXTBOOK = {
    ("forget", CHANGES): 0.1,
    ("input", CHANGES): 0.9,
    ("forget", (OTHER, SAME)): 0.97,
    ("input", (OTHER, SAME)): 0.03,
    ("output", (PREDICTS,)): 0.9,
}
ANY_NOUN = {**TEXTBOOK, ("forget", KEEPS): 0.1, ("input", KEEPS): 0.9}
ANY_THAT_SHOWS_GENDER = {**ANY_NOUN, ("forget", (AGREES,)): 0.1, ("input", (AGREES,)): 0.9}
LEAKY = {**TEXTBOOK, ("forget", (OTHER, SAME)): 0.6, ("input", (OTHER, SAME)): 0.4}
STILL: dict = {}


def planted(picture, noise: float = 0.02) -> Readings:
    random, events, values = numpy.random.default_rng(1), [], {gate: [] for gate in gates.GATES}
    for noun in range(20):
        gender = ("masculine", "feminine")[noun % 2]
        for kind in KINDS:
            if kind in NEW and kind[-1] != gender[0].upper():
                continue
            for _ in range(3):
                events.append(Event(None, kind, f"noun {noun}", gender, 2, WINDOW))
                for gate in gates.GATES:
                    here = BEFORE[gate] + noise * random.normal(size=(len(WINDOW), 11))
                    for (name, kinds), value in picture.items():
                        if name == gate and kind in kinds:
                            here[WINDOW.index(0), 0] += value - BEFORE[gate]
                    if gate == "candidate" and kind in NEW:
                        here[WINDOW.index(0), 0] += (1 if gender == "feminine" else -1) * bool(picture)
                    values[gate].append(here)
    return Readings(events, {gate: numpy.array(each) for gate, each in values.items()})


def verdicts(picture, hypothesis: str, noise: float = 0.02) -> list[str]:
    return [each.verdict for each in gates.findings(planted(picture, noise), hypothesis, seed=1)]


def test_the_textbooks_gates_are_supported_in_every_clause():
    for hypothesis in ("saves", "H1", "H2", "H3"):
        assert set(verdicts(TEXTBOOK, hypothesis)) == {SUPPORTED}, hypothesis
    assert set(verdicts(TEXTBOOK, "any noun", noise=0.01)) == {NOT_SUPPORTED}
    assert all(each.random_p == pytest.approx(1 / 11) for each in gates.findings(planted(TEXTBOOK), "H1", 1))


def test_gates_that_react_to_any_noun_do_not_rewrite_the_gender():
    assert set(verdicts(ANY_NOUN, "H1")) == {NOT_SUPPORTED}
    assert set(verdicts(ANY_NOUN, "any noun")) == {SUPPORTED}
    assert verdicts(ANY_THAT_SHOWS_GENDER, "any noun", noise=0.01) == [
        SUPPORTED,
        SUPPORTED,
        NOT_SUPPORTED,
        NOT_SUPPORTED,
    ]


def test_a_gate_that_stands_lower_at_nouns_but_does_not_move_there_does_not_react_to_them():
    readings = planted(STILL, noise=0.01)
    at_nouns = readings.rows(KEEPS)
    readings.values["forget"][at_nouns] -= 0.3  # at the word before, too
    assert [each.verdict for each in gates.findings(readings, "any noun", 1)] == [NOT_SUPPORTED] * 4


def test_a_gate_that_leaks_at_an_attractor_does_not_keep():
    f, shut, *_ = gates.findings(planted(LEAKY), "H2", 1)
    assert (f.verdict, shut.verdict) == (NOT_SUPPORTED, NOT_SUPPORTED)
    assert f.value.value == pytest.approx(0.6, abs=0.02)


def test_gates_that_stand_still_support_nothing():
    for hypothesis in ("H1", "saves"):
        assert set(verdicts(STILL, hypothesis)) == {NOT_SUPPORTED}
    assert verdicts(STILL, "H3")[0] == NOT_SUPPORTED
    assert max(each.p for each in gates.findings(planted(STILL), "H1", 1)) > 0.05


def test_what_varies_too_much_is_undecided():
    assert UNDECIDED in verdicts(STILL, "H1", noise=0.4)


def test_a_noun_is_compared_with_itself():
    """The change beyond that at the word before, after another gender and after the same one; means of lemmas."""
    readings = planted(TEXTBOOK)
    expected = []
    for lemma in {each.lemma for each in readings.events}:
        moved = {}
        for kinds in (CHANGES, KEEPS):
            rows = [n for n, e in enumerate(readings.events) if e.lemma == lemma and e.kind in kinds]
            values = readings.values["input"][rows][:, :, 0]
            moved[kinds] = (values[:, 2] - values[:, 1]).mean()
        expected.append(moved[CHANGES] - moved[KEEPS])
    assert gates.findings(readings, "H1", 1)[1].value.value == pytest.approx(numpy.mean(expected))


def test_too_few_nouns_are_refused():
    readings = planted(TEXTBOOK)
    few = [n for n, each in enumerate(readings.events) if each.lemma in ("noun 0", "noun 1")]
    thin = Readings([readings.events[n] for n in few], {g: v[few] for g, v in readings.values.items()})
    with pytest.raises(UserError, match="more pairs"):
        gates.findings(thin, "H1", 1)


def test_trajectories_are_complete_and_json():
    found = gates.trajectories(planted(TEXTBOOK), 1)
    assert {(each.kind, each.gate) for each in found} == {(kind, gate) for kind in KINDS for gate in gates.GATES}
    assert all(len(each.chosen) == len(each.random) == len(WINDOW) for each in found)
    json.dumps([dataclasses.asdict(each) for each in found], allow_nan=False)


# Rules


def of(value: float, half: float = 0.05) -> Estimate:
    return Estimate(value, value - half, value + half, 60, 20)


@pytest.mark.parametrize(
    ("rate", "left", "random", "verdict"),
    [
        (of(0.9), of(0.0), 0.02, SUPPORTED),
        (of(0.9), None, 0.02, SUPPORTED),
        (of(0.2), of(0.0), 0.02, NOT_SUPPORTED),
        (of(0.9), of(0.5), 0.02, NOT_SUPPORTED),  # something changes where nothing may
        (of(0.9), of(0.0), 0.96, NOT_SUPPORTED),  # random units do as much
        (of(0.5), of(0.0), 0.02, UNDECIDED),
        (of(0.9), of(0.07), 0.02, UNDECIDED),
    ],
)
def test_surgery_needs_its_controls(rate, left, random, verdict):
    assert gates.surgical(rate, left, random) == verdict


def test_a_clause_fails_by_its_worst_number():
    good, bad = (gates.findings(planted(picture), "H1", 1)[0] for picture in (TEXTBOOK, STILL))
    assert gates.conclude("keeps", [good, good]).verdict == SUPPORTED
    failed = gates.conclude("keeps", [good, bad])
    assert failed.verdict == NOT_SUPPORTED and f"{bad.value.value:.3f}" in failed.decided_by


# Events in the corpus


def test_an_agreement_is_predicted_by_the_piece_that_first_tells(demo, corpus):
    found = gates.events("decoder.0", single(corpus[::7]), demo.tokenizer, gates.agreements)
    assert {each.kind for each in found} == {PREDICTS, MATCHED}
    agreeing = set(telling(corpus))
    for each in found:
        pieces = demo.tokenizer.encode(each.pair.target)
        word = next(
            word for word in demo.tokenizer.align(pieces) if word.first == each.at
        )  # position t predicts piece t
        assert (word.text.lower() in agreeing) == (each.kind == PREDICTS)


@pytest.mark.parametrize("site", ["decoder.0", "encoder.0.forward", "encoder.0.backward"])
def test_a_new_noun_is_the_second_that_a_site_reads(demo, corpus, site):
    found = gates.events(site, two_subjects(corpus)[::7], demo.tokenizer, gates.new_nouns)
    assert {each.kind for each in found} == set(NEW)
    for each in found:
        decoder = site.startswith("decoder")
        text = each.pair.target if decoder else each.pair.source
        words = demo.tokenizer.align(demo.tokenizer.encode(text))
        word = next(word for word in words if each.at in ((word.last + 1,) if decoder else (word.first, word.last)))
        noun = next(noun for noun in each.pair.factors.nouns if noun.lemma == each.lemma)
        assert word.start == (noun.target if decoder else noun.source).start
        other = next(noun for noun in each.pair.factors.nouns if noun is not noun_of(each))
        assert each.kind == f"{other.gender[0]}→{noun.gender[0]}".upper()


@pytest.mark.parametrize("site", ["decoder.0", "encoder.0.forward", "encoder.0.backward"])
@pytest.mark.parametrize("kind", [NO_NOUN, AGREES])
def test_another_word_is_read_after_the_noun_and_as_many_words_on(demo, corpus, site, kind):
    tokenizer, decoder, backward = demo.tokenizer, site.startswith("decoder"), site.endswith("backward")
    like = [Event(None, OTHER, "", "", place, WINDOW) for place in range(2, 12)]
    words = [e for e in gates.events(site, single(corpus[::3]), tokenizer, gates.other_words) if e.kind == kind]
    assert bool(words) == (decoder or kind == NO_NOUN)
    found = gates.as_far(words, like, NO_ATTRACTOR, seed=1)
    places = {each.place for each in words} & {each.place for each in like}
    assert {each.place for each in found} == places and {each.kind for each in found} <= {NO_ATTRACTOR}
    for each in found:
        text = tokenizer.align(tokenizer.encode(each.pair.target if decoder else each.pair.source))
        at = next(
            n for n, w in enumerate(text) if each.at == (w.last + 1 if decoder else w.first if backward else w.last)
        )
        noun = noun_of(each).target if decoder else noun_of(each).source
        assert text[at].end <= noun.start if backward else text[at].start >= noun.end
        assert each.place == (len(text) - 1 - at if backward else at)
        if decoder:
            starts = {word.target.start for word in each.pair.factors.agreeing}
            assert (text[at].start in starts) == (kind == AGREES) and text[at].start < max(starts)


def noun_of(each: Event):
    return next(noun for noun in each.pair.factors.nouns if noun.lemma == each.lemma)


def test_an_attractor_stands_before_a_word_that_agrees_with_the_controller(demo, corpus):
    found = gates.events("decoder.0", single(corpus[::5]), demo.tokenizer, gates.attractors)
    assert {each.kind for each in found} == {OTHER, SAME}
    for each in found:
        factors = each.pair.factors
        assert (factors.nouns[0].gender != factors.nouns[1].gender) == (each.kind == OTHER)
        after = [word for word in factors.agreeing if word.target.start > factors.nouns[1].target.start]
        assert after[0].controller == 0


# Surgery


@pytest.fixture(scope="module")
def operation(demo, corpus):
    events = gates.events("decoder.0", single(corpus[::5]), demo.tokenizer, gates.attractors)
    return gates.Operation(demo, events[:16], telling(corpus), "decoder.0")


def test_surgery_with_a_gates_own_values_changes_nothing(demo, operation):
    sites = [f"decoder.0.{gate}" for gate in gates.GATES]
    made = trace(
        demo.model,
        demo.tokenizer,
        [each.pair.source for each in operation.events],
        [each.pair.target for each in operation.events],
        sites,
    )
    rows, units = list(range(len(operation.events))), list(range(0, 256, 3))
    at = [each.at for each in operation.events]

    own = {site: made.at(site, at) for site in sites}
    tap = lambda part: Chain(*(at_start(site, value[part][:, units], units) for site, value in own.items()))
    plain, same = operation.experiment.go_on(rows), operation.experiment.go_on(rows, tap)
    assert [each.text for each in same] == [each.text for each in plain]
    assert operation.genders(rows, [own, own]) == operation.genders(rows) * 2


def test_forget_one_and_input_nought_keep_the_old_cell(demo, operation):
    """What is set at the gates is what the cell does: c_t = c_{t−1} in these units, and in these alone."""
    rows, units = list(range(4)), [0, 7, 99]
    seen = {}

    def watch(site, position, value):
        if position == 0 and site.startswith("decoder.0."):
            seen[site] = value.clone()
        return value

    watch.sites = {"decoder.0.cell"}  # or the encoder would read anew, step by step, and round otherwise
    values = operation.settings(rows, {"forget": 1.0, "input": 0.0}, units)
    operation.experiment.go_on(rows, lambda part: Chain(*(at_start(*each) for each in values.items()), watch))
    before = operation.experiment.memory.initial[-1]["cell"][rows]
    cell, own = seen["decoder.0.cell"], operation.experiment.own[rows]
    rest = [unit for unit in range(256) if unit not in units]
    assert torch.allclose(cell[:, units], before[:, units]) and torch.allclose(cell[:, rest], own[:, rest], atol=1e-5)
    assert not torch.allclose(cell[:, units], own[:, units])


def test_a_cell_without_these_gates_is_refused(tiny_model, tokenizer, corpus):
    translator = Translator(tiny_model("none", 1), tokenizer)
    translator.model.decoder[-1].cell = type("Plain", (), {"gates": ("update",)})
    with pytest.raises(UserError, match="gates input, forget"):
        gates.gate_story(translator, corpus, seed=1)


# Persistence


def test_a_half_life_lies_between_two_words():
    assert persistence.half_life([1.0, 0.8, 0.4, 0.1]) == pytest.approx(1.75)
    assert persistence.half_life([1.0, 0.9, 0.8]) is None


def test_a_cell_that_never_writes_keeps_what_its_forget_gates_leave(demo, corpus):
    """With i = 0 and one f for all, R(τ) is P(τ) is f to the number of pieces read."""
    model = copy.deepcopy(demo.model)
    kernel, H = model.decoder[0].kernel, model.decoder[0].units
    with torch.no_grad():
        for weight in (kernel.weight_ih_l0, kernel.weight_hh_l0, kernel.bias_ih_l0, kernel.bias_hh_l0):
            weight[: 2 * H] = 0.0  # input and forget gates
        kernel.bias_ih_l0[:H] = -100.0
        kernel.bias_ih_l0[H : 2 * H] = 3.0
    few = [
        pair for pair in corpus if pair.factors.template in ("verb-8", "adjective-8", "phrase-8", "adjective-phrase-8")
    ]
    units = list(range(0, H, 5))
    found = persistence.persistence(Translator(model, demo.tokenizer), few, {"decoder.0": units}, seed=1)
    assert {(each.of, each.partner, each.intervener) for each in found} == {
        (of, partner, intervener)
        for of in ("all units", "chosen units")
        for partner in ("of the other gender", "of the same gender")
        for intervener in ("no noun", "a noun")
    }
    forget = 1 / (1 + numpy.exp(-3.0))
    for each in found:
        r, p = ([step.value for step in curve] for curve in (each.distance, each.kept))
        assert r == pytest.approx(p, rel=1e-3)
        assert r[0] * forget**20 < r[-1] <= r[0] * forget**persistence.SPAN * 1.001
        assert len(r) == persistence.SPAN + 1
    begun = [each.distance[0] for each in found if each.partner == "of the other gender"]
    assert all((each.low, each.value, each.high) == pytest.approx((1, 1, 1)) for each in begun), "a share of itself"
    json.dumps([dataclasses.asdict(each) for each in found], allow_nan=False)


def test_a_layer_that_reads_backwards_has_no_persistence(demo, corpus):
    with pytest.raises(UserError, match="right to left"):
        persistence.persistence(demo, corpus[:10], {"encoder.0.backward": [1]}, seed=1)
