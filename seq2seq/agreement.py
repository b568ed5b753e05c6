"""Does a Czech sentence agree? Judged word by word, from the factors of a pair that the grammar made; and, for any Czech
sentence about one person, which gender its agreeing words show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from corpora.records import Agreeing, Factors

from .tokenizer import WORD

RIGHT, WRONG, MISSING = "right", "wrong", "missing"


# What shows a person's gender wherever it stands …
TELLING = {"masculine": "rád nerad sám šel řekl četl vzal", "feminine": "ráda nerada sama šla řekla četla vzala"}
PARTICIPLE = {"masculine": re.compile(r"\w{2,}[aiuyě]l"), "feminine": re.compile(r"\w{2,}[aiuyě]la")}
NO_PARTICIPLE = {"fotbal", "volejbal", "basketbal", "festival", "kanál", "mobil", "automobil", "profil", "díl"}
# … what shows it beside a noun for a person, and the nouns it stands by, with those of the agreement corpus.
RELATIVE = {"masculine": "který jenž", "feminine": "která jež"}
DETERMINER = {"masculine": "jeden ten tento můj tvůj", "feminine": "jedna ta tato moje tvoje"}
PASSIVE = {"masculine": re.compile(r"\w+(en|án|ený|aný)"), "feminine": re.compile(r"\w+(ena|ána|ená|aná)")}
ADJECTIVE = {"masculine": re.compile(r"\w{2,}ý"), "feminine": re.compile(r"\w{2,}á")}
PEOPLE = {
    "masculine": "muž chlapec kluk hoch mladík chlapík chlap pán děda stařec dělník hráč běloch černoch asiat cyklista surfař "
    "fotbalista tenista závodník skateboardista bruslař lyžař kovboj kuchař pracovník prodavač zpěvák kytarista umělec",
    "feminine": "žena dívka holka holčička slečna paní dáma babička stařena dívenka blondýnka bruneta běloška černoška asiatka "
    "cyklistka hráčka tenistka závodnice bruslařka lyžařka kuchařka pracovnice prodavačka zpěvačka kytaristka umělkyně",
}


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


@cache
def people() -> dict[str, str]:
    """Noun for a person, in the nominative → its gender."""
    from corpora.agreement.lexicon import NOUNS  # late: only free text needs it

    return {noun.czech: noun.gender for noun in NOUNS if noun.animate and noun.gender in PEOPLE} | listed(PEOPLE)


def listed(lists: Mapping[str, str]) -> dict[str, str]:
    return {word: gender for gender, words in lists.items() for word in words.split()}


def matching(patterns: Mapping[str, re.Pattern[str]], word: str) -> str | None:
    return next((gender for gender, pattern in patterns.items() if pattern.fullmatch(word)), None)


def evident(text: str) -> str | None:
    """The gender that the agreeing words of a Czech sentence about one person show: masculine, feminine, mixed, or None.

    Counted are words that tell wherever they stand (rád, sám, l-participles), and, beside a noun for a person in the nominative,
    the determiners and adjectives before it and the relative pronoun or passive participle after it. The nouns themselves
    are not counted: an output may well say *holka, který*. Forms are told by lists and endings, not by a parser.
    """
    words = [word.lower() for word in WORD.findall(text)]
    telling, relative, determiner = map(listed, (TELLING, RELATIVE, DETERMINER))
    shown = {telling.get(word) or matching(PARTICIPLE, word) for word in words if word not in NO_PARTICIPLE}
    for place, word in enumerate(words):
        if word not in people():
            continue
        for before in reversed(words[:place]):
            gender = determiner.get(before) or matching(ADJECTIVE, before)
            if gender is None or before in people():
                break
            shown.add(gender)
        after = next((word for word in words[place + 1 :] if word not in (",", "je", "není", "byl", "byla")), "")
        shown.add(relative.get(after) or matching(PASSIVE, after))
    shown.discard(None)
    return "mixed" if len(shown) > 1 else next(iter(shown), None)


def shown_by_nouns(text: str) -> str | None:
    """The gender of the nouns for people, in the nominative, of a Czech sentence: masculine, feminine, mixed, or None."""
    shown = {people()[word.lower()] for word in WORD.findall(text) if word.lower() in people()}
    return "mixed" if len(shown) > 1 else next(iter(shown), None)
