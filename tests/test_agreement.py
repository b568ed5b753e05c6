"""Agreement, judged word by word from hand-made factors."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from corpora.agreement import load
from corpora.records import GENDERS, OTHER_ANIMACY, Agreeing, Factors, Noun, Span
from seq2seq.agreement import MISSING, RIGHT, WRONG, coherent, evident, judge, shown_by_nouns

NOWHERE = Span(0, 0)


def agreeing(forms: str, controller: int = 0) -> Agreeing:
    return Agreeing("test", NOWHERE, controller, 0, dict(zip(GENDERS, forms.split())))


def factors(words: list[Agreeing], *genders: str) -> Factors:
    nouns = tuple(Noun("noun", "noun", gender, True, False, NOWHERE, NOWHERE) for gender in genders)
    return Factors("lexical", "", "", "", "none", 0, nouns, tuple(words))


KTERÝ, RÁD = agreeing("který která které"), agreeing("rád ráda rádo")
BOY, GIRL = factors([KTERÝ, RÁD], "masculine"), factors([KTERÝ, RÁD], "feminine")


def verdicts(factors: Factors, output: str, *more) -> list[str]:
    return [each.verdict for each in judge(factors, output, *more)]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Jsem kluk, který se rád učí.", [RIGHT, RIGHT]),
        ("RÁD se učí KTERÝ?", [RIGHT, RIGHT]),
        ("Jsem kluk, který se ráda učí.", [RIGHT, WRONG]),
        ("Jsem holka, která se ráda učí.", [WRONG, WRONG]),
        ("Jsem kluk, co se rádo učí.", [MISSING, WRONG]),
        ("Jsem kluk, kterýž neradí.", [MISSING, MISSING]),
        ("", [MISSING, MISSING]),
    ],
)
def test_each_word_is_right_wrong_or_missing_wherever_it_stands(output, expected):
    assert verdicts(BOY, output) == expected
    assert coherent(BOY, output) == (expected == [RIGHT, RIGHT])


def test_another_gender_can_be_wanted_of_the_first_noun_alone():
    two = factors([KTERÝ, agreeing("unavený unavená unavené", controller=1)], "masculine", "masculine")
    assert verdicts(two, "která unavený", "feminine") == [RIGHT, RIGHT]
    assert coherent(GIRL, "který rád", "masculine") and not coherent(GIRL, "který rád")


def test_a_word_is_used_up_by_the_one_it_is_right_for():
    """Two words of the same forms: one that is said once cannot be right twice, nor wrong for the other."""
    twice = factors([RÁD, RÁD], "masculine")
    assert verdicts(twice, "rád rád") == [RIGHT, RIGHT]
    assert verdicts(twice, "rád") == [RIGHT, MISSING]
    assert verdicts(twice, "ráda rád") == [RIGHT, WRONG]
    mixed = factors([agreeing("rád ráda rádo", 1), RÁD], "masculine", "feminine")
    assert verdicts(mixed, "rád ráda") == [RIGHT, RIGHT], "each is right for one, though wrong for the other"


def test_only_the_words_asked_for_are_judged_and_a_spare_words_form_is_not_right_for_another():
    said = factors([KTERÝ, RÁD], "masculine")
    [verdict] = judge(said, "která rád", words=[RÁD])
    assert (verdict.word, verdict.wanted, verdict.verdict) == (RÁD, "rád", RIGHT)
    [verdict] = judge(said, "který rád", words=[RÁD], spare=[agreeing("rád ráda rádo")])
    assert verdict.verdict == MISSING, "the only rád is the spare word's"


def test_the_other_animacy_is_a_form_of_another_gender_and_not_a_word_gone():
    """Která in the accusative is kterého for people and který for things: the wrong one is there, and wrong."""
    words = (
        (pair.factors, word)
        for pair in load("probe")
        if pair.factors.family == "lexical"
        for word in pair.factors.agreeing
    )
    found, word = next(each for each in words if each[1].forms["masculine"] == "kterého")
    assert word.forms[OTHER_ANIMACY] == "který"
    [verdict] = judge(found, "Vidím muže, který spí.", "masculine", words=[word])
    assert (verdict.wanted, verdict.verdict) == ("kterého", WRONG)


@pytest.mark.parametrize(
    ("text", "gender"),
    [
        ("Jsem kluk, který se rád učí.", "masculine"),
        ("Jsem holka, která se ráda učí.", "feminine"),
        ("Jsem holka, který se ráda učí.", "mixed"),
        ("Mladá žena má na sobě klobouk.", "feminine"),
        ("Muž dělá hamburgery na černém grilu.", None),
        ("Muž oblečený v černém sedí.", "masculine"),
        ("Včera tam spala.", "feminine"),
        ("", None),
    ],
)
def test_evident_gender_is_what_agreeing_words_show(text, gender):
    assert evident(text) == gender


def test_nouns_are_judged_apart():
    assert shown_by_nouns("Jsem holka, který se rád učí.") == "feminine"
    assert shown_by_nouns("Muž a žena sedí.") == "mixed" and shown_by_nouns("Pes spí.") is None


@pytest.mark.parametrize("part", ["val", "2016"])
def test_evident_gender_agrees_with_an_independent_judge_on_natural_sentences(part):
    """Of real captions whose agreeing words were judged by a checker with a dictionary: where we see one, the same."""
    data = os.environ.get("SEQ2SEQ_DATA")
    if not data:
        pytest.skip("SEQ2SEQ_DATA names no folder with corpora/multi30k")
    with open(Path(data) / "corpora" / "multi30k" / f"gender_pairs_{part}.tsv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    short = {"masculine": "masc", "feminine": "fem"}
    judged = [
        (row["cs_agree"], short.get(evident(row["reference_cs"]))) for row in rows if row["cs_agree"] in short.values()
    ]
    seen = [ours == theirs for theirs, ours in judged if ours]
    assert len(seen) >= 0.75 * len(judged) and sum(seen) >= 0.95 * len(seen)
