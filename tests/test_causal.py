"""Interventions, erasure and path decomposition: laws that hold for any model, and oracles that compute them another way."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy
import pytest
import torch
from scipy import linalg
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression

import seq2seq
from corpora.agreement import load as agreement
from seq2seq.batching import Example, collate, sources
from seq2seq.config import UserError
from seq2seq.model import BEGIN
from seq2seq.probing import planted
from seq2seq.probing.causal import PROTOCOLS, Bench, alone, causal, smallest
from seq2seq.probing.erasure import Whitened
from seq2seq.probing.interventions import Change, Experiment, FromWord, at_start, relative
from seq2seq.probing.paths import AT_NOUN, Paths, decompose
from seq2seq.probing.statistics import estimate
from seq2seq.probing.stimuli import GENDERS, partners, select
from seq2seq.probing.units import matched, outgoing
from seq2seq.taps import Chain, Patch, Recorder
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def stimuli(tokenizer):
    return select(agreement("probe"), tokenizer, "lexical", 2)


@pytest.fixture(scope="module", params=[("none", 1), ("late", 2), ("words", 1)], ids=str)
def experiment(request, tiny_model, tokenizer, stimuli) -> Experiment:
    """An untrained model: whatever it says, the laws hold."""
    return Experiment(Translator(tiny_model(*request.param), tokenizer), stimuli)


@pytest.fixture(scope="module")
def demo() -> Bench:
    """The demo run, 24 held-out recipients."""
    translator = seq2seq.load(HOUSE / "checkpoints" / "demo")
    pairs = [pair for pair in agreement("probe") if len(pair.source.split()) <= 8 >= len(pair.target.split())]
    experiment = Experiment(translator, select(pairs, translator.tokenizer, "lexical", 40))
    said = experiment.go_on(range(len(experiment.stimuli)))
    good = [row for row, each in enumerate(said) if each.all_are(experiment.stimuli[row].factors.gender)]
    held_out = partners(
        experiment.stimuli, [row for row in good if experiment.stimuli[row].held_out], same_gender=False
    )
    return Bench(experiment, held_out, [row for row in good if experiment.stimuli[row].fitted], seed=1)


def after(experiment: Experiment, row: int, text: str) -> str:
    """What was said after the noun."""
    stimulus = experiment.stimuli[row]
    return text[len(experiment.translator.tokenizer.decode(stimulus.pieces[: stimulus.position])) :]


# Interventions


def test_a_sites_own_value_changes_nothing_bit_for_bit(experiment):
    rows = list(range(len(experiment.stimuli)))
    for site in experiment.translator.model.vectors():
        still = torch.zeros_like(experiment.values(site))
        keep = lambda part, site=site, still=still: Change(site, still[part], keep=1.0, span=None)
        watched = experiment.forced(rows, lambda part, site=site: Recorder([site]))
        assert torch.equal(experiment.forced(rows, keep), watched)
    assert experiment.go_on(rows, keep) == experiment.go_on(rows)


def test_a_recorded_value_put_back_changes_nothing(experiment):
    rows = list(range(len(experiment.stimuli)))
    expected = experiment.forced(rows)
    for site in experiment.translator.model.vectors():
        own = experiment.values(site)
        found = experiment.forced(rows, lambda part, site=site, own=own: Change(site, own[part]))
        assert torch.allclose(found, expected, atol=1e-5), site


def test_a_change_is_held_over_its_span_and_no_longer(experiment):
    rows, recorder = list(range(5)), Recorder([experiment.site])
    add = torch.full_like(experiment.values(experiment.site)[rows], 7.0)
    experiment.forced(rows, lambda part: Chain(Change(experiment.site, add, units=[1, 3], span=2), recorder), steps=4)
    sevens = recorder[experiment.site] == 7.0  # [R, T, H]
    assert sevens[:, :2, [1, 3]].all() and not sevens[:, 2:].any() and not sevens[:, :, [0, 2]].any()


@pytest.mark.parametrize("beam", [1, 3])
def test_a_change_is_what_the_older_patch_does(experiment, beam):
    rows, units = list(range(8)), [0, 5]
    value = experiment.own[[*rows[1:], 0]]
    patched = experiment.go_on(rows, lambda part: at_start(experiment.site, value[part][:, units], units), beam)
    changed = experiment.go_on(rows, lambda part: Change(experiment.site, value[part], units=units), beam)
    assert changed == patched


def test_the_encoder_is_changed_at_the_noun_and_read_anew(experiment):
    """One sentence by itself, the position counted by hand, against the batch."""
    row, model, site = 3, experiment.translator.model, "encoder.0.forward.cell"
    stimulus = experiment.stimuli[row]
    tokenizer = experiment.translator.tokenizer
    pieces = tokenizer.encode(stimulus.pair.source)
    words = tokenizer.align(pieces)
    noun = next(word for word in words if word.text == stimulus.factors.nouns[0].source.of(stimulus.pair.source))
    patch = Patch(site, 5.0, positions=torch.tensor([noun.last]))
    with torch.inference_mode():
        memory = model.encode(*sources([pieces]), tap=patch)
        tokens = torch.tensor([[BEGIN, *stimulus.pieces]])
        features, _ = model.decode(tokens, memory)
    five = torch.full_like(experiment.values(site), 5.0)
    rows = list(range(len(experiment.stimuli)))
    found = experiment.forced(rows, lambda part: Change(site, five[part]))[row]
    expected = features[0, stimulus.position :]
    assert patch.written == 1 and torch.allclose(found[: len(expected)], expected, atol=1e-5)
    assert not torch.allclose(found, experiment.forced(rows)[row], atol=1e-4)


def test_steps_are_counted_from_each_sentences_own_word():
    tap = FromWord(lambda site, step, value: value + 10.0**step, lambda site: torch.tensor([0, 2]))
    seen = lambda site: [tap(site, position, torch.zeros(2, 1)).flatten().tolist() for position in range(3)]
    assert seen("encoder.0.forward.cell") == [[1, 0], [10, 0], [100, 1]]
    assert seen("encoder.0.backward.cell") == [[1, 100], [0, 10], [0, 1]], "it reads from the right"


def test_log_odds_are_those_of_the_whole_sentence_read_at_once(experiment):
    rows, model = list(range(len(experiment.stimuli))), experiment.translator.model
    encode = experiment.translator.tokenizer.encode
    batch = collate([Example(encode(s.pair.source), encode(s.pair.target)) for s in experiment.stimuli])
    with torch.inference_mode():
        log_p = model(batch.source, batch.source_lengths, batch.target_in).log_softmax(2)
    found = experiment.log_odds(rows, experiment.forced(rows))
    for row in rows:
        each = experiment.next_parting(row)
        assert each.own == [*experiment.stimuli[row].pieces, 2][each.place] != each.other
        expected = log_p[row, each.place, each.other] - log_p[row, each.place, each.own]
        assert found[row] == pytest.approx(float(expected), abs=1e-4)


def test_a_share_is_a_ratio_of_means_and_varies_as_one():
    """Beside a bootstrap that draws lemmas and divides the drawn ones' means."""
    random = numpy.random.default_rng(1)
    lemmas = numpy.repeat([f"noun {n}" for n in range(24)], 4)
    full = torch.tensor(random.normal(6, 2, len(lemmas)))
    change = 0.6 * full + torch.tensor(random.normal(0, 0.3, len(lemmas)))
    found = estimate(relative(change, full, lemmas), lemmas, seed=1, rate=False)
    ratio = lambda rows: change[rows].mean() / full[rows].mean()  # lemmas are equally large
    drawn = [
        ratio(numpy.concatenate([4 * n + numpy.arange(4) for n in random.integers(0, 24, 24)])) for _ in range(2000)
    ]
    assert found.value == pytest.approx(float(ratio(slice(None))))
    assert found.high - found.low == pytest.approx(
        float(numpy.quantile(drawn, 0.975) - numpy.quantile(drawn, 0.025)), rel=0.15
    )
    together = relative(torch.stack([change, full], dim=1), full, lemmas)
    torch.testing.assert_close(together[:, 0], relative(change, full, lemmas))
    torch.testing.assert_close(together[:, 1], torch.ones_like(full))


