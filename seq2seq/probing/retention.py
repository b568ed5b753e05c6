"""Memory retention: which words of a sentence a memory still holds when the sentence has been read.

An LSTM's cell is a sum. What is written at step t is multiplied by every forget gate after it, and by nothing else, so

    c_T = Σ_t (∏_{s>t} f_s) ⊙ i_t ⊙ g_t + (∏_s f_s) ⊙ c_0

exactly (Murdoch & Szlam 2017; Levy et al. 2018). So, too, a peephole LSTM's cell, a grid LSTM's along time, a depth-gated one's
with what comes up from below, and a GRU's hidden state, with z for f and 1 − z for i. The terms of a word's pieces added up are
its contribution k_w [H], and

    share         ‖k_w‖₁ / Σ_v ‖k_v‖₁            how much of what is there came with this word; sizes, before signs cancel
    projection    ⟨k_w, c_T⟩ / ⟨c_T, c_T⟩        how much of c_T itself; of all words together 1, of one perhaps below 0
    left          ‖k_w‖₁ / ‖k_w once it was read‖₁   how much the forget gates have left of it

A term says *when* something was written, not what it depends on: i_t and g_t have seen h_{t−1}, so earlier words, too. What
depends on a word is said to first order by gradient × input (Denil et al. 2014; Shrikumar et al. 2016), which any cell has:

    k_w = Σ (∂ c_T / ∂ x_t) x_t    over the word's pieces t, x_t the embedding [E] that the network reads there

These do not add up to c_T: the projections' sum says how much of it they account for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from corpora.records import Pair
from corpora.writing import write

from ..batching import Example, collate
from ..config import UserError
from ..model import Model
from ..progress import Progress
from ..taps import Recorder
from ..tokenizer import Tokenizer
from ..trace import from_the_right
from ..translator import Translator
from .family import QUICK, Family
from .figures import FEMININE, INK, LINE, QUIET, svg
from .statistics import number
from .stimuli import GENDERS, traced
from .tables import export, write_json
from .units import difference, eighth

SOURCE, BEGIN, END = "(source)", "(begin)", "(end)"  # what is in a decoder at first, and the pieces that are no words
DECOMPOSITION, GRADIENT = "decomposition", "gradient × input"
ALL, GENDER, UNTRAINED = "all units", "gender units", "all units, untrained"
DRAWS = 1000  # random sets of units
BAND = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Share:
    """What one word has in a memory; see the head of this module."""

    word: str
    share: float
    projection: float
    left: float | None  # of a gradient, none
    random: tuple[float, float] | None  # of the gender units: 95 % of random sets of other units have a share in here


@dataclass(frozen=True)
class Retention:
    """One memory at the end of one sentence, word by word in the sentence's order."""

    site: str
    method: str  # DECOMPOSITION or GRADIENT
    of: str  # ALL, GENDER or UNTRAINED
    units: int
    words: list[Share]
    remains: float  # ‖Σ_w k_w‖₁ / Σ_w ‖k_w‖₁: 1 where no word's contribution cancels another's
    deviation: float  # the largest |Σ_w k_w − c_T| of a unit: of a decomposition, rounding

    @property
    def accounted(self) -> float:
        """How much of the memory all words together make up."""
        return sum(each.projection for each in self.words)


@dataclass(frozen=True)
class Sentence:
    """One sentence of the reader, and the memories that it leaves."""

    source: str
    translation: str  # the model's own, which its decoder is forced through
    new_words: list[str]  # that training never saw
    memories: list[Retention]


@dataclass(frozen=True)
class Result:
    """Memory retention of one run."""

    run: str
    facts: dict[str, Any]
    gender_units: dict[str, list[int]]  # site → an eighth of its units, those furthest apart first
    sentences: list[Sentence]
    not_measured: dict[str, str]  # what, and why not


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def segments(tokenizer: Tokenizer, pieces: Sequence[int]) -> list[tuple[str, range]]:
    """The words that these pieces spell, each with its pieces, so that every piece belongs to one.

    Words that share a piece (the signs of "...") are one; a piece of no word (a space) goes with the word after it, behind
    the last word with that.
    """
    found: list[tuple[str, range]] = []
    for word in tokenizer.align(pieces):
        after = found[-1][1].stop if found else 0
        if word.first < after:
            text, own = found.pop()
            found.append((text + word.text, range(own.start, max(after, word.last + 1))))
        else:
            found.append((word.text, range(after, word.last + 1)))
    return [*found[:-1], *((text, range(own.start, len(pieces))) for text, own in found[-1:])]


