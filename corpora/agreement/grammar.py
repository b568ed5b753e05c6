"""The realisation engine: a construction's two lines and a word for every slot give a pair, its spans and its factors.

A line is words and slots. A slot is `{word}`, `{word:form}`, `{word>controller}` or `{word>controller:form}`:

    The {noun} {preposition} the {adjective} {item} {verb:past}.
    {noun} {preposition} {adjective>item:preposition} {item:preposition} {verb>noun}.

`>` says whom a word agrees with, or what it is said of; where a form is named by another slot, that word governs it
(a preposition its case). Nothing else is needed: the same marks that inflect the words also say which words go together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from corpora.agreement.lexicon import (
    DOMAINS,
    AdjectiveWord,
    NounWord,
    PassiveWord,
    PrepositionWord,
    VerbWord,
    Word,
)
from corpora.agreement.morphology import (
    CASES,
    DETERMINERS,
    Features,
    adjective,
    alone,
    determiner,
    short_form,
    vocalise,
)
from corpora.records import GENDERS, OTHER_ANIMACY, Agreeing, Factors, Noun, Pair, Span

SLOT = re.compile(r"\{(?P<word>\w+?)(?:>(?P<controller>[\w+]+))?(?::(?P<form>\w+))?\}(?P<after>\W*)")
# words of the grammar itself, not of the lexicon
KINDS_OF_AGREEMENT = {
    "který": "relative",
    "rád": "rád",
    "sám": "sám",
    "byl": "participle",
    "můj": "possessive",
    "náš": "possessive",
    "ten": "demonstrative",
    "jeden": "numeral",
}
COPULAS = {"je": ("je", "jsou"), "bude": ("bude", "budou")}
# what is chosen before what, the rest after: a preposition limits its noun, a noun its adjectives, a verb its adverbs
ORDER = {PrepositionWord: 0, VerbWord: 1, NounWord: 2}
PRONOUNS = {"masculine": "he", "feminine": "she", "neuter": "it"}


@dataclass(frozen=True)
class Token:
    """A literal (`word` empty) or a slot, and the punctuation after it."""

    literal: str
    word: str = ""
    controller: str = ""
    form: str = ""
    after: str = ""

    @cached_property
    def domain(self) -> str:
        return self.word.rstrip("0123456789")

    @cached_property
    def is_noun(self) -> bool:
        return self.domain in DOMAINS and isinstance(DOMAINS[self.domain][0], NounWord)


def parse(line: str) -> tuple[Token, ...]:
    tokens = []
    for part in line.split():
        if match := SLOT.fullmatch(part):
            found = {name: value or "" for name, value in match.groupdict().items()}
            tokens.append(Token("", **found))
        else:
            tokens.append(Token(part))
    return tuple(tokens)


@dataclass(frozen=True, eq=False)
class Template:
    """One sentence skeleton in both languages, and the cell of the design that it fills."""

    name: str
    construction: str
    families: tuple[str, ...]  # of its controlling noun: lexical, open, pronoun
    distance: int
    scored: str  # the agreeing slot that the distance is counted to, `verb>noun`
    english: str
    czech: str
    fold: str  # fit or held-out: the template-disjoint split of the probes
    kinds: str  # of its controlling noun
    crossed: str  # a second subject whose gender is crossed with the controlling noun's
    weight: int  # how many times more of it is trained on
    singular: bool
    plural: bool
    children: bool  # also said of people of neuter gender

    @cached_property
    def source(self) -> tuple[Token, ...]:
        return parse(self.english)

    @cached_property
    def target(self) -> tuple[Token, ...]:
        return parse(self.czech)

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The slots to fill: `noun` first, and every word after the one that limits its choice."""
        names = {token.word: token for token in (*self.source, *self.target) if token.domain in DOMAINS}
        return tuple(
            sorted(names, key=lambda name: (name != "noun", ORDER.get(type(DOMAINS[names[name].domain][0]), 3)))
        )

    @cached_property
    def position_of_scored(self) -> int:
        return next(i for i, token in enumerate(self.target) if f"{token.word}>{token.controller}" == self.scored)

    @cached_property
    def interveners(self) -> tuple[str, ...]:
        """The slots of the nouns that stand between the controlling noun and the scored word."""
        start = next(i for i, token in enumerate(self.target) if token.word == "noun")
        between = self.target[start + 1 : self.position_of_scored]
        return tuple(token.word for token in between if token.is_noun)

    @cached_property
    def relations(self) -> tuple[tuple[str, str, str], ...]:
        """(how, word, other): `of`: the word is said of the other; `governs`: the other is its object."""
        found = []
        for token in self.target:
            if token.domain in DOMAINS:
                found += [("of", token.word, other) for other in token.controller.split("+") if other]
            if token.form in self.slots and token.is_noun:
                found.append(("governs", token.form, token.word))
            elif token.form in self.slots and token.word == "který":
                found.append(("governs", token.form, token.controller))
        return tuple(dict.fromkeys(found))

    @cached_property
    def places_clitic_of(self) -> frozenset[str]:
        return frozenset(token.word for token in self.target if token.form == "se")

    def accepts(self, slot: str, word: Word) -> bool:
        """Whether the word may stand in the slot at all: a reflexive verb needs a place for its clitic, and a verb
        with adverbs of manner needs as many that fit it."""
        if not isinstance(word, VerbWord):
            return True
        manners = sum(adverb.startswith("manner") and verb == slot for _, adverb, verb in self.relations)
        return (not word.reflexive or slot in self.places_clitic_of) and len(word.manners.split()) >= manners


