"""Beam search over the model's `step`; a beam of one is greedy search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .batching import pad
from .cells import State
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
    these pieces (PAD: free from here on). A tap sees every step, also the forced ones, with the hypotheses of a sentence (one
    at the first step) in neighbouring rows, and positions counted from the first step.
    """
    check_tap(tap, model.sites())
    K, V, device = settings.beam, model.vocabulary, memory.states.device
    sentence = torch.arange(len(memory.states), device=device)  # [N] who is still being translated
    states: Sequence[State] = memory.initial  # a layer's {state: [N·k, H]}, of k ≤ K hypotheses: one at first
    if first is None:
        first = torch.full_like(sentence, BEGIN)
    tokens = first.to(device)[:, None]  # [N·k, t + 1] what has been said
    scores = torch.zeros(len(sentence), 1, device=device)  # [N, k] its log p
    limits = torch.as_tensor(limit, device=device).expand(len(sentence))  # [B]
    shortest, longest = int(limits.min()), int(limits.max())
    no_end = torch.arange(V, device=device) != END  # [V]
    finished: list[list[Hypothesis]] = [[] for _ in sentence]

    for position in range(longest + 1):
        tap = None if over(tap, position) else tap
        logits, states = model.step(tokens[:, -1], states, memory, position, tap)
        log_p = logits.log_softmax(dim=1).view(*scores.shape, V)  # [N, k, V]
        log_p[..., PAD] = log_p[..., BEGIN] = float("-inf")
        if position >= shortest:  # some may grow no longer
            full = (limits[sentence] == position)[:, None, None]
            log_p.masked_fill_(full & no_end, float("-inf"))
        if forced is not None and position < forced.shape[1]:
            wanted = forced[sentence, position][:, None, None]
            others = (torch.arange(V, device=device) != wanted) & (wanted != PAD)
            log_p.masked_fill_(others, float("-inf"))
        total = log_p.add_(scores[:, :, None]).flatten(1)  # [N, k·V]
        best, index = total.topk(min(2 * K, total.shape[1]), dim=1)  # [N, ≤ 2K]: K survive even if K end here
        piece = index % V
        rows = torch.arange(0, len(tokens), scores.shape[1], device=device)[:, None] + index // V  # grown from
        ended = ((piece == END) & (best > float("-inf")))[:, :K].nonzero(as_tuple=True)
        whole = zip(sentence[ended[0]].tolist(), tokens[rows[ended]].tolist(), best[ended].tolist())
        for n, (_, *said), score in whole:
            finished[n].append(Hypothesis(tuple(said), score, score / (len(said) + 1) ** settings.exponent))
        scores, keep = best.masked_fill(piece == END, float("-inf")).topk(min(K, best.shape[1]), dim=1)  # [N, k]
        going = [
            len(finished[n]) < K and live for n, live in zip(sentence.tolist(), (scores[:, 0] > float("-inf")).tolist())
        ]
        if not any(going):
            break
        stay = torch.tensor(going, device=device)
        scores = scores.masked_fill(~stay[:, None], float("-inf"))  # who is done has nothing more to say
        rows, piece = rows.gather(1, keep), piece.gather(1, keep)
        if tap is None and not all(going):  # a tap counts on every sentence keeping its rows
            sentence, scores, rows, piece = sentence[stay], scores[stay], rows[stay], piece[stay]
            memory = memory.rows(stay)
        tokens = torch.cat([tokens[rows.flatten()], piece.view(-1, 1)], dim=1)
        states = select(states, rows.flatten())
    return [sorted(each, key=lambda hypothesis: -hypothesis.score)[:K] for each in finished]
