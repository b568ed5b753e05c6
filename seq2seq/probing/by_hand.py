"""Gender changed by hand, in any sentence: a run's gender units, and what it says once they are set.

Units are chosen as the study chooses them, and nothing is measured: what is shown is one sentence. The units of the last
decoder cell are set once, as a word of the run's own translation has been read, and the run goes on freely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from corpora.agreement.design import partners
from corpora.agreement.grammar import AN
from corpora.agreement.lexicon import NOUNS, NounWord

from ..agreement import evident
from ..config import UserError
from ..progress import Progress
from ..taps import Tap
from ..tokenizer import Word
from ..trace import read_at
from ..translator import Translator
from .causal import Bench
from .family import QUICK, Family
from .interventions import at_start
from .stimuli import GENDERS, other, probed
from .units import eighth

SEED = 1
PRONOUNS = {"masculine": "he", "feminine": "she"}


@dataclass(frozen=True)
class Changed:
    """What was put in, where, and the whole sentence that the run then says."""

    how: str
    text: str


@cache
def forms() -> dict[str, NounWord]:
    """Singular form of a masculine or feminine noun, in small letters → the noun; of two that share it, the first listed."""
    found: dict[str, NounWord] = {}
    for noun in NOUNS:
        if noun.gender in GENDERS:
            for case, form in noun.forms.items():
                if case != "plural":
                    found.setdefault(form.lower(), noun)
    return found


def partner_of(noun: NounWord) -> NounWord | None:
    """The noun that English has for the other gender: of boy, girl."""
    if noun.family != "lexical":
        return None
    return next(each for each in partners(noun) if each is not noun)


def exchanged(source: str, noun: NounWord, partner: NounWord) -> str:
    """The English sentence with the partner noun, its article, and the pronoun (he, she) of its gender."""

    def like(found: re.Match[str], word: str) -> str:
        return word.capitalize() if found[0][0].isupper() else word

    article = "an" if AN.match(partner.english) else "a"
    source = re.sub(rf"\ban?(?= {noun.english}\b)", lambda found: like(found, article), source, flags=re.IGNORECASE)
    changes = {noun.english: partner.english, PRONOUNS[noun.gender]: PRONOUNS[partner.gender]}
    for old, new in changes.items():
        source = re.sub(rf"\b{old}\b", lambda found, new=new: like(found, new), source, flags=re.IGNORECASE)  # type: ignore[misc]
    return source


class ByHand:
    """One run's gender units. UserError: it does not know gender, so it has none.

    units   of `site`, an eighth at most, those first whose means for the two genders are furthest apart
    means   of each gender's nouns, at the noun: [H]
    """

    def __init__(self, translator: Translator, progress: Progress):
        self.translator = translator
        progress("making the agreement corpus", 0.0)
        pairs = probed(translator)
        progress("reading its nouns", 0.5)
        family = Family(translator, pairs, "lexical", QUICK, SEED)
        self.site, fitted = family.experiment.site, family.fitted
        order = family.order()
        self.width, self.units = len(order), order[: eighth(len(order))]
        self.nouns, self.sentences = len(set(family.lemmas(fitted))), len(fitted)
        both = [family.partners(gender=gender)[0] for gender in GENDERS]
        self.bench = Bench(family.experiment, both, fitted, SEED)
        self.means: dict[str, Tensor] = dict(zip(GENDERS, self.bench.means(self.site)[0]))

    @property
    def chosen(self) -> str:
        """How the units were chosen, and on how much."""
        return (
            f"{len(self.units)} of {self.width} units of {self.site}: an eighth, those whose means for masculine and feminine "
            f"nouns are furthest apart as the noun is read; chosen on {self.nouns} nouns in {self.sentences} sentences of the "
            "agreement corpus that this run says right"
        )

    def words(self, target: str) -> list[Word]:
        return self.translator.tokenizer.align(self.translator.tokenizer.encode(target))

    def noun(self, target: str) -> Word:
        """The first word that the lexicon knows as a masculine or feminine noun."""
        found = next((word for word in self.words(target) if word.text.lower() in forms()), None)
        if found is None:
            raise UserError(
                "the translation has no noun that the lexicon knows: say from which word, as in /flip from WORD"
            )
        return found

    def steer(self, source: str, target: str, word: Word, wanted: str, dose: float) -> Changed:
        """From this word of the translation on, with the units clamped towards a gender's mean (see `Bench.clamp`)."""
        row = GENDERS.index(other(wanted))
        tap = self.bench.clamp(self.site, dose, units=self.units)(slice(row, row + 1))
        return self.go_on(f"steered to the mean of {wanted} nouns, dose {dose:g}", source, target, word, tap)

    def flip(self, source: str, target: str, word: Word) -> Changed:
        """From this word on, with the units of the same sentence with the partner noun, where there is one and the run says it
        there; else steered to the mean of the other gender."""
        noun = forms().get(word.text.lower())
        gender = noun.gender if noun else evident(target)
        if gender not in GENDERS:
            raise UserError(f"nothing tells the gender of {word.text!r}: say /steer fem from {word.text}, or masc")
        if noun and (partner := partner_of(noun)) and (own := exchanged(source, noun, partner)) != source:
            [said] = self.translator.translate([own])
            wanted = {form.lower() for case, form in partner.forms.items() if case != "plural"}
            donor = next((each for each in self.words(said) if each.text.lower() in wanted), None)
            if donor:
                value = self.translator.trace(own, said, [self.site]).at(self.site, [read_at(donor)])  # [1, H]
                tap = at_start(self.site, value[:, self.units], self.units)
                return self.go_on(f"exchanged with those at {donor.text!r} of {said!r}", source, target, word, tap)
        return self.steer(source, target, word, other(gender), 1.0)

    def go_on(self, how: str, source: str, target: str, word: Word, tap: Tap) -> Changed:
        [text] = self.translator.translate([source], tap=tap, forced=target[: word.end])
        sees = "; attention still sees the English" if self.translator.model.attention else ""
        return Changed(f"at {word.text!r} {len(self.units)} units of {self.site} {how}{sees}", text)
