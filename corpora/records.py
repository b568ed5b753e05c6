"""What a corpus is made of: pairs of sentences, and, where the pair was made by a grammar, the factors that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GENDERS = ("masculine", "feminine", "neuter")
OTHER_ANIMACY = (
    "masculine, other animacy"  # který hrad but kterého kluka: in Czech a matter of gender, not of number or case
)


class CorpusError(ValueError):
    """A corpus cannot be read: the message is one line that says what was wrong and what to do."""


class NoSuchSplit(CorpusError):
    """The corpus exists, but has no such split."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` … `end` (exclusive) of a sentence."""

    start: int
    end: int

    def of(self, sentence: str) -> str:
        return sentence[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of the pair: the controller of an agreement, or one that intervenes."""

    lemma: str  # Czech citation form: "holka"
    english: str  # English citation form: "girl"
    gender: str  # one of GENDERS
    animate: bool
    plural: bool
    target: Span  # where its form stands in the Czech sentence
    source: Span  # where its form stands in the English sentence


@dataclass(frozen=True, slots=True)
class Agreeing:
    """A Czech word whose form follows the gender of the noun that controls it."""

    kind: str  # relative, rád, sám, participle, adjective, passive, possessive, demonstrative, numeral
    target: Span
    controller: int  # which of Factors.nouns it agrees with
    distance: int  # words strictly between the controller and this word (0 where it precedes the noun)
    # gender → the form that this word would have had, the controller's own number and animacy kept; and OTHER_ANIMACY
    forms: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Factors:
    """The cell of the factorial design in which a pair stands; `nouns[0]` controls the scored agreeing word."""

    family: str  # lexical (English tells the gender), open (it does not: chair), pronoun (only a pronoun does)
    construction: str  # first-person, subject-relative, …
    template: str  # the sentence skeleton; held out as a whole in template-disjoint splits
    frame: str  # the sentence without its controlling noun; partners of one frame share it
    intervener: str  # none, no-noun, same-gender, other-gender
    scored: int  # which of `agreeing` the distance is counted to
    nouns: tuple[Noun, ...]
    agreeing: tuple[Agreeing, ...]
    lemma_fold: str = ""  # "fit" or "held-out": the lemma-disjoint split of the probes
    template_fold: str = ""  # "fit" or "held-out": the template-disjoint split of the probes

    @property
    def gender(self) -> str:
        return self.nouns[0].gender

    @property
    def lemma(self) -> str:
        return self.nouns[0].lemma

    @property
    def distance(self) -> int:
        return self.agreeing[self.scored].distance


@dataclass(frozen=True, slots=True)
class Pair:
    """One English sentence and its Czech translation."""

    source: str
    target: str
    corpus: str = ""
    factors: Factors | None = None


@dataclass(frozen=True)
class Corpus(Sequence[Pair]):
    """The pairs of one split, with a count of every row that was left out and why."""

    name: str
    split: str
    pairs: Sequence[Pair]
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()  # what a user should be told: "no dev part: 213 pairs held out by hash"

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:  # a pair, or some of them
        return self.pairs[index]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)