@dataclass(frozen=True)
class Reading:
    """What a layer reads: words in the sentence's order, and the number of the word at each position."""

    words: list[str]
    owner: list[int]


def readings(tokenizer: Tokenizer, example: Example) -> dict[str, Reading]:
    """What the encoder and the decoder read; the decoder's word 0 is what it was given to begin with."""
    source, target = (segments(tokenizer, side) for side in (example.source, example.target))
    heard = [number for number, (_, own) in enumerate(source) for _ in own]
    said = [number for number, (_, own) in enumerate(target, 2) for _ in own]
    return {
        "encoder": Reading([*(text for text, _ in source), END], [*heard, len(source)]),
        "decoder": Reading([SOURCE, BEGIN, *(text for text, _ in target)], [1, *said]),
    }


# ── contributions ────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Contributions:
    """Of each word to one memory [W, H], the same once the word had been read (None: not known), and the memory [H]."""

    site: str
    method: str
    words: list[str]
    values: Tensor
    written: Tensor | None
    memory: Tensor


Steps = Mapping[
    str, Tensor
]  # a layer's gates and its memory over a sentence, and the memory `before` each step: [T, H] each


def gated(own: Steps) -> tuple[Tensor, Tensor]:
    return own["forget"], own["input"] * own["candidate"]


def gated_in_depth(own: Steps) -> tuple[Tensor, Tensor]:
    """What comes up from the layer below is written, too: it is read with the same word."""
    return own["forget"], own["cell"] - own["forget"] * own["before"]


def interpolated(own: Steps) -> tuple[Tensor, Tensor]:
    return own["update"], (1 - own["update"]) * own["candidate"]


# a cell whose memory is a sum → what is kept of it at each step and what is written [T, H]; of the others no such thing is known
KEPT_AND_WRITTEN: dict[str, Callable[[Steps], tuple[Tensor, Tensor]]] = {
    "lstm": gated,
    "peephole": gated,
    "gru": interpolated,
    "depth-gated": gated_in_depth,
    "grid": gated,
}


def decomposition(
    kept: Tensor, written: Tensor, initial: Tensor, reading: Reading, backward: bool
) -> tuple[Tensor, Tensor]:
    """Of each word what is left at the end, and what there was of it once it had been read: kept, written [T, H], initial [H]
    → [W, H] twice. Word 0 begins with `initial`."""
    left = torch.cat([initial[None], initial.new_zeros(len(reading.words) - 1, len(initial))])  # [W, H]
    read = left.clone()
    for t in reversed(range(len(kept))) if backward else range(len(kept)):
        word = reading.owner[t]
        left = left * kept[t]
        left[word] += written[t]
        read[word] = left[word]
    return left, read


def gradient_times_input(model: Model, example: Example, ends: Mapping[str, int]) -> dict[str, Tensor]:
    """(∂ memory / ∂ x_t) x_t for every piece that is read, source pieces first: {site: [S + T, H]}; `ends` are the sites, each
    with the position of its memory's last step.

    It is the derivative by a factor at x_t, taken at 1, forwards: as many passes as pieces, not as units.
    """
    batch = collate([example])
    numbers = batch.source[0], batch.target_in[0]
    tables = model.source_embedding.weight, model.target_embedding.weight
    rows = [table.detach()[pieces.to(table.device)] for table, pieces in zip(tables, numbers)]  # [S, E], [T, E]
    S, T = map(len, numbers)
    own = [
        torch.arange(1, length + 1, device=rows[0].device)[None] for length in (S, T)
    ]  # a piece is its place; 0 pads

    def memories(factors: Tensor) -> dict[str, Tensor]:
        scaled = [each * factor[:, None] for each, factor in zip(rows, factors.split([S, T]))]
        source, target = (torch.cat([torch.zeros_like(each[:1]), each]) for each in scaled)
        weights = {"source_embedding.weight": source, "target_embedding.weight": target}
        weights["bias"] = model.bias.detach().new_zeros(T + 1)  # the output matrix is the target embedding
        recorder = Recorder(ends)
        torch.func.functional_call(model, weights, (own[0], batch.source_lengths, own[1]), {"tap": recorder})
        return {site: recorder[site][0, end] for site, end in ends.items()}

    found = torch.func.jacfwd(memories)(rows[0].new_ones(S + T))  # {site: [H, S + T]}
    return {site: value.T.detach() for site, value in found.items()}


