"""Beam search over the model's `step`; a beam of one is greedy search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .batching import pad
from .config import check, option
from .model import BEGIN, END, PAD, Memory, Model, select
from .taps import Recorder, Tap, over
from .taps import check as check_tap

LARGEST_BEAM = 100


@dataclass(frozen=True)
class SearchSettings:
    """How a translation is looked for."""

    beam: int = option(5, "hypotheses kept at each step; 1 is greedy", minimum=1, maximum=LARGEST_BEAM)
    exponent: float = option(
        1.0, "length normalisation: a hypothesis scores log p / length ** exponent", minimum=0, maximum=10
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Hypothesis:
    """A finished translation: its pieces without begin and end, log p of all of them and the end, and that normalised."""

    pieces: tuple[int, ...]
    log_probability: float
    score: float


@dataclass(frozen=True)
class Start:
    """Where decoding goes on: the memory, with the decoder's states before a prefix's last piece, and that piece [B]."""

    memory: Memory
    first: Tensor

    def rows(self, index: Tensor) -> Start:
        return Start(self.memory.rows(index.to(self.memory.states.device)), self.first[index])


@torch.inference_mode()
def read_prefixes(model: Model, memory: Memory, prefixes: Sequence[Sequence[int]]) -> Start:
    """Force the decoder through these pieces, all but the last of each (at least one): what `search` goes on from."""
    recorder = Recorder(
        f"decoder.{layer}.{state}" for layer, each in enumerate(model.decoder) for state in each.cell.states
    )
    model.decode(pad([[BEGIN, *each[:-1]] for each in prefixes]).to(memory.states.device), memory, recorder)
    rows, last = torch.arange(len(prefixes)), torch.tensor([len(each) - 1 for each in prefixes])
    initial = [
        {state: recorder[f"decoder.{layer}.{state}"][rows, last] for state in each.cell.states}
        for layer, each in enumerate(model.decoder)
    ]
    first = torch.tensor([each[-1] for each in prefixes])
    elapsed = (last + 1)[:, None].to(memory.states.device)
    return Start(replace(memory, initial=initial, elapsed=elapsed), first)


@torch.inference_mode()
def search(
    model: Model,
    memory: Memory,
    limit: int | Tensor,
    settings: SearchSettings,
    *,
    first: Tensor | None = None,
    forced: Tensor | None = None,
    tap: Tap | None = None,
) -> list[list[Hypothesis]]:
    """Each sentence's `beam` best hypotheses, best first.

    `limit` is how many pieces a translation may have, for all sentences or for each [B]: a sentence does not depend on its
    neighbours. `first` [B] are the pieces that the first step reads, instead of the begin piece: so a search may go on from
    the middle of a sentence, whose state is the memory's initial one. `forced` [B, P] makes every translation begin with
    these pieces (PAD: free from here on). A tap sees every step, also the forced ones, with the K hypotheses of a sentence
    in neighbouring rows, and positions counted from the first step.
    """
    check_tap(tap, model.sites())
    K, V, device = settings.beam, model.vocabulary, memory.states.device
    sentence = torch.arange(len(memory.states), device=device)  # [N] who is still being translated
    memory = memory.rows(sentence.repeat_interleave(K))
    states = list(memory.initial)  # a layer's {state: [N·K, H]}
    if first is None:
        first = torch.full_like(sentence, BEGIN)
    tokens = first.to(device).repeat_interleave(K)[:, None]  # [N·K, t + 1] what has been said
    scores = torch.full((len(sentence), K), float("-inf"), device=device)  # [N, K] its log p
    scores[:, 0] = 0.0
    limits = torch.as_tensor(limit, device=device).expand(len(sentence))  # [B]
    no_end = torch.arange(V, device=device) != END  # [V]
    finished: list[list[Hypothesis]] = [[] for _ in sentence]

    def finish(row: int, said: Sequence[int], score: float) -> None:
        pieces = tuple(said[1:])
        finished[row].append(Hypothesis(pieces, score, score / (len(pieces) + 1) ** settings.exponent))

    for position in range(int(limits.max()) + 1):
        tap = None if over(tap, position) else tap
        logits, states = model.step(tokens[:, -1], states, memory, position, tap)
        log_p = logits.log_softmax(dim=1)
        log_p[:, [PAD, BEGIN]] = float("-inf")
        full = (limits[sentence] == position).repeat_interleave(K)[:, None]  # [N·K, 1] what may grow no longer
        log_p.masked_fill_(full & no_end, float("-inf"))
        if forced is not None and position < forced.shape[1]:
            wanted = forced[sentence, position].repeat_interleave(K)[:, None]  # [N·K, 1]
            others = (torch.arange(V, device=device) != wanted) & (wanted != PAD)
            log_p.masked_fill_(others, float("-inf"))
        total = scores[:, :, None] + log_p.view(len(sentence), K, V)
        best, index = total.flatten(1).topk(min(2 * K, K * V), dim=1)  # [N, 2K]: K survive even if K end here
        parent, piece = index // V, index % V
        ending = (piece == END) & (best > float("-inf"))
        for n, k in ending[:, :K].nonzero().tolist():
            finish(int(sentence[n]), tokens[n * K + int(parent[n, k])].tolist(), float(best[n, k]))
        scores, keep = best.masked_fill(piece == END, float("-inf")).topk(K, dim=1)  # [N, K]
        rows = torch.arange(len(sentence), device=device)[:, None] * K + parent.gather(1, keep)
        tokens = torch.cat([tokens[rows.flatten()], piece.gather(1, keep).flatten()[:, None]], dim=1)
        going = [
            len(finished[n]) < K and live for n, live in zip(sentence.tolist(), (scores[:, 0] > float("-inf")).tolist())
        ]
        if not any(going):
            break
        stay = torch.tensor(going, device=device)
        scores = scores.masked_fill(~stay[:, None], float("-inf"))  # who is done has nothing more to say
        if tap is None and not all(going):  # a tap counts on every sentence keeping its rows
            sentence, scores, rows = sentence[stay], scores[stay], rows[stay]
            tokens = tokens.view(len(going), K, -1)[stay].flatten(0, 1)
            memory = memory.rows(rows.flatten())
        states = select(states, rows.flatten())
    return [sorted(each, key=lambda hypothesis: -hypothesis.score)[:K] for each in finished]
