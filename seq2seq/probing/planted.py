"""The tool tests itself, on models whose answer is known because their weights were written by hand.

The toy language says a first word, a noun, two words without gender, an agreeing word, another word, an agreeing word. Its
decoder has a unit for the word just read, and units that hold the noun's gender in one of three ways:

    cell         one unit decides the agreeing words
    distributed  four units vote, so that no single one decides
    decoy        units that tell the gender perfectly and that nothing reads, beside a cell that is read
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from corpora.records import Agreeing, Factors, Noun, Pair, Span

from ..model import BEGIN, END, PAD, Model, ModelSettings
from ..tokenizer import Word, normal
from ..translator import Translator
from .stimuli import GENDERS
from .study import Size, Study

KINDS = {"cell": (1, 1), "distributed": (4, 4), "decoy": (1, 8)}  # units that decide, units that tell the gender
NOUNS, FIRST_WORDS = 24, 12  # of each gender; a third of both is held out
AFTER = ("dnes", "tam", "milý", "jde", "rád")  # what is said after a masculine noun
FORMS = {"milý": {"masculine": "milý", "feminine": "milá"}, "rád": {"masculine": "rád", "feminine": "ráda"}}
NOISE = 24  # units that react to words at random


class Words:
    """A tokenizer with one piece for each word of the toy language."""

    def __init__(self, words: Sequence[str]):
        self.words = ["", "", "", *words]
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        return [self.numbers[word] for word in normal(text).split()]

    def decode(self, pieces: Sequence[int]) -> str:
        return " ".join(self.words[piece] for piece in pieces)

    def align(self, pieces: Sequence[int]) -> list[Word]:
        words, start = [], 0
        for place, piece in enumerate(pieces):
            text = self.words[piece]
            words.append(Word(text, start, start + len(text), place, place))
            start += len(text) + 1
        return words


def pairs() -> list[Pair]:
    """Every noun after every first word."""
    made = []
    for template in range(FIRST_WORDS):
        for number in range(NOUNS):
            for gender in GENDERS:
                noun, first = f"{gender}{number}", f"první{template}"
                said = [FORMS[word][gender] if word in FORMS else word for word in AFTER]
                text, spans = "", []
                for word in (first, noun, *said):
                    spans.append(Span(len(text), len(text) + len(word)))
                    text += word + " "
                agreeing = tuple(
                    Agreeing("adjective", spans[2 + place], 0, place, FORMS[word])
                    for place, word in enumerate(AFTER)
                    if word in FORMS
                )
                folds = ["held-out" if n % 3 == 2 else "fit" for n in (number, template)]
                controller = Noun(noun, noun, gender, True, False, spans[1], spans[1])
                frame = f"{template} {number // 6 * 3 + number % 3}"  # two nouns of each gender, of one fold
                factors = Factors("lexical", "toy", first, frame, "none", 0, (controller,), agreeing, *folds)
                made.append(Pair(text.strip(), text.strip(), "planted", factors))
    return made


def plant(kind: str, seed: int) -> tuple[Translator, list[int]]:
    """A translator with gender planted in it, and the units whose values decide the agreeing words."""
    nouns = [f"{gender}{number}" for gender in GENDERS for number in range(NOUNS)]
    firsts = [f"první{number}" for number in range(FIRST_WORDS)]
    tokenizer = Words([*nouns, *firsts, *AFTER, "milá", "ráda"])
    V = len(tokenizer)
    decide, tell = KINDS[kind]
    H = V + tell + NOISE
    torch.manual_seed(seed)
    shape = ModelSettings(attention="none", bidirectional=False, embedding=V, units=H, dropout=0.0)
    model = Model(shape, V).eval()
    place = torch.randperm(H)
    word_units, gender_units, noise = place[:V], place[V : V + tell], place[V + tell :]
    deciding = gender_units[:decide]
    with torch.no_grad():
        for parameter in (*model.decoder.parameters(), *model.bridge.parameters(), *model.readout.parameters()):
            parameter.zero_()
        model.target_embedding.weight.copy_(torch.eye(V) / V**0.5)  # what the decoder reads is one-hot
        weight, bias = model.decoder[0].kernel.weight_ih_l0, model.decoder[0].kernel.bias_ih_l0
        i, f, g, o = (slice(n * H, (n + 1) * H) for n in range(4))
        bias[i], bias[f], bias[o] = 20.0, -20.0, 20.0  # a word unit holds only the word just read
        weight[g][word_units, torch.arange(V)] = 20.0
        weight[g][noise] = torch.randn(NOISE, V)
        bias[i][gender_units], bias[f][gender_units] = -20.0, 20.0  # a gender unit holds …
        for noun in nouns:  # … and is rewritten at a noun
            number = tokenizer.numbers[noun]
            weight[i][gender_units, number], weight[f][gender_units, number] = 40.0, -40.0
            weight[g][gender_units, number] = 20.0 if noun.startswith("feminine") else -20.0
        said = [{word: word, **FORMS.get(word, {})} for word in AFTER]
        follow = [(noun, AFTER[0]) for noun in nouns]
        for before, after in pairwise(said):
            follow += [(a, b) for a in set(before.values()) for b in set(after.values())]
        for before, after in follow:
            model.readout.weight[tokenizer.numbers[after], word_units[tokenizer.numbers[before]]] = 3.0
        for last in FORMS["rád"].values():
            model.readout.weight[END, word_units[tokenizer.numbers[last]]] = 3.0
        for forms in FORMS.values():
            for gender, sign in (("masculine", -1.0), ("feminine", 1.0)):
                model.readout.weight[tokenizer.numbers[forms[gender]], deciding] = sign / len(deciding)
        model.bias[[PAD, BEGIN]] = -9.0
    return Translator(model, tokenizer), deciding.tolist()  # type: ignore[arg-type]


@dataclass(frozen=True)
class Check:
    """What should be found, and whether it was."""

    kind: str
    seed: int
    claim: str
    holds: bool


def check(kind: str, seed: int) -> list[Check]:
    """Plant, study as any run is studied, and compare with what was planted."""
    translator, deciding = plant(kind, seed)
    study = Study(translator, pairs(), Size("self-test", frames=200, draws=20, recipients=100), seed, lambda *_: None)
    found = study.measure(f"planted {kind}")
    alone = {unit: each.value for unit, each in zip(found.best, found.alone)}
    telling = [unit for unit, area in enumerate(found.steps[0].areas) if area in (0.0, 1.0)]
    silent = [unit for unit in telling if unit in alone and unit not in deciding]
    every = lambda flips: flips.all_words.value == 1
    claims: dict[str, bool] = {
        "every planted unit is among the ten best": set(deciding) <= set(found.best),
        "exchanging all that tell the gender changes every sentence": all(
            every(flips) for flips in found.flips if flips.k == KINDS[kind][1]
        ),
        "a donor of the same gender changes nothing": found.same_gender.value == 0,
    }
    if kind == "distributed":
        claims["no unit alone changes anything"] = not any(alone.values())
    else:
        claims["the planted unit alone changes every sentence"] = alone[deciding[0]] == 1
    if kind == "decoy":
        claims["units that tell the gender and that nothing reads change nothing"] = len(silent) == 7 and not any(
            alone[unit] for unit in silent
        )
    return [Check(kind, seed, claim, holds) for claim, holds in claims.items()]


def self_test(seeds: Sequence[int], progress: Callable[[str, float], None]) -> list[Check]:
    """Every kind with every seed."""
    checks: list[Check] = []
    runs = [(kind, seed) for kind in KINDS for seed in seeds]
    for number, (kind, seed) in enumerate(runs):
        progress(f"planted {kind}", number / len(runs))
        checks += check(kind, seed)
    return checks


def summary(checks: Sequence[Check]) -> str:
    lines = []
    for kind, claim in dict.fromkeys((each.kind, each.claim) for each in checks):
        held = [each.holds for each in checks if (each.kind, each.claim) == (kind, claim)]
        lines.append(f"{'ok  ' if all(held) else 'FAIL'} {sum(held)} of {len(held)}  {kind}: {claim}")
    return "\n".join(lines)