def at_home(kind: str, kinds: str) -> bool:
    """Selection: is a noun of this kind among these? A child does what people do."""
    return kind in kinds or (kind == "k" and "p" in kinds)


def related(how: str, word: Word, other: Word) -> bool:
    """Whether the words go together in this relation (see `Template.relations`)."""
    if how == "governs":
        return at_home(other.kinds, word.objects)
    if not isinstance(other, VerbWord):
        return at_home(other.kinds, word.kinds)
    if word in DOMAINS["manner"]:
        return word.english in other.manners.split()
    # an adverb of place: nobody leaves upstairs, or skis there
    return "m" not in other.tags and not ("o" in other.tags and word.tags == "indoors")


def controller_of(token: Token, words: Mapping[str, Word], plural: bool) -> tuple[str, Features]:
    """The slot whose noun decides the form of an agreeing word, and its features.

    Two subjects together (`noun+person`) are plural, and feminine only where both are.
    """
    slot, _, second = token.controller.partition("+")
    if second:
        slot = second if words[slot].gender == "feminine" and words[second].gender == "masculine" else slot
        plural = True
    else:
        plural = plural and slot == "noun"
    return slot, Features(words[slot].gender, words[slot].animate, plural)


# ── one slot ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def case_of(token: Token, words: Mapping[str, Word]) -> str:
    """The case a slot stands in: named by its form, or by the word that its form names as governor."""
    if token.form in words:
        return getattr(words[token.form], "case", "accusative")
    return token.form if token.form in CASES else "nominative"


@cache
def agreeing_forms(word: Word | str, case: str, features: Features, negative: bool) -> Mapping[str, str]:
    """Gender → the form of an agreeing word beside a controller with these features, but of that gender; and the masculine
    of the other animacy."""
    found = {gender: replace(features, gender=gender) for gender in GENDERS}
    found[OTHER_ANIMACY] = replace(features, gender="masculine", animate=not features.animate)
    return {name: ("ne" if negative else "") + agreeing_form(word, case, each) for name, each in found.items()}


def agreeing_form(word: Word | str, case: str, features: Features) -> str:
    """The form of an agreeing word, computed from the features of its controller."""
    match word:
        case VerbWord():
            return short_form(word.participle, features, word.stem)
        case AdjectiveWord():
            return adjective(word.czech, case, features)
        case PassiveWord():
            return short_form(word.czech, features)
        case "který":
            return adjective(word, case, features)
        case "sám":
            return alone(features)
        case str() if word in DETERMINERS:
            return determiner(word, case, features)
    return short_form(word, features)  # rád, byl


def forms_of(token: Token, words: Mapping[str, Word], features: Features) -> Mapping[str, str]:
    return agreeing_forms(words.get(token.word, token.word), case_of(token, words), features, token.form == "negative")


def unagreeing_form(token: Token, words: Mapping[str, Word], plural: bool) -> str:
    """The form of a Czech word that agrees with nothing in gender; empty where a verb has no clitic."""
    if token.word in COPULAS:
        return COPULAS[token.word][plural]
    word = words[token.word]
    match word:
        case NounWord():
            if plural and token.word == "noun":
                return word.forms["plural"]
            return word.forms[case_of(token, words)]
        case VerbWord():
            return {"se": word.reflexive, "infinitive": word.infinitive, "": word.present}[token.form]
    if token.form in ("weak", "full"):  # tady and tam lean on the first word of the clause, other adverbs do not
        return word.czech if (word.tags == "weak") == (token.form == "weak") else ""
    return word.czech


def english_form(token: Token, words: Mapping[str, Word], plural: bool) -> str:
    if token.word in words:
        word = words[token.word]
        match word:
            case NounWord() if plural and token.word == "noun":
                return word.english_plural
            case VerbWord() if token.form == "past":
                return word.past
        return word.english.replace(" ", " all ") if token.form == "all" else word.english
    noun = words[token.controller]
    plural = plural and token.controller == "noun"
    match token.word:
        case "he":
            return "they" if plural else PRONOUNS[noun.gender]
        case "who" | "whom":
            return token.word if noun.animate else "that"
        case "is":
            return "are" if plural else "is"
        case "was":
            return "were" if plural else "was"
    raise ValueError(f"no English for {token}")


def agrees(token: Token, words: Mapping[str, Word]) -> bool:
    """Whether the slot's form depends on its controller's gender: an adverb said of a verb does not."""
    if not token.controller or token.word in COPULAS:
        return False
    return token.word in KINDS_OF_AGREEMENT or isinstance(words[token.word], VerbWord | AdjectiveWord | PassiveWord)