def test_wrong_addresses_are_refused_in_one_line(experiment):
    for site in ("decoder.9.cell", "attention.weights"):  # there are weights, but no vector as wide in every sentence
        with pytest.raises(UserError, match=rf"no site '{re.escape(site)}'"):
            experiment.values(site)
    with pytest.raises(UserError, match="units 0 … 7"):
        Change("decoder.0.cell", torch.zeros(2, 8), units=[8])
    with pytest.raises(UserError, match="no outgoing weights"):
        outgoing(experiment.translator.model, "decoder.0.forget")


# Paths


def test_everything_at_once_says_what_the_donor_says(experiment, stimuli):
    pairs = partners(stimuli, range(len(stimuli)), same_gender=False)
    paths = Paths(experiment, pairs)
    donors = experiment.go_on(paths.donors)
    for outcomes in (paths.at_noun(), paths.at_start()):
        for pair, total, said in zip(pairs, outcomes["total"].said, donors):
            shorter = experiment.limit[pair.recipient] == experiment.limit[pair.donor]
            assert not shorter or after(experiment, pair.recipient, total.text) == after(
                experiment, pair.donor, said.text
            )


def test_the_totals_of_both_cuts_change_log_odds_alike(experiment, stimuli):
    paths = Paths(experiment, partners(stimuli, range(len(stimuli)), same_gender=False))
    at_noun, at_start_ = paths.at_noun(), paths.at_start()
    assert torch.allclose(at_noun["total"].log_odds, at_start_["total"].log_odds, atol=1e-4)
    assert ("attention's context" in at_noun) == (experiment.translator.model.attention is not None)