def contributions(model: Model, tokenizer: Tokenizer, example: Example) -> list[Contributions]:
    """Of each word to every memory of a float64 model, by decomposition where the cell has one, and by gradient."""
    device, cell = model.device, model.encoder[0].cell
    made = KEPT_AND_WRITTEN.get(model.settings.cell)
    batch, recorder, read = collate([example]).to(device), Recorder(), readings(tokenizer, example)
    with torch.no_grad():
        encoded = model.encode(batch.source, batch.source_lengths, recorder)
        model.decode(batch.target_in, encoded, recorder)
    found, ends = [], {}
    for network, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        for depth, layer in enumerate(layers):
            for place in layer.places:
                site, backward = f"{place}.{cell.memory}", from_the_right(place)
                ends[site] = 0 if backward else -1
                memory, words = recorder[site][0, ends[site]], read[network].words
                if made:
                    initial = (
                        torch.zeros_like(memory) if network == "encoder" else encoded.initial[depth][cell.memory][0]
                    )
                    own = {name: recorder[f"{place}.{name}"][0] for name in (*layer.cell.gates, cell.memory)}
                    line = own[cell.memory]  # [T, H]
                    own["before"] = torch.cat([line[1:], initial[None]] if backward else [initial[None], line[:-1]])
                    kept, written = made(own)
                    both = decomposition(kept, written, initial, read[network], backward)
                    found.append(Contributions(site, DECOMPOSITION, words, *both, memory))
    for site, pieces in gradient_times_input(model, example, ends).items():
        network, heard = site.split(".")[0], len(read["encoder"].owner)
        owner = read["encoder"].owner if network == "encoder" else [0] * heard + read["decoder"].owner
        words = read[network].words
        values = pieces.new_zeros(len(words), pieces.shape[1])
        values.index_add_(0, torch.tensor(owner, device=device), pieces[: len(owner)])
        found.append(Contributions(site, GRADIENT, words, values, None, recorder[site][0, ends[site]]))
    return found


# ── shares ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def shares(each: Contributions, of: str, units: Sequence[int] | None = None, seed: int = 1) -> Retention:
    """Every word's share of a memory, in these units (None: all), beside random sets of as many others.

    UserError: nothing is in the memory.
    """
    k, H = each.values.cpu().numpy(), len(each.memory)  # [W, H]
    sizes, chosen = numpy.abs(k), list(range(H)) if units is None else list(units)
    memory = each.memory.cpu().numpy()[chosen]
    total, power = sizes[:, chosen].sum(), float(memory @ memory)
    if total == 0 or power == 0:
        raise UserError(f"{each.site} is empty after this sentence, so no word has a share of it")
    left = None
    if each.written is not None:
        before = numpy.abs(each.written.cpu().numpy())[:, chosen].sum(1)
        left = numpy.divide(sizes[:, chosen].sum(1), before, out=numpy.zeros(len(k)), where=before > 0)
    bands = None
    others = numpy.setdiff1d(numpy.arange(H), chosen)
    if units is not None and len(others) >= len(chosen):
        random = numpy.random.default_rng(seed)
        sets = numpy.stack([random.choice(others, len(chosen), replace=False) for _ in range(DRAWS)])
        drawn = sizes[:, sets].sum(2)  # [W, DRAWS]
        bands = numpy.percentile(drawn / drawn.sum(0), BAND, axis=1).T  # [W, 2]
    words = [
        Share(
            word,
            float(sizes[w, chosen].sum() / total),
            float(k[w, chosen] @ memory / power),
            None if left is None else float(left[w]),
            None if bands is None else (float(bands[w, 0]), float(bands[w, 1])),
        )
        for w, word in enumerate(each.words)
    ]
    added = k[:, chosen].sum(0)
    remains, deviation = float(numpy.abs(added).sum() / total), float(numpy.abs(added - memory).max())
    return Retention(each.site, each.method, of, len(chosen), words, remains, deviation)


