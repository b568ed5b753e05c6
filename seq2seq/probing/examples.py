"""Single sentences as the page shows them: word by word through a layer, and with units turned by hand at the noun.

What is said here of one sentence decides nothing; the experiments on many, with their controls, do. It is there to be looked at,
so every value is the model's own, to the last digit of its float32, and every Czech sentence was decoded by it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import torch
from torch import Tensor

from ..cells import LSTM
from ..config import called
from ..model import BEGIN, END
from ..recurrent import Layer
from ..trace import Trace, trace
from ..translator import Translator
from .causal import Bench
from .interventions import Experiment, at_start
from .stimuli import Partners, Stimulus

SWITCH = "The boy sang and the girl danced."
DOSES = tuple(half / 2 for half in range(9))
OPEN = 0.5  # a valve that lets through more than it holds back
HALF, BETWEEN = 0.1, "between"  # so near to OPEN a gate is neither open nor shut
CASES = {(True, False): "kept", (False, True): "replaced", (True, True): "added to", (False, False): "let go"}


@dataclass(frozen=True)
class Push:
    """What a gate of one unit is made of: it is σ (the candidate: tanh) of word + hidden + bias."""

    word: list[float]  # from the word piece that is read
    hidden: list[float]  # from what the whole layer let out before
    bias: float


@dataclass(frozen=True)
class Steps:
    """One unit of a layer over a sentence: a value a step, in the order in which the layer reads."""

    unit: int
    values: dict[str, list[float]]  # state or gate → after each step
    before: dict[str, float]  # state → before the first step
    pushes: dict[str, Push]  # gate → its parts; nothing in a cell that is no LSTM
    cases: list[str]  # what the valves do with the memory: forget gate open or not, input gate likewise


@dataclass(frozen=True)
class Walk:
    """A layer on its way through a sentence."""

    place: str  # decoder.0, encoder.0.backward
    memory: str  # which of its states remembers
    side: str  # whose words it reads: source or target
    pieces: list[str]  # what is read at each step
    words: list[int | None]  # the number of the word that the piece belongs to; nothing: a sign, begin or end
    units: list[Steps]


@dataclass(frozen=True)
class Sentence:
    """A sentence as the model sees it; the decoder reads `target`."""

    source: str
    target: str
    translation: str  # the model's own, greedy
    source_words: list[str]
    target_words: list[str]
    shows: list[str | None]  # the gender that the form of each Czech word tells, if only one has it
    walks: list[Walk]


@dataclass(frozen=True)
class Stop:
    """The model's Czech with the units at one value."""

    dose: (
        float | None
    )  # 0: as they are, 1: the other gender's mean, as in `Bench.clamp`; None: the other sentence's values
    values: list[float]  # what the units were set to
    said: str
    changed: list[int]  # words of it that are not there at dose 0
    log_odds: float  # log p(other gender's form) − log p(own form) of the next agreeing word, nats
    command: str  # says the same


@dataclass(frozen=True)
class Slider:
    """Some units of the last decoder layer's memory, set once, as the noun's last piece is read; decoded greedily."""

    source: str
    gender: str
    forced: str  # the Czech up to the noun
    site: str
    units: list[int]
    nouns: int  # behind the means; neither of the two sentences' own is among them
    stops: list[Stop]


def exact(values: Tensor) -> list[float]:
    """Each float32 as the shortest decimal number that stands for it."""
    return [float(str(value)) for value in values.numpy()]


def pushes(layer: Layer, direction: int, x: Tensor, h: Tensor, units: Sequence[int]) -> list[dict[str, Push]]:
    """What moves the gates of an LSTM: x [T, E] is read, h [T, H] was let out before; for each unit gate → its parts."""
    if layer.cell is not LSTM:
        return [{} for _ in units]
    weights = {name: value.cpu() for name, value in layer.weights(direction).items()}  # x and h are there
    shape = (len(x), len(layer.cell.gates), layer.units)
    word, hidden = (x @ weights["weight_ih"].T).view(shape), (h @ weights["weight_hh"].T).view(shape)  # [T, 4, H]
    bias = (weights["bias_ih"] + weights["bias_hh"]).view(shape[1:])  # [4, H]
    return [
        {
            gate: Push(exact(word[:, n, unit]), exact(hidden[:, n, unit]), exact(bias[n, unit, None])[0])
            for n, gate in enumerate(layer.cell.gates)
        }
        for unit in units
    ]