def test_one_layers_cell_and_output_gate_are_its_whole_state(tiny_model, tokenizer, stimuli):
    """Without attention c and o decide all that follows: h = o ⊙ tanh(c). c alone does not, for o is the recipient's."""
    experiment = Experiment(Translator(tiny_model("none"), tokenizer), stimuli)
    pairs = partners(stimuli, range(len(stimuli)), same_gender=False)
    bench = Bench(experiment, pairs, [], seed=1)
    cell, output = bench.interchange("decoder.0.cell"), bench.interchange("decoder.0.output")
    both = experiment.forced(bench.recipients, lambda part: Chain(output(part), cell(part)))
    total = experiment.forced(bench.recipients, Paths(experiment, pairs).given("cell", "hidden"))
    assert torch.allclose(both, total, atol=1e-5)
    assert not torch.allclose(experiment.forced(bench.recipients, cell), total, atol=1e-4)


def test_words_that_do_not_differ_carry_nothing(demo):
    for found in decompose(demo.experiment, demo.pairs, seed=1):
        assert found.total.all_words.value > 0.9
        share = found.total.share
        assert (share.low, share.value, share.high) == pytest.approx((1, 1, 1)), "of itself it is all, surely"
        parts = {each.name: each for each in found.parts}
        if found.cut == AT_NOUN:
            assert list(parts) == ["decoder's hidden", "decoder's cell"]
        else:
            assert parts["words read before the noun"].share.value == pytest.approx(0.0, abs=1e-6)
        for name in ("all_words", "log_odds", "share"):
            left = getattr(found, f"unexplained_{'flips' if name == 'all_words' else name}").value
            whole = sum(getattr(each, name).value for each in found.parts) + left
            assert whole == pytest.approx(getattr(found.total, name).value, abs=1e-5)
        json.dumps(asdict(found), allow_nan=False)


# Effects


def test_dose_nothing_is_unpatched_and_dose_one_the_other_mean(demo):
    site, rows = demo.experiment.site, demo.recipients
    watched = demo.experiment.forced(rows, lambda part: Recorder([site]))
    assert torch.equal(demo.experiment.forced(rows, demo.clamp(site, 0.0)), watched)
    assert torch.equal(demo.experiment.forced(rows, demo.steer(site, 0.0)), watched)
    same, different = demo.means(site)
    one = demo.clamp(site, 1.0)(slice(None))(site, 0, demo.own(site))
    three = demo.clamp(site, 3.0)(slice(None))(site, 0, demo.own(site))
    assert torch.allclose(one, different, atol=1e-6)
    assert torch.allclose(three, different + 2 * (different - same), atol=1e-5)