def gender_units(translator: Translator, pairs: Sequence[Pair], seed: int) -> dict[str, list[int]]:
    """Of every memory the eighth of its units whose means for the two genders are furthest apart, chosen on nouns and templates
    to fit on: in the encoder once the sentence has been read, in the decoder at the noun (as Family.order has it).

    UserError: the run understands too few of these sentences.
    """
    family = Family(translator, pairs, "lexical", QUICK, seed)
    stimuli = [family.stimuli[row] for row in family.fitted]
    feminine = numpy.array([each.factors.gender == GENDERS[1] for each in stimuli])
    lemmas = [each.factors.lemma for each in stimuli]
    layers = (*translator.model.encoder, *translator.model.decoder)
    sites = [site for layer in layers for site in layer.memories]
    trace, found = traced(translator, [each.pair for each in stimuli], sites), {}
    for site in sites:
        if site.startswith("decoder"):
            at = [each.position for each in stimuli]
        else:
            at = [0 if from_the_right(site) else len(pieces) for pieces in trace.source_pieces]
        apart = difference(trace.at(site, at).numpy(), feminine, lemmas)
        found[site] = numpy.argsort(-numpy.abs(apart))[: eighth(len(apart))].tolist()
    return found


# ── the study ────────────────────────────────────────────────────────────────────────────────────────────────────────
def retention(
    translator: Translator, run: str, sentences: Sequence[str], pairs: Sequence[Pair], seed: int, progress: Progress
) -> Result:
    """Which words the memories of encoder and decoder hold at the end of these sentences, in all units, in the gender units,
    and in a network of the same shape that was never trained; computed in float64.

    UserError: a sentence cannot be translated, or has no words.
    """
    translator.check(sentences)
    tokenizer, refused = translator.tokenizer, dict[str, str]()
    sources = [tokenizer.encode(sentence) for sentence in sentences]
    if not all(sources):
        raise UserError("a sentence without words leaves nothing to remember: give one with words")
    progress("choosing gender units", 0.0)
    try:
        units = gender_units(translator, pairs, seed)
    except UserError as error:
        units, refused[GENDER] = {}, str(error)
    trained = deepcopy(translator.model).double()
    untrained = trained.untrained(seed)
    found = []
    for place, (sentence, said) in enumerate(zip(sentences, translator.translate(sentences))):
        progress("reading", 0.5 + place / len(sentences) / 2)
        example = Example(sources[place], tokenizer.encode(said))
        memories = []
        for each in contributions(trained, tokenizer, example):
            memories.append(shares(each, ALL))
            if each.site in units:
                memories.append(shares(each, GENDER, units[each.site], seed))
        memories += [shares(each, UNTRAINED) for each in contributions(untrained, tokenizer, example)]
        found.append(Sentence(sentence, said, translator.new_words(sentence), memories))
    facts = {
        **translator.facts,
        "gender units chosen on": f"{pairs[0].corpus}, split probe" if units else None,
        "random sets": DRAWS,
        "seed": seed,
        "precision": "float64",
    }
    return Result(run, facts, units, found, refused)


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────
def best_known(memories: Sequence[Retention]) -> list[dict[str, Retention]]:
    """Of each site what is shown of it, by decomposition where there is one: {of: …}, sites in their order."""
    by_site: dict[str, dict[str, Retention]] = {}
    for each in memories:
        by_site.setdefault(each.site, {}).setdefault(each.of, each)  # the decomposition comes first
    return list(by_site.values())


TALL, PANEL, NAMES = 90, 206, 120  # pixels: the tallest bar, a memory with its words, the names of the rows


def signed(value: float) -> str:
    return f"{value:+z.2f}".replace("-", "−")


def figure(sentence: Sentence) -> str:
    """A panel for each memory: over each word bars for its share in all units and in the gender units, below it the numbers of
    all units. The upright at a bar is where 95 % of random sets of units are; the line across it, the untrained network."""
    panels = best_known(sentence.memories)
    widths = [[max(52, 9 * len(each.word) + 12) for each in panel[ALL].words] for panel in panels]
    width, height = NAMES + max(520, *map(sum, widths)), 30 + PANEL * len(panels)
    parts = [f"<rect width='{width}' height='{height}' fill='var(--paper, #fdfdfb)'/>"]
    for x, ink, name in ((NAMES, QUIET, ALL), (NAMES + 110, FEMININE, f"{GENDER}, 95 % of random sets")):
        parts.append(f"<rect x='{x}' y='6' width='10' height='10' fill='{ink}'/>")
        parts.append(f"<text x='{x + 16}' y='15' fill='{INK}'>{name}</text>")
    parts.append(
        f"<line x1='{NAMES + 350}' x2='{NAMES + 362}' y1='11' y2='11' stroke='{INK}' stroke-width='2'/>"
        f"<text x='{NAMES + 368}' y='15' fill='{INK}'>{UNTRAINED}</text>"
    )
    for place, (memory, columns) in enumerate(zip(panels, widths)):
        parts += panel(memory, columns, 30 + PANEL * place)
    return svg(width, height, f"Which words are remembered: {sentence.source}", parts)