@torch.inference_mode()
def walk(translator: Translator, traced: Trace, layer: Layer, direction: int, units: Sequence[int]) -> Walk:
    """One direction of a layer of a traced sentence, unit by unit."""
    model, cell, place = translator.model, layer.cell, layer.places[direction]
    network, number = place.split(".")[:2]
    if network == "decoder":
        side, pieces, words = "target", [BEGIN, *traced.target_pieces[0]], traced.targets[0]
        embedding, shift = model.target_embedding, 1  # what it reads begins with the begin piece
    else:
        side, pieces, words = "source", [*traced.source_pieces[0], END], traced.sources[0]
        embedding, shift = model.source_embedding, 0
    numbers = torch.tensor([pieces], device=embedding.weight.device)
    if number == "0":
        x = model.embed(embedding, numbers)[0].cpu()  # [T, E]
    else:
        below = getattr(model, network)[int(number) - 1]
        x = torch.cat([traced.values[f"{each}.{below.cell.states[0]}"][0] for each in below.places], dim=1)
    initial = layer.zeros(x[None])[0]
    if network == "decoder":
        lengths = torch.tensor([len(traced.source_pieces[0]) + 1])
        source = torch.tensor([[*traced.source_pieces[0], END]], device=embedding.weight.device)
        initial = model.encode(source, lengths).initial[int(number)]
    initial = {state: value[0].cpu() for state, value in initial.items()}  # [H] each
    order = list(range(len(pieces)))[:: -1 if direction else 1]
    values = {
        name: traced.values[f"{place}.{name}"][0, order] for name in (*reversed(cell.states), *cell.gates)
    }  # [T, H] each
    hidden = cell.states[0]
    moved = pushes(layer, direction, x[order], torch.cat([initial[hidden][None], values[hidden][:-1]]), units)
    part_of = {piece + shift: n for n, word in enumerate(words) for piece in range(word.first, word.last + 1)}
    return Walk(
        place,
        cell.memory,
        side,
        [translator.tokenizer.pieces([pieces[step]])[0] for step in order],
        [part_of.get(step) for step in order],
        [
            Steps(
                unit,
                {name: exact(value[:, unit]) for name, value in values.items()},
                {state: exact(value[unit, None])[0] for state, value in initial.items()},
                parts,
                cases(values, unit),
            )
            for unit, parts in zip(units, moved)
        ],
    )


def cases(values: Mapping[str, Tensor], unit: int) -> list[str]:
    """What the valves do with the memory at each step; nothing in a cell that has none."""
    if not {"forget", "input"} <= set(values):
        return []
    gates = zip(values["forget"][:, unit].tolist(), values["input"][:, unit].tolist())
    return [BETWEEN if min(abs(f - OPEN), abs(i - OPEN)) < HALF else CASES[f > OPEN, i > OPEN] for f, i in gates]


def sentence(
    translator: Translator,
    source: str,
    target: str | None,
    units: Mapping[str, Sequence[int]],
    forms: Mapping[str, str],
) -> Sentence:
    """Walk the last layers of both networks through a sentence, forced through `target` (None: its own translation).

    units: place → those that are shown; forms: of an agreeing word → the gender that it tells.
    """
    said = translator.translate([source], beam=1)[0]
    target = said if target is None else target
    model = translator.model
    traced = trace(model, translator.tokenizer, [source], [target])
    words = [[word.text for word in side[0]] for side in (traced.sources, traced.targets)]
    return Sentence(
        source,
        target,
        said,
        words[0],
        words[1],
        [forms.get(word.lower()) for word in words[1]],
        [
            walk(translator, traced, layer, direction, units[place])
            for layer in (model.encoder[-1], model.decoder[-1])
            for direction, place in enumerate(layer.places)
        ],
    )


def sliders(
    translator: Translator, run: str, pair: Sequence[Stimulus], fit: Sequence[Stimulus], sets: Sequence[Sequence[int]],
    seed: int,
) -> list[Slider]:  # fmt: skip
    """Turn each set of units toward the other gender in two sentences that differ in their noun's gender.

    Means are over the nouns of `fit`, but for the two sentences' own.
    """
    own = {each.factors.lemma for each in pair}
    fit = [each for each in fit if each.factors.lemma not in own]
    experiment = Experiment(translator, [*pair, *fit])
    bench = Bench(experiment, [Partners(0, 1), Partners(1, 0)], range(2, 2 + len(fit)), seed)
    site, rows, R = experiment.site, bench.recipients * (len(DOSES) + 1), len(bench.recipients)
    decode = translator.tokenizer.decode
    found = []
    for units in sets:
        makers = [bench.clamp(site, dose, units=units) for dose in DOSES] + [bench.interchange(site, units=units)]
        values = torch.cat(
            [make(slice(R))(site, 0, bench.own(site))[:, list(units)] for make in makers]
        )  # [R·stops, U]
        tap = lambda part, values=values, units=units: at_start(site, values[part], units)
        said = [each.text for each in experiment.go_on(rows, tap)]
        odds = experiment.log_odds(rows, experiment.forced(rows, tap)).tolist()
        for row, stimulus in enumerate(pair):
            source, forced = stimulus.pair.source, decode(stimulus.pieces[: experiment.positions[row]])
            stops = []
            for place, dose in enumerate([*DOSES, None]):
                at = row + R * place
                put = exact(values[at])
                setting = f"{site}[{','.join(map(str, units))}]={','.join(map(str, put))}"
                line = [
                    *called("translate.py").split(),
                    "--checkpoint",
                    run,
                    "--beam",
                    "1",
                    "--forced",
                    forced,
                    "--set",
                    setting,
                ]
                stops.append(
                    Stop(dose, put, said[at], new_words(said[row], said[at]), odds[at], shlex.join([*line, source]))
                )
            found.append(
                Slider(source, stimulus.factors.gender, forced, site, list(units), len(set(bench.fit_lemmas)), stops)
            )
    return found


def new_words(before: str, now: str) -> list[int]:
    """The numbers of the words that are not in `before`, or not there."""
    blocks = SequenceMatcher(None, before.split(), now.split(), autojunk=False).get_opcodes()
    return [word for what, _, _, first, last in blocks if what != "equal" for word in range(first, last)]
