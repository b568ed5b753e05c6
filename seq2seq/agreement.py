"""Does a Czech sentence agree? Judged word by word, from the factors of a pair that the grammar made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.records import Agreeing, Factors

from .tokenizer import WORD

RIGHT, WRONG, MISSING = "right", "wrong", "missing"


@dataclass(frozen=True)
class Verdict:
    """One agreeing word: right (the form that its controller wants), wrong (another gender's), or missing."""

    word: Agreeing
    wanted: str
    verdict: str


def judge(
    factors: Factors,
    output: str,
    gender: str | None = None,
    words: Sequence[Agreeing] | None = None,
    spare: Sequence[Agreeing] = (),
) -> list[Verdict]:
    """What became of each of these agreeing words (None: all) in this translation, wherever in the sentence it stands.

    `gender` replaces the gender of the first noun, for a translation whose gender was changed on purpose. `spare` are agreeing
    words that the output holds, too, and that are not judged: the form of one of them is not right for another word.
    """
    left = Counter(word.lower() for word in WORD.findall(output))

    def wanted(word: Agreeing) -> str:
        own = gender if gender and word.controller == 0 else factors.nouns[word.controller].gender
        return word.forms[own].lower()

    left.subtract(wanted(word) for word in spare)
    verdicts: list[Verdict] = []
    pending: list[Agreeing] = []
    for word in factors.agreeing if words is None else words:
        if left[wanted(word)] > 0:  # a form is used up by the word that it is right for …
            left[wanted(word)] -= 1
            verdicts.append(Verdict(word, wanted(word), RIGHT))
        else:
            pending.append(word)
    for word in pending:  # … before what is left over can be wrong for another
        other = next((form.lower() for form in word.forms.values() if left[form.lower()] > 0), None)
        if other:
            left[other] -= 1
        verdicts.append(Verdict(word, wanted(word), WRONG if other else MISSING))
    return verdicts


def coherent(factors: Factors, output: str, gender: str | None = None) -> bool:
    """Whether every agreeing word is there in the form that its controller wants."""
    return all(each.verdict == RIGHT for each in judge(factors, output, gender))