def kind_of_agreement(token: Token, words: Mapping[str, Word]) -> str:
    if token.word in KINDS_OF_AGREEMENT:
        return KINDS_OF_AGREEMENT[token.word]
    names = {VerbWord: "participle", AdjectiveWord: "adjective", PassiveWord: "passive"}
    return names[type(words[token.word])]


# ── one sentence ─────────────────────────────────────────────────────────────────────────────────────────────────────
def spell(parts: Sequence[str], tokens: Sequence[Token]) -> tuple[str, list[Span]]:
    """Join the parts, one for each token, into a sentence with a capital; the span of every part."""
    text, spans = "", []
    for part, token in zip(parts, tokens, strict=True):
        if text and part:
            text += " "
        spans.append(Span(len(text), len(text) + len(part)) if token.word else NOWHERE)
        text += part + token.after
    return text[0].upper() + text[1:], spans


NOWHERE = Span(0, 0)  # of a literal: nobody asks
AN = re.compile(r"[aeio]|u(?!ni)|heir", re.IGNORECASE)


def source_sentence(template: Template, words: Mapping[str, Word], plural: bool) -> tuple[str, dict[str, Span]]:
    """The English sentence and the span of every noun."""
    tokens = template.source
    parts = [token.literal or english_form(token, words, plural) for token in tokens]
    parts = [
        "an" if part == "a" and i + 1 < len(parts) and AN.match(parts[i + 1]) else part for i, part in enumerate(parts)
    ]
    text, spans = spell(parts, tokens)
    return text, {t.word: span for t, span in zip(tokens, spans, strict=True) if t.is_noun}


def target_sentence(template: Template, words: Mapping[str, Word], plural: bool) -> tuple[str, list[Span]]:
    parts: list[str] = []
    for token in reversed(template.target):
        if token.literal:
            part = vocalise(token.literal, parts[-1]) if token.literal == "v" else token.literal
        elif agrees(token, words):
            features = controller_of(token, words, plural)[1]
            part = forms_of(token, words, features)[features.gender]
        else:
            part = unagreeing_form(token, words, plural)
            if isinstance(words.get(token.word), PrepositionWord):
                part = vocalise(part, parts[-1])
        parts.append(part)
    return spell(parts[::-1], template.target)


def realise(template: Template, words: Mapping[str, Word], plural: bool = False) -> Pair:
    """The pair that the template makes of these words, with its factors."""
    source, source_spans = source_sentence(template, words, plural)
    target, target_spans = target_sentence(template, words, plural)
    # nouns[0] controls the scored word
    order = [controller_of(template.target[template.position_of_scored], words, plural)[0]]
    order += [t.word for t in template.target if t.is_noun and t.word not in order]
    at = {token.word: i for i, token in enumerate(template.target) if token.word in order}
    nouns = tuple(
        Noun(
            words[slot].czech,
            words[slot].english,
            words[slot].gender,
            words[slot].animate,
            plural and slot == "noun",
            target_spans[at[slot]],
            source_spans[slot],
        )
        for slot in order
    )
    agreeing, scored = list[Agreeing](), -1
    for i, token in enumerate(template.target):
        if not agrees(token, words):
            continue
        if i == template.position_of_scored:
            scored = len(agreeing)
        controller, features = controller_of(token, words, plural)
        forms = forms_of(token, words, features)
        if target_spans[i].start == 0:
            forms = {gender: form[0].upper() + form[1:] for gender, form in forms.items()}
        between = target[target_spans[at[controller]].end : target_spans[i].start].replace(",", " ")
        kind = kind_of_agreement(token, words)
        agreeing.append(Agreeing(kind, target_spans[i], order.index(controller), len(between.split()), forms))
    noun = words["noun"]
    factors = Factors(
        family=noun.family,
        construction=template.construction,
        template=template.name,
        frame=frame_of(source, source_spans["noun"]),
        intervener=intervener(template, words),
        scored=scored,
        nouns=nouns,
        agreeing=tuple(agreeing),
        lemma_fold="held-out" if noun.held_out else "fit",
        template_fold=template.fold,
    )
    return Pair(source, target, "agreement", factors)


def frame_of(source: str, noun: Span) -> str:
    """The English sentence without its controlling noun and without the pronoun that follows its gender."""
    return without_pronoun(source[: noun.start] + "___" + source[noun.end :])


def without_pronoun(source: str) -> str:
    return re.sub(r"\b(that|because) (he|she) ", r"\1 (s)he ", source)


def intervener(template: Template, words: Mapping[str, Word]) -> str:
    if template.distance == 0:
        return "none"
    genders = {words[slot].gender for slot in template.interveners}
    if not genders:
        return "no-noun"
    if genders == {words["noun"].gender}:
        return "same-gender"
    if words["noun"].gender not in genders:
        return "other-gender"
    raise ValueError(f"{template.name}: interveners of mixed gender {sorted(genders)}")