def panel(memory: Mapping[str, Retention], columns: Sequence[int], top: int) -> list[str]:
    """One memory's part of a figure, its words in columns of these widths."""
    whole, floor = memory[ALL], top + 24 + TALL
    bands = [each.random[1] for each in memory.get(GENDER, whole).words if each.random]
    largest = max(*bands, *(each.share for one in memory.values() for each in one.words))

    def y(share: float) -> str:
        return f"{floor - TALL * share / largest:.1f}"

    def text(x: float, down: int, said: str, anchor: str = "middle", ink: str = QUIET, weight: int = 400) -> str:
        place = f"x='{x:.0f}' y='{floor + down}' text-anchor='{anchor}'"
        return f"<text {place} fill='{ink}' font-weight='{weight}'>{escape(said)}</text>"

    def line(left: float, right: float, low: str, high: str, width: int) -> str:
        ends = f"x1='{left:.0f}' x2='{right:.0f}' y1='{low}' y2='{high}'"
        return f"<line {ends} stroke='{INK}' stroke-width='{width}'/>"

    names = {34: "share", 50: "projection", 66: "left of it"}
    if whole.method == GRADIENT:
        del names[66]
    parts = [text(8, -TALL - 12, f"{whole.site}, by {whole.method}", "start", INK, 600)]
    parts += [text(8, down, name, "start") for down, name in names.items()]
    parts.append(f"<line x1='{NAMES}' x2='{NAMES + sum(columns)}' y1='{floor}' y2='{floor}' stroke='{LINE}'/>")
    x = NAMES
    for place, (each, column) in enumerate(zip(whole.words, columns)):
        middle = x + column / 2
        for of, ink, left in ((ALL, QUIET, middle - 17), (GENDER, FEMININE, middle + 1)):
            if of in memory:
                high = y(memory[of].words[place].share)
                tall = floor - float(high)
                parts.append(f"<rect x='{left:.0f}' y='{high}' width='16' height='{tall:.1f}' fill='{ink}'/>")
        level = y(memory[UNTRAINED].words[place].share)
        parts.append(line(middle - 20, middle, level, level, 2))
        if GENDER in memory and (band := memory[GENDER].words[place].random):
            parts.append(line(middle + 9, middle + 9, y(band[0]), y(band[1]), 1))
        parts.append(text(middle, 18, each.word, ink=INK, weight=600))
        parts += [text(middle, 34, f"{each.share:.0%}"), text(middle, 50, signed(each.projection))]
        if each.left is not None:
            parts.append(text(middle, 66, f"{each.left:.0%}"))
        x += column
    return parts


SHOWN = 4  # words of a memory in the terminal


def summary(result: Result) -> str:
    """The result for a terminal: of each memory the words that have most of it."""
    lines = [
        f"{result.run}: share of each word in the final memory, |contribution| summed over all units (left of what it wrote)"
    ]
    for sentence in result.sentences:
        lines.append(f"{sentence.source}  →  {sentence.translation}")
        for panel in best_known(sentence.memories):
            whole = panel[ALL]
            most = sorted(whole.words, key=lambda each: -each.share)[:SHOWN]
            said = ", ".join(
                f"{each.word} {each.share:.0%}" + ("" if each.left is None else f" ({each.left:.0%})") for each in most
            )
            exact = (
                f"sum − memory ≤ {whole.deviation:.0e}"
                if whole.method == DECOMPOSITION
                else f"accounts for {number(whole.accounted)} of the memory"
            )
            lines.append(f"  {whole.site}, {whole.method}: {said}; {exact}")
    lines += [f"  not measured: {what}: {why}" for what, why in result.not_measured.items()]
    return "\n".join(lines)


def save(result: Result, folder: Path, command: str) -> list[Path]:
    """Write retention.json, its tables as CSV, and a figure of each sentence."""
    write_json(folder / "retention.json", {"command": command, "results": [asdict(result)]})
    written = [folder / "retention.json", *export({result.run: result}, folder)]
    for place, sentence in enumerate(result.sentences, 1):
        written.append(folder / f"retention-{place}.svg")
        write(written[-1], figure(sentence) + "\n")
    return written
