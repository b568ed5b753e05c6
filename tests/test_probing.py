"""Probing: interchange against an independent one, and the whole study."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import torch

import seq2seq
from corpora.agreement import load as agreement
from corpora.agreement import pinned
from seq2seq.agreement import RIGHT, judge
from seq2seq.batching import sources
from seq2seq.cells import CELLS
from seq2seq.config import UserError
from seq2seq.model import BEGIN
from seq2seq.probing import natural
from seq2seq.probing.family import FULL, QUICK
from seq2seq.probing.interventions import Experiment, at_start
from seq2seq.probing.planted import KINDS, Null, check, null, summary
from seq2seq.probing.stimuli import GENDERS, Partners, partners, select
from seq2seq.probing.study import Study
from seq2seq.probing.units import sizes
from seq2seq.search import SearchSettings, read_prefixes, search
from seq2seq.taps import Patch
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def translator(tiny_model, tokenizer) -> Translator:
    return Translator(tiny_model("none", 2), tokenizer)


@pytest.fixture(scope="module")
def demo() -> Translator:
    return seq2seq.load(HOUSE / "checkpoints" / "demo")


# Stimuli


@pytest.fixture(scope="module")
def stimuli(tokenizer):
    return select(agreement("probe"), tokenizer, "lexical", 80)


def test_stimuli_are_balanced_and_judged_after_their_noun(stimuli):
    genders = [each.factors.gender for each in stimuli]
    assert genders.count("masculine") == genders.count("feminine")
    for each in stimuli:
        assert each.noun.text == each.factors.nouns[0].target.of(each.pair.target)
        assert each.judged and all(word.target.start >= each.noun.end for word in each.judged)


@pytest.mark.parametrize("same_gender", [False, True])
def test_partners_share_a_frame_and_differ_in_the_noun(stimuli, same_gender):
    found = partners(stimuli, range(len(stimuli)), same_gender=same_gender)
    assert found
    for each in found:
        recipient, donor = stimuli[each.recipient].factors, stimuli[each.donor].factors
        assert recipient.frame == donor.frame and recipient.lemma != donor.lemma
        assert (recipient.gender == donor.gender) == same_gender


def test_every_cell_of_the_design_has_all_held_out_nouns(tokenizer):
    nouns = defaultdict(set)
    for each in select(agreement("probe"), tokenizer, "lexical", FULL.frames):
        if each.held_out:
            nouns[each.factors.distance, each.factors.intervener].add(each.factors.lemma)
    whole = set().union(*nouns.values())
    assert len(nouns) == 10 and all(len(each) >= len(whole) - 1 for each in nouns.values())


def test_a_corpus_without_factors_is_refused(pairs, tokenizer):
    with pytest.raises(UserError, match="corpus with factors"):
        select(pairs, tokenizer, "lexical", 10)


# Interchange


def independent(translator: Translator, boy, girl, units) -> str:
    """Interchange again, the long way: search from the beginning, the prefix forced, one patch at one position."""
    model, tokenizer = translator.model, translator.tokenizer
    site = f"decoder.{len(model.decoder) - 1}.cell"
    donor = translator.trace(girl.pair.source, girl.pair.target, [site]).values[site][0, girl.noun.last + 1]
    patch = Patch(site, donor[units], units=units, positions=torch.tensor([boy.noun.last + 1]))
    source, lengths = sources([tokenizer.encode(boy.pair.source)])
    forced = torch.tensor([list(boy.pieces[: boy.noun.last + 1])])
    limit = forced.shape[1] + 2 * source.shape[1] + 10
    with torch.inference_mode():
        found = search(model, model.encode(source, lengths), limit, SearchSettings(1), forced=forced, tap=patch)
    assert patch.written == 1
    return tokenizer.decode(found[0][0].pieces)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_interchange_is_what_a_patched_search_from_the_beginning_finds(translator, k):
    boy, girl = select(pinned(), translator.tokenizer, "lexical", 1)
    units = list(range(k))
    said = Experiment(translator, [boy, girl]).interchange([Partners(0, 1)], [torch.tensor(units)])
    assert said[0][0].text == independent(translator, boy, girl, units)


# the clock is not exchanged, nor what a grid hands upward at this step
@pytest.mark.parametrize("cell", sorted(CELLS.keys() - {"clockwork", "grid"}))
def test_with_all_its_donors_states_a_sentence_goes_on_as_its_donor_does(cell, tiny_model, tokenizer, stimuli):
    """Without attention nothing else is known of a sentence; what a layer below says at this step follows from its states."""
    experiment = Experiment(Translator(tiny_model("none", 2, cell=cell), tokenizer), stimuli[:12])
    pairs = [Partners(row, 11 - row) for row in range(12)]
    whole = {site: torch.arange(experiment.values(site).shape[1]) for site in experiment.states}
    few = {site: units[:1] for site, units in whole.items()}
    after = lambda row, said: said.text[len(tokenizer.decode(stimuli[row].pieces[: stimuli[row].position])) :]
    own = [after(row, said) for row, said in enumerate(experiment.go_on(range(12)))]
    all_of_it, a_little = (list(map(after, range(12), said)) for said in experiment.exchange(pairs, [whole, few]))
    for pair, said in zip(pairs, all_of_it):
        least = min(len(said), len(own[pair.donor]))  # the longer source may say more
        assert said[:least] == own[pair.donor][:least]
    assert a_little != all_of_it != own


@pytest.mark.parametrize("cell", CELLS)
def test_going_on_from_the_noun_is_going_on_with_the_sentence(cell, tiny_model, tokenizer, stimuli):
    """Every state, and a clock if the cell has one, is as it was: read at once, or forced up to the noun anew."""
    model = tiny_model("late", 2, cell=cell)
    experiment = Experiment(Translator(model, tokenizer), stimuli[:6])
    rows, prefixes = list(range(6)), [each.pieces[: each.position] for each in stimuli[:6]]
    with torch.inference_mode():
        again = read_prefixes(model, model.encode(experiment.source, experiment.lengths), prefixes)
    for start in (None, again):
        features = experiment.forced(rows, start=start)
        for row, each in enumerate(stimuli[:6]):
            source, lengths = sources([tokenizer.encode(each.pair.source)])
            with torch.inference_mode():
                whole, _ = model.decode(torch.tensor([[BEGIN, *each.pieces]]), model.encode(source, lengths))
            rest = whole[0, each.position :]
            assert torch.allclose(features[row, : len(rest)], rest, atol=1e-5)


def test_putting_a_sentences_own_cell_in_changes_nothing(translator, stimuli):
    experiment = Experiment(translator, stimuli[:12])
    rows = list(range(12))
    plain = experiment.go_on(rows)
    same = experiment.go_on(rows, lambda part: at_start(experiment.site, experiment.own[part]))
    assert [each.text for each in same] == [each.text for each in plain]
    assert BEGIN not in experiment.first


def test_a_stimulus_is_judged_in_either_gender(stimuli):
    for each in stimuli[:20]:
        for gender in GENDERS:
            text = each.pair.target
            for word in sorted(each.judged, key=lambda word: -word.target.start):
                form = word.forms[gender]
                form = form.capitalize() if word.target.of(each.pair.target)[0].isupper() else form
                text = text[: word.target.start] + form + text[word.target.end :]
            assert all(
                v.verdict == RIGHT
                for v in judge(each.factors, text[each.noun.end :], gender, each.judged, each.unjudged)
            )


def test_the_curve_goes_through_the_eighth_to_all_units():
    assert sizes(512) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert 12 in sizes(100) and sizes(100)[-1] == 100


# Natural pairs

HEAD = "id\tsource_masc\tsource_fem\tother_human_en\tgender_cue_en\n"


def test_natural_pairs_are_translated_in_both_genders_and_unclean_rows_counted(demo, tmp_path):
    rows = "1\tI am a boy who likes to learn.\tI am a girl who likes to learn.\t\t\n2\tA boy.\tA girl.\tman\t\n"
    (tmp_path / "pairs.tsv").write_text(HEAD + rows, encoding="utf-8")
    found = natural.natural(demo, tmp_path / "pairs.tsv")
    assert (found.pairs, found.left_out) == (1, 1)
    assert [each.value for each in (*found.noun.values(), *found.agreeing.values())] == [1, 1, 1, 1]


@pytest.mark.parametrize("content", [b"", b"id\tsource_masc\n1\ta\n", HEAD.encode(), "id\tř\n".encode("utf-16")])
def test_a_file_that_holds_no_natural_pairs_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "pairs.tsv").write_bytes(content)
    with pytest.raises(UserError, match=r"^[^\n]*pairs\.tsv[^\n]*$"):
        natural.read(tmp_path / "pairs.tsv")


# The study


def test_a_model_that_understands_nothing_is_not_probed(translator):
    with pytest.raises(UserError, match="nothing to probe"):
        Study(translator, agreement("probe"), QUICK, 1, lambda *_: None)


def test_a_site_that_does_not_exist_is_refused_with_those_that_do(translator):
    with pytest.raises(UserError, match=r"decoder\.0\.nonsense.*decoder\.0\.cell"):
        Study(translator, agreement("probe"), QUICK, 1, lambda *_: None, ["decoder.0.nonsense"])


# The tool tests itself


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_planted_is_found(kind):
    failed = [each.claim for each in check(kind, seed=1) if not each.holds]
    assert not failed


def test_little_is_found_in_genders_that_mean_nothing():
    found = null(range(1, 7), lambda *_: None)
    assert found.runs == 6 and sum(found.any) <= 2
    assert all(0 < p <= 1 for p in (*found.units, *found.probe, *found.cell))


@pytest.mark.parametrize(("positives", "rejected"), [(15, False), (16, True)])
def test_fifteen_false_positives_in_two_hundred_runs_are_borne_and_sixteen_are_not(positives, rejected):
    p = [0.001] * positives + [1.0] * (200 - positives)
    found = Null(p, p, p)
    assert sum(found.any) == positives and found.rejected == rejected
    assert ("FAIL" in summary([], found)) == rejected


def test_one_small_p_of_three_is_corrected_for_the_others():
    assert Null([0.04, 0.01], [0.9, 0.9], [0.9, 0.9]).any == [False, True]