def test_a_random_direction_is_as_long_as_the_true_one(demo):
    site, units, own = demo.experiment.site, [3, 4, 9], demo.own(demo.experiment.site)
    steered = demo.steer(site, 2.0, units=units)(slice(None))(site, 0, own) - own
    random = demo.steer_at_random(site, 2.0, numpy.random.default_rng(1), units)(slice(None))(site, 0, own) - own
    assert torch.allclose(steered.norm(dim=1), random.norm(dim=1), atol=1e-5)
    one, *others = (
        random * torch.tensor([1.0 if gender == demo.genders[0] else -1.0 for gender in demo.genders])[:, None]
    )
    assert all(torch.allclose(each, one, atol=1e-5) for each in others)


def test_nothing_changed_has_no_effect_and_everything_a_full_one(demo):
    site = demo.experiment.site
    for found in demo.effect("nothing", site, demo.steer(site, 0.0)):
        assert (found.all_words.value, found.any_word.value, found.kept_gender.value) == (0, 0, 1)
        assert (found.chrf.value, found.changed_words.value, found.kept_number.value) == (100, 0, 1)
        assert found.log_odds.value == pytest.approx(0, abs=1e-5)
        assert found.divergence.value == pytest.approx(0, abs=1e-6)
        json.dumps(asdict(found), allow_nan=False)
    total = Paths(demo.experiment, demo.pairs).given("cell", "hidden")
    for found in demo.effect("everything", site, total):
        assert found.all_words.value == 1 and found.kept_gender.value == 0
        assert found.normalised.value == pytest.approx(1, abs=1e-3)


def test_protocols_part_the_cell_from_what_it_lets_out(demo):
    shares = {
        name: [demo.share(demo.experiment.go_on(demo.recipients, demo.protocol(name)), gender) for gender in GENDERS]
        for name in PROTOCOLS
    }
    [said] = demo.experiment.interchange(demo.pairs, [torch.arange(demo.width(demo.experiment.site))])
    assert shares["c → h"] == [demo.share(said, gender) for gender in GENDERS]
    assert min(shares["c → h"]) > max(shares["h only"])
    h_only = Recorder([demo.experiment.site])
    tap = demo.protocol("h only")
    demo.experiment.forced(demo.recipients, lambda part: Chain(tap(part), h_only), steps=1)
    assert torch.allclose(h_only[demo.experiment.site][:, 0], demo.own(demo.experiment.site), atol=1e-5)


def test_side_effects_are_counted_outside_the_agreeing_words(demo):
    row = demo.recipients[0]
    word = demo.experiment.stimuli[row].judged[0]
    before = f"Nějaká věta {word.forms['masculine']} doma."
    assert demo.outside(row, f"Nějaká věta {word.forms['feminine']} doma.", before) == (100.0, 0)
    chrf, changed = demo.outside(row, f"Nějaká věta {word.forms['feminine']} tam dnes.", before)
    assert changed == 2 and chrf < 80


def test_a_tested_noun_may_not_be_fitted_on(demo):
    with pytest.raises(ValueError, match="is tested, and among the nouns"):
        Bench(demo.experiment, demo.pairs, demo.recipients, seed=1)
    with pytest.raises(ValueError, match="to choose on"):
        smallest("any", [0], [1], demo, demo)


def test_a_mean_is_over_the_other_nouns(demo):
    site = demo.experiment.site
    values, lemmas = demo.experiment.values(site)[demo.fit], numpy.array(demo.fit_lemmas)
    expected = {}
    for gender in GENDERS:
        names = {lemma for lemma, own in zip(demo.fit_lemmas, demo.fit_genders) if own == gender}
        expected[gender] = torch.stack([values[lemmas == name].mean(0) for name in sorted(names)]).mean(0)
    same, different = demo.means(site)
    for place, gender in enumerate(demo.genders):
        assert torch.allclose(same[place], expected[gender], atol=1e-5)
        assert not torch.allclose(different[place], same[place], atol=1e-2)


# Matched sets


