"""The register test: planted registers, slots and codes are told apart, and nothing moves when nothing is put in."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy
import pytest
import torch
from sklearn.metrics import roc_auc_score

import seq2seq
from corpora.agreement import load as agreement
from corpora.records import Agreeing, Factors, Noun, Pair, Span
from seq2seq.config import UserError
from seq2seq.model import BEGIN, END, PAD, Model, ModelSettings
from seq2seq.probing import gates, register
from seq2seq.probing.planted import Words
from seq2seq.probing.register import ANOTHER_CODE, REGISTER, SLOTS, UNDECIDED, examine
from seq2seq.probing.statistics import Estimate
from seq2seq.probing.subjects import (
    Subjects,
    area,
    as_read,
    clauses,
    held_out_lemmas,
    order,
    shown,
    telling,
    two_subjects,
)
from seq2seq.trace import side
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent
SITES = ("decoder.0.cell", "encoder.0.forward.cell", "encoder.0.backward.cell")


@pytest.fixture(scope="module")
def demo():
    return seq2seq.load(HOUSE / "checkpoints" / "demo")


@pytest.fixture(scope="module")
def pairs():
    """Every fourth frame of those with two subjects."""
    found = two_subjects(agreement("probe"))
    frames = sorted({each.factors.frame for each in found})[::4]
    return [each for each in found if each.factors.frame in frames]


# Planted recordings


def subjects(random) -> Subjects:
    """800 sentences about two of 60 nouns, every third of them held out."""
    number = numpy.array([random.choice(60, 2, replace=False) for _ in range(800)])
    return Subjects(number.astype(str), number % 2 == 1, number % 3 == 0)


def planted(kind: str, seed: int = 1):
    """Ten units, of which the first two hold the genders in a way of their own, at steps 0, 1 and 2."""
    random = numpy.random.default_rng(seed)
    made, recorded = subjects(random), {}
    first, second = (numpy.where(made.feminine[:, n], 2.0, -2.0) for n in (0, 1))
    none = numpy.zeros(len(first))
    holds = {
        "register": ((first, none), (second, none)),
        "slots": ((first, none), (first, second)),
        "codes": ((first, none), (none, second)),
        "both at once": ((first, none), (first + second, none)),
        "nothing": ((none, none), (none, none)),
    }[kind]
    for clause in (0, 1):
        for step in range(3):
            values = random.normal(size=(800, 10))
            values[:, :2] += numpy.stack(holds[clause], axis=1)
            recorded[clause, step] = (numpy.arange(800), values)
    return made, recorded


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("register", REGISTER),
        ("slots", SLOTS),
        ("codes", ANOTHER_CODE),
        ("both at once", UNDECIDED),
        ("nothing", UNDECIDED),
    ],
)
def test_what_was_planted_is_told(kind, verdict):
    found, _ = examine("decoder.0.cell", *planted(kind), seed=1)
    assert (found.verdict, found.step) == (verdict, 2)
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_a_register_is_read_as_current_and_not_as_past_and_slots_the_other_way_round():
    rewritten, _ = examine("decoder.0.cell", *planted("register"), seed=1)
    kept, _ = examine("decoder.0.cell", *planted("slots"), seed=1)
    assert rewritten.current.value > 0.95 and abs(rewritten.past.value - 0.5) < 0.15 and rewritten.p < 0.01
    assert kept.past.value > 0.95 and abs(kept.current.value - 0.5) < 0.15 and kept.p < 0.01
    past = (1, 2, 1, 2)  # the probe of noun 1 that was fitted in clause 2
    asked = lambda each: (each.noun_fitted, each.clause_fitted, each.noun_read, each.clause_read)
    gone = [each for each in rewritten.readings if asked(each) == past]
    assert gone and all(abs(each.auc.value - 0.5) < 0.2 for each in gone)


def test_a_trace_beneath_the_current_gender_is_told_and_does_not_decide():
    made, recorded = planted("register")
    for (clause, _), (_, values) in recorded.items():
        values[:, 0] *= 5
        if clause == 1:
            values[:, 0] += numpy.where(made.feminine[:, 0], 4.0, -4.0)
    found, _ = examine("decoder.0.cell", made, recorded, seed=1)
    [past] = [r for r in found.readings if (r.clause_fitted, r.noun_read, r.clause_read, r.step) == (1, 1, 2, 2)]
    assert past.trace.value > 0.9 and past.auc.value <= 0.8 and 0.2 < past.gap < 0.6
    assert found.verdict == REGISTER and f"trace of the past {past.trace.value:.2f}" in found.why


def test_the_probe_is_not_fitted_on_a_noun_that_it_is_tested_on():
    made, recorded = planted("register")
    leaky = Subjects(made.lemmas, made.feminine, numpy.tile([False, True], (800, 1)))
    with pytest.raises(UserError, match="to fit a probe on"):
        examine("decoder.0.cell", leaky, recorded, seed=1)
    half = made.held_out.copy()
    half[:400] = False  # the same lemma to fit on here, held out there
    with pytest.raises(ValueError, match="fitted on"):
        examine("decoder.0.cell", Subjects(made.lemmas, made.feminine, half), recorded, seed=1)


# Numbers


def test_area_is_scikit_learns_where_each_noun_has_one_row():
    random = numpy.random.default_rng(1)
    scores, feminine = random.normal(size=40).round(1), numpy.arange(40) % 2 == 0
    scores[feminine] += 0.5
    names = [str(n) for n in range(40)]
    found = area(scores, feminine, names, ["one"] * 40, seed=1)
    assert found.value == pytest.approx(roc_auc_score(feminine, scores)) and found.low < found.value < found.high
    assert (found.n, found.clusters) == (40, 40)


@pytest.mark.parametrize("within", [False, True])
def test_area_compares_means_of_lemmas_and_cells(within):
    random = numpy.random.default_rng(2)
    lemma, cell = random.integers(0, 12, 300), random.integers(0, 2, 300)
    scores = random.normal(size=300) + 0.4 * (lemma % 2) + 2 * cell
    wins = []
    for f in range(1, 12, 2):
        for m in range(0, 12, 2):
            pairs = [
                scores[(lemma == f) & (cell == a)].mean() > scores[(lemma == m) & (cell == b)].mean()
                for a in (0, 1)
                for b in (0, 1)
                if a == b or not within
            ]
            wins.append(numpy.mean(pairs))
    found = area(scores, lemma % 2 == 1, lemma.astype(str).tolist(), cell.astype(str).tolist(), seed=1, within=within)
    assert found.value == pytest.approx(numpy.mean(wins))


def test_a_perfect_area_has_clopper_pearsons_interval_and_too_few_nouns_are_refused():
    names = [str(n) for n in range(12)]
    feminine = numpy.arange(12) >= 6
    found = area(feminine.astype(float), feminine, names, ["one"] * 12, seed=1)
    assert (found.value, found.high) == (1, 1) and found.low == pytest.approx(0.025 ** (1 / 12))
    with pytest.raises(UserError, match="more pairs"):
        area(feminine[3:10].astype(float), feminine[3:10], names[3:10], ["one"] * 7, seed=1)


# Sentences


@pytest.mark.parametrize("site", SITES)
def test_clauses_begin_with_their_noun_and_hold_no_word_that_shows_its_gender(demo, pairs, site):
    for pair in pairs[::3]:
        read = as_read(site, pair, demo.tokenizer)
        both = clauses(pair, site, demo.tokenizer)
        nouns = {noun.lemma: noun for noun in pair.factors.nouns}
        assert {each.lemma for each in both} == set(nouns)
        for each, other in zip(both, both[::-1]):
            said = [word.start for word, position in read if position in each.steps]
            own, others = (getattr(nouns[one.lemma], side(site)) for one in (each, other))
            assert said[0] == own.start and others.start not in said
            if site.startswith("decoder"):
                agreeing = [word.target.start for word in pair.factors.agreeing]
                verb = min(start for start in agreeing if start > own.start)
                assert not set(agreeing) & set(said) and max(said) < verb
        assert both[0].steps[0] < both[1].steps[0] or "backward" in site


@pytest.mark.parametrize("same", [False, True])
def test_partners_differ_in_one_clauses_noun(demo, pairs, same):
    read = [clauses(pair, "decoder.0.cell", demo.tokenizer) for pair in pairs]
    for clause in (0, 1):
        found = register.partner_of(pairs, read, clause, same=same)
        assert found
        for row, partner in found.items():
            own, new = read[row], read[partner]
            assert own[1 - clause].lemma == new[1 - clause].lemma and own[clause].lemma != new[clause].lemma
            assert (own[clause].gender == new[clause].gender) == same


def test_words_tell_the_gender_of_their_controllers(pairs):
    forms = telling(pairs)
    for pair in pairs[::5]:
        first, second = order(pair)
        expected = [pair.factors.nouns[n].gender for n in (first, second)]
        assert shown(pair.target, forms, 0) == expected
        assert shown(pair.target, forms, pair.factors.nouns[second].target.end) == expected[1:]


# The swap


def test_a_sentences_own_cell_changes_nothing(demo, pairs):
    chosen = pairs[:24]
    read = [clauses(pair, "decoder.0.cell", demo.tokenizer) for pair in chosen]
    swapping = register.Swapping(demo, chosen, read, 1, telling(pairs))
    rows = list(range(24))
    own = {"decoder.0.cell": swapping.experiment.own}
    assert swapping.genders(rows, [own, own]) == swapping.genders(rows) * 2


def rate(value: float) -> Estimate:
    return Estimate(value, max(0, value - 0.1), min(1, value + 0.1), 20, 20)


def test_the_swap_tells_a_register_from_slots():
    def swaps(own_1, next_1, own_2):
        kind = "the register's units"
        return [
            register.Swap(1, kind, 8, rate(own_1), rate(next_1), 0, None, None, None),
            register.Swap(2, kind, 8, None, rate(own_2), 0, None, None, None),
        ]

    assert register.decide_swap(swaps(1, 0, 1)) == REGISTER
    assert register.decide_swap(swaps(1, 0, 0)) == SLOTS
    assert register.decide_swap(swaps(0, 0, 1)) == register.decide_swap(swaps(1, 1, 1)) == UNDECIDED
    assert register.decide_swap([]) == UNDECIDED


def test_a_corpus_without_two_subjects_is_refused(demo):
    with pytest.raises(UserError, match="two subjects"):
        register.register_test(demo, [pair for pair in agreement("probe") if len(pair.factors.nouns) == 1][:20], seed=1)


# Models whose weights were written by hand: nouns, words without gender, a verb, twice

NOUNS = 24  # of each gender, every third held out
SAID = ("dnes", "tam", "zpíval", "a", "včera", "doma", "tančil")  # after the first noun; a second noun follows *a*
VERBS = ("zpíval", "tančil")
GENDERS = ("masculine", "feminine")


def toy_pairs() -> list[Pair]:
    """Each noun with four others, the genders crossed."""
    made = []
    for number in range(NOUNS):
        for other in range(number + 1, number + 5):
            for first in GENDERS:
                for second in GENDERS:
                    names = (f"{first}{number}", f"{second}{other % NOUNS}")
                    made.append(toy_pair(names, (first, second), number % 3 == 2, f"toy {other - number}"))
    return made


def toy_pair(names, genders, held_out: bool, template: str) -> Pair:
    words = [names[0], *SAID[:4], names[1], *SAID[4:]]
    source, heard = " ".join(words), spans_of(words)  # the source's verbs show no gender
    words = [word + "a" * (word in VERBS and genders[VERBS.index(word)] == "feminine") for word in words]
    spans = spans_of(words)
    nouns = tuple(
        Noun(name, name, gender, True, False, spans[place], heard[place])
        for name, gender, place in zip(names, genders, (0, 5))
    )
    agreeing = tuple(
        Agreeing("participle", spans[place], controller, 2, {"masculine": verb, "feminine": verb + "a"})
        for controller, (verb, place) in enumerate(zip(VERBS, (3, 8)))
    )
    fold = "held-out" if held_out else "fit"
    factors = Factors("lexical", "toy", template, "toy", "no-noun", 0, nouns, agreeing, fold, "fit")
    return Pair(source, " ".join(words), "toy", factors)


def spans_of(words) -> list[Span]:
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
    return [Span(start, start + len(word)) for start, word in zip(starts, words)]


def toy(kind: str) -> tuple[Translator, dict[str, int]]:
    """A translator with one register for the gender, or a slot for each of two nouns, and where they are.

    Word units hold the word just read; *clause* is set at *a*. The register is rewritten at every noun. A slot is written at
    a noun if the clause is its own.
    """
    nouns = [f"{gender}{number}" for gender in GENDERS for number in range(NOUNS)]
    tokenizer = Words([*nouns, *SAID, *(verb + "a" for verb in VERBS)])
    number, V, noise = tokenizer.numbers, len(tokenizer), 24
    word = torch.arange(V)
    one, two, clause = V, V + 1, V + 2
    H = V + 3 + noise
    torch.manual_seed(1)
    shape = ModelSettings(attention="none", bidirectional=False, embedding=V, units=H, dropout=0.0)
    model = Model(shape, V).eval()
    with torch.no_grad():
        for parameter in (*model.decoder.parameters(), *model.bridge.parameters(), *model.readout.parameters()):
            parameter.zero_()
        model.target_embedding.weight.copy_(torch.eye(V) / V**0.5)  # what the decoder reads is one-hot
        kernel = model.decoder[0].kernel
        i, f, g, o = (slice(n * H, (n + 1) * H) for n in range(4))
        bias, reads, recalls = kernel.bias_ih_l0, kernel.weight_ih_l0, kernel.weight_hh_l0
        bias[i], bias[f], bias[o] = 20.0, -20.0, 20.0
        reads[g][word, word] = 20.0
        reads[g][-noise:] = torch.randn(noise, V)
        bias[f][-noise:] = 1.0
        bias[i][clause], bias[f][clause] = -20.0, 20.0
        reads[i][clause, number["a"]], reads[g][clause, number["a"]] = 40.0, 20.0
        bias[i][one], bias[f][one], bias[i][two], bias[f][two] = -20.0, 20.0, -60.0, 60.0
        for noun in nouns:
            for unit in (one, two):
                reads[i][unit, number[noun]], reads[f][unit, number[noun]] = 40.0, -40.0
                reads[g][unit, number[noun]] = 20.0 if noun.startswith("feminine") else -20.0
        recalls[i][two, clause], recalls[f][two, clause] = 60.0, -60.0
        if kind == "slots":
            recalls[i][one, clause], recalls[f][one, clause] = -60.0, 60.0
        said = model.readout.weight
        for noun in nouns:
            said[number["dnes"], number[noun]], said[number["včera"], number[noun]] = 2.0, 1.5
            said[number[noun], number["a"]] = 3.0
        said[number["včera"], clause] = 1.0
        for before, after in (
            ("dnes", "tam"),
            ("tam", "zpíval"),
            ("zpíval", "a"),
            ("včera", "doma"),
            ("doma", "tančil"),
        ):
            for a in {before, before + "a"} & set(number):
                for b in {after, after + "a"} & set(number):
                    said[number[b], number[a]] = 3.0
        for place, verb in enumerate(VERBS):
            read = two if kind == "slots" and place else one
            said[number[verb], read], said[number[verb + "a"], read] = -1.0, 1.0
            said[END, [number[verb], number[verb + "a"]]] = 3.0 * place
        model.bias[[PAD, BEGIN]] = -9.0
    return Translator(model, tokenizer), {"one": one, "two": two}  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "verdict"), [("register", REGISTER), ("slots", SLOTS)])
def test_a_hand_written_model_is_told_by_probes_and_by_swaps(kind, verdict):
    translator, units = toy(kind)
    found = register.register_test(translator, toy_pairs(), seed=1, draws=3, recipients=30)
    assert [each.value for each in found.understood] == [1, 1]
    cell = next(each for each in found.sites if each.site == "decoder.0.cell")
    assert (cell.verdict, found.swap_verdict) == (verdict, verdict)
    assert units["one"] in found.units
    swaps = {(each.clause, each.what): each for each in found.swaps}
    assert swaps[1, "the register's units"].first_verb.value == 1
    assert swaps[1, "the register's units"].second_verb.value == 0
    assert swaps[2, "the register's units"].second_verb.value == (kind == "register")
    assert swaps[2, "every unit"].second_verb.value == 1
    assert swaps[1, "the register's units"].random_mean == 0
    read = {(each.clause, each.step): each.read.value for each in cell.inputs}
    assert read[1, 2] > 0.9  # what was read decides, here: the source never reaches this decoder
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_gate_surgery_on_a_hand_written_register():
    """With f = 1 and i = 0 at a noun of another gender its verb has the old gender; elsewhere, and with others, nothing."""
    translator, units = toy("register")
    pairs = toy_pairs()
    events = gates.events("decoder.0", pairs, translator.tokenizer, gates.new_nouns)
    events = [each for each in events if each.lemma in held_out_lemmas(pairs)]
    assert {each.kind for each in events} == set(gates.NEW)
    operation = gates.Operation(translator, events, telling(pairs), "decoder.0")
    cut, H = gates.CUTS["erases and rewrites"], translator.model.decoder[0].units
    sets = [[H - 1 - n] for n in range(3)]
    right, wrong = (operation.cut(cut, [units[unit]], sets, recipients=40, seed=1) for unit in ("one", "two"))
    assert (right.rate.value, right.left_alone.value, right.random_mean, right.verdict) == (1, 0, 0, gates.SUPPORTED)
    others_too = operation.cut(cut, [units["one"]], [[units["one"]], *sets], recipients=40, seed=1)
    assert (others_too.random_high, others_too.verdict) == (None, gates.NOT_SUPPORTED), "one of few sets does as much"
    often = operation.cut(cut, [units["one"]], sets * 7, recipients=40, seed=1)
    assert (often.random_high, often.verdict) == (0, gates.SUPPORTED)
    assert (wrong.rate.value, wrong.verdict) == (0, gates.NOT_SUPPORTED)
    average = gates.averaging(H, [[units["one"]], *sets])
    readings = gates.read_gates(translator, "decoder.0", events, numpy.ones(H), average)
    assert {each.verdict for each in gates.findings(readings, "H1", 1)} == {
        gates.NOT_SUPPORTED
    }  # they react to any noun
    assert all(value[0] > 0.99 for value in readings.at("input", gates.KEEPS).values())
