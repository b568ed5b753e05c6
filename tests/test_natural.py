"""Natural pairs: where the noun is, what an output shows, and steering the demo run in the world it was trained on."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy
import pytest
import torch
from sacrebleu.metrics import CHRF

import seq2seq
from corpora.records import Agreeing, Factors, Noun, Pair, Span
from seq2seq.agreement import evident
from seq2seq.config import UserError
from seq2seq.probing.natural import pairs as files
from seq2seq.probing.natural.carried import Said, carried
from seq2seq.probing.natural.controls import bystanders, null
from seq2seq.probing.natural.pairs import rest, shown, unchanged
from seq2seq.probing.natural.sentences import CHANGES, Pairs, Sentences, ranking
from seq2seq.probing.natural.steering import (
    SCHEMES,
    Choice,
    Effect,
    apart,
    boy_or_rest,
    choose,
    measure,
    pick,
    schemes,
    steps,
)
from seq2seq.probing.natural.study import evaluate, save, told
from seq2seq.probing.statistics import wilson
from seq2seq.taps import Chain, Patch
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent
APART = "each pair of nouns from all others"
HEAD = ("id", "source_masc", "source_fem", "noun_en")
NOUNS = [("boy", "girl"), ("brother", "sister"), ("uncle", "aunt"), ("king", "queen")]
FRAMES = ["I am a {} who likes to learn.", "The {} is tired.", "The {} was at home.", "The {} sang."]


def thing(english: str, czech: str, gender: str, past: str, red: str) -> Pair:
    """A sentence of family 2, with its factors: the chair was red."""
    target, start = f"{czech} {past} {red}.", len(czech) + 1
    agreeing = (
        Agreeing("participle", Span(start, start + len(past)), 0, 0, {"masculine": "byl", "feminine": "byla"}),
        Agreeing(
            "adjective",
            Span(start + len(past) + 1, len(target) - 1),
            0,
            1,
            {"masculine": "červený", "feminine": "červená"},
        ),
    )
    noun = Noun(czech.lower(), english, gender, False, False, Span(0, len(czech)), Span(4, 4 + len(english)))
    factors = Factors("open", "predicate", "predicate-1", f"The {gender} was red.", "none", 1, (noun,), agreeing)
    return Pair(f"The {english} was red.", target, "things", factors)


THINGS = [
    thing("chair", "Židle", "feminine", "byla", "červená"),
    thing("lamp", "Lampa", "feminine", "byla", "červená"),
    thing("house", "Dům", "masculine", "byl", "červený"),
    thing("bridge", "Most", "masculine", "byl", "červený"),
]


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None).writerows([HEAD, *rows])
    return path


@pytest.fixture(scope="module")
def demo() -> Translator:
    return seq2seq.load(HOUSE / "checkpoints" / "demo")


@pytest.fixture(scope="module")
def natural_pairs(demo, tmp_path_factory) -> Pairs:
    rows = [
        (f"{n}", frame.format(nouns[0]), frame.format(nouns[1]), nouns[0])
        for n, (frame, nouns) in enumerate(product(FRAMES, NOUNS))
    ]
    return Pairs(demo, write(tmp_path_factory.mktemp("natural") / "pairs.tsv", rows))


# Where the noun is


@pytest.mark.parametrize(
    ("masculine", "feminine", "noun", "nouns", "place"),
    [
        ("A man sleeps.", "A woman sleeps.", "man", ("man", "woman"), 1),
        ("In his room a man sleeps.", "In her room a woman sleeps.", "woman", ("man", "woman"), 4),
        ("His boy sleeps.", "Her boy sleeps.", "", ("his", "her"), 0),
        ("A Boy's hat.", "A Girl’s hat.", "boy", ("boy", "girl"), 1),
        ("A man sleeps.", "A young woman sleeps.", "man", ("", ""), None),
        ("A man sleeps.", "A man sleeps.", "man", ("", ""), None),
    ],
)
def test_the_noun_is_the_named_word_that_differs(masculine, feminine, noun, nouns, place):
    found = files.pair(dict(zip(HEAD, ("1", masculine, feminine, noun))))
    assert (found.nouns, found.place) == (nouns, place)


def test_a_direction_has_read_a_word_at_its_last_piece_and_from_right_to_left_at_its_first(demo):
    texts = ["The boy sang.", "The policewoman danced."]
    sentences = Sentences(demo, texts, [1, 1])
    for text, forward, backward in zip(texts, *sentences.positions.values()):
        pieces = demo.tokenizer.encode(text)
        assert demo.tokenizer.decode(pieces[: int(forward) + 1]) == " ".join(text.split()[:2])
        assert demo.tokenizer.decode(pieces[: int(backward)]) == "The"
    assert int(sentences.positions["encoder.0.forward.cell"][1]) > int(
        sentences.positions["encoder.0.backward.cell"][1]
    )


# What an output shows


@pytest.mark.parametrize(
    ("text", "gender", "left"),
    [
        ("Muž spí na zelené pohovce.", "masculine", "spí na zelené pohovce ."),
        ("Malá dívka, která se ráda učí.", "feminine", ", se učí ."),
        ("Holka, který se rád učí.", "mixed", ", se učí ."),
        ("Pes v červeném domě.", None, "pes v červeném domě ."),
        ("Mladá žena je oblečená v modrém.", "feminine", "je v modrém ."),
    ],
)
def test_gender_is_shown_by_nouns_and_agreeing_words_and_the_rest_is_what_is_left(text, gender, left):
    assert shown(text) == gender and rest(text) == left


def test_what_only_changes_its_gender_leaves_the_rest_alone_and_another_word_does_not():
    masculine, feminine = "Malý kluk, který rád zpívá, jde domů.", "Malá holka, která ráda zpívá, jde domů."
    assert unchanged([feminine], [masculine]) == pytest.approx(100)
    other = "Malá holka, která ráda zpívá, jede domů."
    assert unchanged([other], [masculine]) == pytest.approx(
        CHRF().corpus_score([rest(other)], [[rest(masculine)]]).score
    )
    assert unchanged([other], [masculine]) < 100


# Other nouns


def test_no_scheme_lets_a_noun_speak_for_itself():
    nouns = [("boy", "girl"), ("man", "woman"), ("cowboy", "cowgirl"), ("policeman", "policewoman"), ("guy", "lady")]
    for others in SCHEMES.values():
        for own, given in product(nouns, nouns):
            if others(own, given):
                assert not set(own) & set(given) and apart(own, given)
    assert boy_or_rest(("man", "woman"), ("boy", "girl")) and boy_or_rest(("cowboy", "cowgirl"), ("man", "woman"))
    assert not boy_or_rest(("man", "woman"), ("guy", "lady")) and not boy_or_rest(
        ("guy", "lady"), ("cowboy", "cowgirl")
    )


def test_without_a_boy_and_a_girl_all_other_nouns_speak(demo, tmp_path):
    rows = [("1", "The man sang.", "The woman sang.", "man"), ("2", "The king sang.", "The queen sang.", "king")]
    path = write(tmp_path / "pairs.tsv", rows)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as spreadsheets begin a file
    assert schemes(Pairs(demo, path)) == [APART]


def test_a_step_does_not_depend_on_the_sentences_with_its_own_noun(natural_pairs):
    nouns = [("boy", "girl")]
    before, _ = steps(natural_pairs, nouns, natural_pairs.units, apart)
    own = torch.tensor([each == nouns[0] for each in natural_pairs.nouns])
    kept = natural_pairs.difference
    try:
        natural_pairs.difference = torch.where(own[:, None], torch.randn(kept.shape), kept)
        assert torch.equal(steps(natural_pairs, nouns, natural_pairs.units, apart)[0], before)
        natural_pairs.difference = torch.where(own[:, None], kept, -kept)
        assert torch.allclose(steps(natural_pairs, nouns, natural_pairs.units, apart)[0], -before)
    finally:
        natural_pairs.difference = kept


def test_a_step_is_the_mean_over_nouns_in_the_most_different_units_as_long_as_differences_are(natural_pairs):
    [step], [chosen] = steps(natural_pairs, [("boy", "girl")], 32, apart)
    difference = natural_pairs.difference.numpy()
    means = [difference[[each == noun for each in natural_pairs.nouns]].mean(0) for noun in NOUNS[1:]]
    mean = sum(means) / 3
    best = numpy.argsort(-abs(mean))[:32]
    rows = [each != NOUNS[0] for each in natural_pairs.nouns]
    length = numpy.linalg.norm(difference[rows][:, best], axis=1).mean()
    expected = numpy.zeros_like(mean)
    expected[best] = mean[best] / numpy.linalg.norm(mean[best]) * length
    assert sorted(best) == chosen.nonzero().flatten().tolist() and numpy.allclose(step, expected, atol=1e-5)


def test_nouns_that_have_no_others_are_refused():
    with pytest.raises(UserError, match="no sentence has nouns other than boy and girl"):
        ranking(torch.ones(2, 4), [("boy", "girl")] * 2, ("boy", "girl"), apart)


# Acting


def test_a_step_of_nothing_changes_nothing_and_all_of_the_partner_is_not_nothing(natural_pairs):
    nothing = dict.fromkeys(CHANGES, 0.0)
    step, _ = steps(natural_pairs, natural_pairs.nouns, natural_pairs.units, apart)
    unpatched = measure(
        natural_pairs, natural_pairs.steered(step, nothing), "steering", natural_pairs.units, nothing, APART
    )
    assert [(each.shown.value, each.agreeing.value) for each in unpatched] == [(0, 0)] * 2
    assert all(each.chrf == pytest.approx(100) for each in unpatched)
    assert torch.equal(natural_pairs.steered(step, nothing), natural_pairs.sentences.own)


def test_interchange_in_chosen_units_is_the_partners_value_there_and_the_own_one_elsewhere(natural_pairs):
    chosen = torch.zeros(len(natural_pairs), natural_pairs.units, dtype=torch.bool)
    chosen[:, ::3] = True
    masculine, feminine = natural_pairs.sentences.own.chunk(2)
    expected = torch.cat([masculine, feminine]).clone()
    expected[: len(natural_pairs), ::3], expected[len(natural_pairs) :, ::3] = feminine[:, ::3], masculine[:, ::3]
    assert torch.equal(natural_pairs.interchanged(chosen), expected)


@pytest.mark.parametrize("beam", [1, 3])
def test_writing_at_the_noun_is_what_one_patch_a_sentence_does(natural_pairs, demo, beam):
    """An independent road: one sentence at a time, through Translator, which taps encoder and decoder alike."""
    step, _ = steps(natural_pairs, natural_pairs.nouns, natural_pairs.units, apart)
    values = natural_pairs.steered(step, dict.fromkeys(CHANGES, 1.5))
    rows = [0, 5, len(natural_pairs) + 1, len(natural_pairs) + 6]
    found = natural_pairs.sentences.translate(rows, beam, encoder=natural_pairs.sentences.written(rows, values[rows]))
    for row, text in zip(rows, found):
        forward, backward = values[row : row + 1].chunk(2, dim=1)
        noun = demo.tokenizer.align(demo.tokenizer.encode(natural_pairs.sentences.texts[row]))
        noun = next(word for word in noun if word.text in (name for both in NOUNS for name in both))
        tap = Chain(
            Patch("encoder.0.forward.cell", forward, positions=torch.tensor([noun.last])),
            Patch("encoder.0.backward.cell", backward, positions=torch.tensor([noun.first])),
        )
        assert demo.translate([natural_pairs.sentences.texts[row]], beam=beam, tap=tap) == [text]


def test_a_file_that_is_no_table_is_refused_in_one_line(tmp_path):
    (tmp_path / "page.html").write_text("id\tsource_masc\tsource_fem\n" + 200_000 * "x")
    with pytest.raises(UserError, match="no table of tab-separated columns"):
        files.read(tmp_path / "page.html")


def test_a_run_that_shows_no_gender_is_refused_in_one_line(tiny_model, tokenizer, tmp_path):
    rows = [("1", "The boy sang.", "The girl sang.", "boy"), ("2", "The king sang.", "The queen sang.", "king")]
    with pytest.raises(UserError, match=r"^pairs\.tsv: in no pair [^\n]*$"):
        choose(Pairs(Translator(tiny_model("none"), tokenizer), write(tmp_path / "pairs.tsv", rows)))


# The decoder's own cell


def test_what_was_said_up_to_the_noun_stays_and_nothing_exchanged_changes_nothing(natural_pairs, demo):
    said = Said(natural_pairs)
    assert said.judged and len(said.own) == 2 * len(said.nouns)
    unpatched = said.go_on(said.own)
    outputs = natural_pairs.said(1)
    assert unpatched == [evident(outputs[said.rows[n]][said.words[n].start :]) for n in said.judged]
    values = said.own.roll(len(said.nouns), 0)
    texts = said.sentences.translate(
        [said.rows[n] for n in said.judged],
        decoder=lambda part: Patch(said.site, values[said.judged][part], positions=said.positions[said.judged][part]),
        forced=said.forced[said.judged],
    )
    for text, n in zip(texts, said.judged):
        assert text[: said.words[n].end] == outputs[said.rows[n]][: said.words[n].end]
    curve = carried(natural_pairs, natural_pairs, apart)
    assert [each.agreeing.value for each in curve[:2]] == [0, 0] and curve[0].k == 0
    assert sum(each.agreeing.value for each in curve[-2:]) > 1  # without attention the decoder's cell carries it


# All together


def trial(dose: float, agree: int, chrf: float) -> Effect:
    """With an eighth of the units: so many of 100 agree in the other gender."""
    rate = wilson([n < agree for n in range(100)])
    return Effect("steering", APART, 32, dose, 1, CHANGES[0], rate, rate, chrf)


@pytest.mark.parametrize(
    ("trials", "dose"),
    [
        ([trial(1, 40, 97), trial(2, 87, 90), trial(3, 90, 80)], 2),  # one standard error of 90 % is 3 %
        ([trial(1, 40, 97), trial(2, 86, 90), trial(3, 90, 80)], 3),
        ([trial(1, 80, 96), trial(2, 90, 90), trial(3, 95, 80)], 1),  # the only one that leaves the rest alone
        ([trial(1, 70, 96), trial(2, 90, 90), trial(3, 95, 80)], 3),  # its interval reaches below 67 %
        ([trial(1, 0, 99), trial(2, 0, 99)], 1),
    ],
)
def test_the_smallest_dose_that_does_as_much_is_taken_and_only_a_gentle_one_where_one_suffices(trials, dose):
    assert pick(trials, 256).dose == dose


def test_the_dose_follows_the_rule_and_the_result_is_complete(natural_pairs, tmp_path):
    choice = choose(natural_pairs, doses=(0.5, 1.5))
    for k, doses in ((choice.k, choice.doses), (natural_pairs.units, choice.all_doses)):
        for change in CHANGES:
            tried = [each for each in choice.trials if (each.k, each.change) == (k, change)]
            assert [each.dose for each in tried] == [0.5, 1.5]
            assert doses[change] == pick(tried, natural_pairs.units).dose
    found = evaluate(natural_pairs, natural_pairs, choice, THINGS, draws=2, beams=(1, 2), seed=3)
    assert choice.k == natural_pairs.units // 8
    whole = [
        each for each in found.effects if each.what == "interchange" and (each.k, each.beam) == (natural_pairs.units, 1)
    ]
    assert all(each.shown.value > 0.9 and each.shown.n > 8 for each in whole)
    assert all(each.shown.mean < 0.5 for each in found.controls if each.what == "random units")
    written = json.loads(
        save({"one": found, "two": replace(found, seed=4)}, tmp_path, "command").read_text(encoding="utf-8")
    )
    assert [(each["run"], each["seed"], each["choice"]["file"]) for each in written["results"]] == [
        ("one", 3, "pairs.tsv"),
        ("two", 4, "pairs.tsv"),
    ]
    assert len(told(found).splitlines()) < 30


def test_things_that_nothing_is_done_to_stay_what_they_are(natural_pairs):
    nothing = dict.fromkeys(CHANGES, 0.0)
    choice = Choice("", natural_pairs.sentences.sites, APART, 32, nothing, nothing, {}, [])
    found = bystanders(natural_pairs, choice, THINGS, numpy.random.default_rng(1), 1)
    assert found and {each.change for each in found} <= set(CHANGES)  # in which the run says these nouns
    for each in found:
        assert each.noun_lost.value == each.person.value == 0 and (each.agreeing is None or each.agreeing.value == 0)


def test_p_counts_the_draws_that_change_as_much():
    drawn = [wilson([n < hits for n in range(10)]) for hits in (0, 3, 5, 9)]
    assert null(wilson([True] * 5 + [False] * 5), drawn).p == 3 / 5
    assert null(wilson([True] * 10), drawn).p == 1 / 5