def test_matched_sets_exclude_the_units_and_are_like_them():
    random = numpy.random.default_rng(1)
    traits = random.normal(size=(200, 2))
    units = [int(unit) for unit in numpy.argsort(traits[:, 0])[60:100]]
    sets, apart = matched(units, traits, 50, random)
    assert all(len(set(each)) == len(units) and not set(each) & set(units) for each in sets)
    assert len({tuple(sorted(each)) for each in sets}) == 50
    others = [unit for unit in range(200) if unit not in units]
    drawn = [numpy.sort(traits[random.choice(others, 40, replace=False)], axis=0) for _ in range(50)]
    gap = lambda chosen: numpy.abs(numpy.sort(chosen, axis=0) - numpy.sort(traits[units], axis=0)).mean()
    assert numpy.mean([gap(traits[each]) for each in sets]) < 0.5 * numpy.mean([gap(each) for each in drawn])
    assert apart < 0.25
    assert (
        matched(range(40), traits[:80], 5, random) == ([], 0.0)
        and len(matched(range(39), traits[:80], 5, random)[0]) == 5
    )


def test_a_grids_memory_along_time_is_read_by_the_next_step_alone(tiny_model):
    model = tiny_model("late", 2, cell="grid")
    for layer in (0, 1):
        torch.testing.assert_close(
            outgoing(model, f"decoder.{layer}.cell"), model.decoder[layer].weights(0)["weight_hh"].detach().norm(dim=0)
        )


def test_where_the_memory_is_the_hidden_state_neither_is_held_while_the_other_changes(demo, monkeypatch):
    monkeypatch.setattr(demo.experiment, "hidden", demo.experiment.site)
    demo.protocol("c → h")
    for name in ("c only", "h only"):
        with pytest.raises(UserError, match="no protocol"):
            demo.protocol(name)


@pytest.mark.parametrize("attention", ["none", "late", "words"])
@pytest.mark.parametrize("layer", [0, 1])
def test_a_unit_without_outgoing_weights_is_read_by_nothing(tiny_model, tokenizer, stimuli, attention, layer):
    model, unit, site = tiny_model(attention, 2), 2, f"decoder.{layer}.cell"
    assert outgoing(model, site).min() > 0
    readers = [model.decoder[layer].kernel.weight_hh_l0]
    readers += [model.decoder[1].kernel.weight_ih_l0] if layer == 0 else [model.readout.weight]
    with torch.no_grad():
        for each in readers:
            each[:, unit] = 0
        if model.attention:
            model.attention.project.weight[unit if layer == 1 else []] = 0
    assert outgoing(model, site)[unit] == 0 and (outgoing(model, site) > 0).sum() == 7
    experiment = Experiment(Translator(model, tokenizer), stimuli)
    rows = list(range(len(stimuli)))
    nine = torch.full((len(rows), 8), 9.0)
    found = experiment.forced(rows, lambda part: Change(site, nine[part], units=[unit]))
    assert torch.allclose(found, experiment.forced(rows), atol=1e-5)


def test_outgoing_weights_of_the_encoder_are_its_readers(tiny_model):
    model = tiny_model("late")
    with torch.no_grad():
        model.encoder[0].kernel.weight_hh_l0_reverse[:, 1] = 0
        model.bridge[0]["cell"].weight[:, 5] = 0  # the backward half begins at unit 4
        model.attention.project.weight[:, 5] = 0
    norms = {
        site: outgoing(model, f"encoder.0.{site}") for site in ("backward.cell", "forward.cell", "backward.hidden")
    }
    assert norms["backward.cell"].tolist().count(0) == 1 and norms["backward.cell"][1] == 0
    assert norms["forward.cell"].min() > 0 and norms["backward.hidden"].min() > 0


# Erasure


@pytest.mark.parametrize("classes, rows, units", [(2, 300, 20), (3, 300, 20), (2, 30, 60)])
def test_leace_leaves_no_linear_information_and_is_idempotent(classes, rows, units):
    random = numpy.random.default_rng(classes + rows)
    labels = numpy.arange(rows) % classes
    values = random.normal(size=(rows, units)) @ random.normal(size=(units, units)) + labels[:, None] * 2.0
    values[:, 0] += 3 * labels**2
    eraser = Whitened(values).eraser(labels.tolist())
    erased = eraser(values)
    means = numpy.stack([erased[labels == each].mean(0) for each in range(classes)])
    assert numpy.allclose(means, means[0], atol=1e-8)
    assert numpy.allclose(eraser(erased), erased, atol=1e-8)
    assert numpy.linalg.matrix_rank(eraser.read @ eraser.write, tol=1e-8) == classes - 1
    if rows > units:
        probe = lambda x: LogisticRegression(max_iter=2000).fit(x, labels).score(x, labels)
        assert probe(values) > 0.9 and probe(erased) <= 1 / classes + 0.01


