"""Scores are sacrebleu's, each with its conditions."""

from __future__ import annotations

import pytest
import sacrebleu

from seq2seq.scoring import score

OUTPUTS = ["Jsem kluk, který se rád učí.", "Kluk je unavená."]
REFERENCES = ["Jsem kluk, který se rád učí.", "Holka je unavená."]


def test_scores_are_sacrebleus_with_their_signatures():
    bleu, chrf, exact = score(OUTPUTS, REFERENCES)
    assert bleu.value == sacrebleu.corpus_bleu(OUTPUTS, [REFERENCES]).score
    assert chrf.value == sacrebleu.corpus_chrf(OUTPUTS, [REFERENCES]).score
    assert (exact.name, exact.value, exact.conditions) == ("exact match", 50.0, "n = 2")
    assert "tok:13a" in bleu.conditions and "case:mixed" in bleu.conditions and "version:" in chrf.conditions


def test_the_same_text_scores_full_marks():
    assert [each.value for each in score(REFERENCES, REFERENCES)] == pytest.approx([100, 100, 100])


def test_a_missing_translation_is_an_error():
    with pytest.raises(ValueError):
        score(OUTPUTS[:1], REFERENCES)
