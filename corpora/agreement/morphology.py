"""Czech inflection: every form is computed from a stem, a paradigm and features; exceptions live in the lexicon's rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CASES = ("nominative", "genitive", "accusative", "locative", "instrumental")


@dataclass(frozen=True, slots=True)
class Features:
    """What a controller hands to the words that agree with it."""

    gender: str
    animate: bool
    plural: bool = False

    @property
    def column(self) -> str:
        """The agreement column of Czech: animacy tells only in the masculine."""
        return ("animate" if self.animate else "inanimate") if self.gender == "masculine" else self.gender


# ── nouns ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# school paradigms: gender, then the endings of nominative, genitive, accusative, locative, instrumental singular and of
# the nominative plural
PARADIGMS = {
    "pán": ("masculine", "- a a ovi em i"),
    "muž": ("masculine", "- e e i em i"),
    "předseda": ("masculine", "a y u ovi ou ové"),
    "soudce": ("masculine", "e e e i em i"),
    "hrad": ("masculine", "- u - u em y"),
    "stroj": ("masculine", "- e - i em e"),
    "žena": ("feminine", "a y u ě ou y"),
    "růže": ("feminine", "e e i i í e"),
    "píseň": ("feminine", "- e - i í e"),
    "kost": ("feminine", "- i - i í i"),
    "město": ("neuter", "o a o u em a"),
    "moře": ("neuter", "e e e i em e"),
    "stavení": ("neuter", "í í í í ím í"),
    "kuře": ("neuter", "e ete e eti etem ata"),
}
# the consonant a front vowel of the ending softens: vnuk → vnuci, škola → škole, řeka → řece, neteř stays
BEFORE_I = (("ch", "š"), ("k", "c"), ("h", "z"), ("g", "z"), ("r", "ř"))
BEFORE_E = (("ch", "še"), ("k", "ce"), ("h", "ze"), ("g", "ze"), ("r", "ře"), ("l", "le"), ("s", "se"), ("z", "ze"))
BEFORE_LONG_I = (("ck", "čt"), ("sk", "št"), *BEFORE_I)


def soften(stem: str, table: tuple[tuple[str, str], ...], otherwise: str = "") -> str:
    """`stem` with its last consonant softened by the first fitting row of `table`."""
    for hard, soft in table:
        if stem.endswith(hard):
            return stem[: -len(hard)] + soft
    return stem + otherwise


def join(stem: str, ending: str) -> str:
    """Stem and ending, where spelling has ě for e after ň, ť and ď: skříň + e → skříně, tchyň + e → tchyně."""
    if ending[:1] in ("e", "i", "í") and stem[-1:] in ("ň", "ť", "ď"):
        stem = stem[:-1] + {"ň": "n", "ť": "t", "ď": "d"}[stem[-1]]
        ending = "ě" + ending[1:] if ending[0] == "e" else ending
    return stem + ending


def noun_forms(lemma: str, paradigm: str, stem: str = "", **irregular: str) -> Mapping[str, str]:
    """The five singular cases and `plural`, the nominative plural; `stem` is the one of the oblique cases: otec, otc-."""
    endings = PARADIGMS[paradigm][1].replace("-", "").split(" ")
    soft_e = lemma.endswith("ě")  # vévodkyně: the stem is vévodkyň-
    base = lemma.removesuffix("ě" if soft_e else endings[0]) if endings[0] else lemma
    base = stem or (base[:-1] + {"n": "ň", "t": "ť", "d": "ď"}[base[-1]] if soft_e and base[-1] in "ntd" else base)
    forms = {}
    for case, ending in zip((*CASES, "plural"), endings, strict=True):
        if case == "nominative" or (case == "accusative" and ending == ""):
            forms[case] = lemma
        elif paradigm == "pán" and case == "plural":
            forms[case] = soften(base, BEFORE_I) + "i"
        elif paradigm == "žena" and case == "locative":
            forms[case] = soften(base, BEFORE_E, "ě")
        else:
            forms[case] = join(base, ending)
    return {**forms, **irregular}


# ── words that agree ─────────────────────────────────────────────────────────────────────────────────────────────────
# rows: case; columns: masculine animate, masculine inanimate, feminine, neuter
COLUMNS = ("animate", "inanimate", "feminine", "neuter")


def paradigm_table(text: str) -> dict[tuple[str, bool, str], str]:
    """Lines `singular nominative: a b c d` to (case, plural?, column) → form or ending."""
    table = {}
    for line in text.strip().splitlines():
        head, _, forms = line.partition(":")
        number, case = head.split()
        for column, form in zip(COLUMNS, forms.split(), strict=True):
            table[case, number == "plural", column] = form
    return table


HARD = paradigm_table("""
    singular nominative:   ý   ý   á   é
    singular genitive:     ého ého é   ého
    singular accusative:   ého ý   ou  é
    singular locative:     ém  ém  é   ém
    singular instrumental: ým  ým  ou  ým
    plural nominative:     í   é   é   á
    plural accusative:     é   é   é   á
""")
SOFT = paradigm_table("""
    singular nominative:   í   í   í   í
    singular genitive:     ího ího í   ího
    singular accusative:   ího í   í   í
    singular locative:     ím  ím  í   ím
    singular instrumental: ím  ím  í   ím
    plural nominative:     í   í   í   í
    plural accusative:     í   í   í   í
""")
DETERMINERS = {
    "můj": paradigm_table("""
        singular nominative: můj  můj moje moje
        plural nominative:   moji moje moje moje
    """),
    "ten": paradigm_table("""
        singular nominative: ten ten ta to
        plural nominative:   ti  ty  ty ta
    """),
    "jeden": paradigm_table("""
        singular nominative: jeden jeden jedna jedno
        plural nominative:   jedni jedny jedny jedna
    """),
    "náš": paradigm_table("""
        singular nominative: náš  náš  naše naše
        plural nominative:   naši naše naše naše
    """),
}
SHORT = paradigm_table("""
    singular nominative: - - a o
    plural nominative:   i y y a
""")


def adjective(lemma: str, case: str, features: Features) -> str:
    """A long adjective (also který): hard in -ý, soft in -í; the masculine animate plural softens: velký → velcí."""
    soft = lemma.endswith("í")
    stem, ending = lemma[:-1], (SOFT if soft else HARD)[case, features.plural, features.column]
    if features.plural and features.column == "animate" and case == "nominative" and not soft:
        stem = soften(stem, BEFORE_LONG_I)
    return stem + ending


def determiner(lemma: str, case: str, features: Features) -> str:
    return DETERMINERS[lemma][case, features.plural, features.column]


def short_form(masculine: str, features: Features, stem: str = "") -> str:
    """An l-participle, a short passive or rád: `stem` is what the endings join: přišel, přišl-."""
    ending = SHORT["nominative", features.plural, features.column]
    return masculine if ending == "-" else (stem or masculine) + ending


# sám shortens its vowel
def alone(features: Features) -> str:
    return short_form("sám", features, "sam")


# ── prepositions ─────────────────────────────────────────────────────────────────────────────────────────────────────
VOCALISED = {
    "z": re.compile(r"[zsžš]|hř"),
    "v": re.compile(r"[vf]|[sš][^aeiouyáéěíóúůý]"),
    "s": re.compile(r"[szšž]"),
}


def vocalise(preposition: str, following: str) -> str:
    """z, v, s before consonants that would swallow them: ze školy, ve starém domě, se svetrem."""
    clash = VOCALISED.get(preposition)
    return preposition + "e" if clash and clash.match(following.lower()) else preposition