def test_leace_is_the_papers_formula():
    random = numpy.random.default_rng(1)
    labels = random.integers(0, 2, 200)
    values = random.normal(size=(200, 6)) @ random.normal(size=(6, 6)) + labels[:, None]
    centred = values - values.mean(0)
    W = linalg.inv(linalg.sqrtm(ledoit_wolf(values)[0]))
    shared = W @ (centred.T @ (labels - labels.mean())[:, None] / 200)
    P = linalg.inv(W) @ shared @ linalg.pinv(shared) @ W
    assert numpy.allclose(Whitened(values).eraser(labels.tolist())(values), values - centred @ P.T, atol=1e-8)


def test_erasure_needs_two_classes_and_values_that_vary():
    with pytest.raises(UserError, match="two classes"):
        Whitened(numpy.eye(4)).eraser([1, 1, 1, 1])
    with pytest.raises(UserError, match="do not vary"):
        Whitened(numpy.ones((4, 3)))


def test_erasing_the_gender_breaks_the_agreement_and_erasing_a_random_one_does_not(demo):
    found = demo.erased(demo.experiment.states, draws=3)
    assert found.kept_gender + 0.1 < numpy.mean(found.control)
    assert found.kept_gender < min(found.control)
    assert found.p == 0.25
    json.dumps(asdict(found), allow_nan=False)


# Models whose answer is known


def bench(kind: str) -> tuple[Bench, Bench, list[int]]:
    """To choose on, to test on, and the units that decide."""
    translator, deciding = planted.plant(kind, seed=1)
    pairs = [pair for pair in planted.pairs() if pair.factors.template in ("první0", "první1")]
    experiment = Experiment(translator, select(pairs, translator.tokenizer, "lexical", 24))
    fold = lambda name: [row for row, each in enumerate(experiment.stimuli) if each.factors.lemma_fold == name]
    fit, held_out = fold("fit"), fold("held-out")
    return (
        Bench(experiment, partners(experiment.stimuli, fit, same_gender=False), [], seed=1),
        Bench(experiment, partners(experiment.stimuli, held_out, same_gender=False), fit, seed=1),
        deciding,
    )


@pytest.mark.parametrize("kind", planted.KINDS)
def test_the_smallest_set_is_of_the_planted_units(kind):
    choose, test, deciding = bench(kind)
    effects = alone(choose)
    assert set(numpy.flatnonzero(numpy.abs(effects) > 1e-4)) == set(deciding)
    found = smallest("own effect", numpy.argsort(-effects).tolist(), [1, 2, 4, 8], choose, test)
    assert found.units and set(found.units) <= set(deciding)
    assert len(found.units) > 1 if kind == "distributed" else found.units == deciding
    assert {each.value for each in found.measured.values()} == {1.0}


def test_a_planted_cell_passes_every_rung():
    choose, test, deciding = bench("cell")
    same, different = test.means(test.experiment.site)
    order = numpy.argsort(-(same - different)[0].abs().numpy()).tolist()
    found = causal(test, choose, order, [1, 2, 4], draws=5, progress=lambda *_: None)
    assert found.chosen == deciding
    effects = {(each.name, each.units, each.site): each for each in found.effects}
    for name in ("interchange, c → h", "clamp, dose 1", "clamp, dose 4", "steer, dose 1"):
        each = effects[name, 1, "decoder.0.cell"]
        assert (each.all_words.value, each.chrf.value, each.kept_number.value) == (1, 100, 1)
    assert effects["mean", 1, "decoder.0.cell"].normalised.value == pytest.approx(0.5, abs=0.05)
    assert effects["interchange, h only", 1, "decoder.0.cell"].all_words.value == 0  # the words come later
    assert all((each.observed, each.mean, each.p) == (1, 0, 1 / (each.draws + 1)) for each in found.controls)
    for each in found.erased:
        assert all(effect.normalised.value == pytest.approx(0.5, abs=0.05) for effect in each.effects)
    json.dumps(asdict(found), allow_nan=False)
