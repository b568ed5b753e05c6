"""Cells: the equations of one step in time, with every state and gate named. No loop, no parameters of their own.

A cell is given its weights, its input x_t and its past state, and returns the new state. Each value passes through `tap`
under its own name *before* anything is computed from it: whoever sets `cell` also sets what the output gate lets out.
Shapes: B sentences, E inputs, H units. σ is the logistic function, ⊙ the product unit by unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

State = Mapping[str, Tensor]  # state name → [B, H]
CellTap = Callable[[str, Tensor], Tensor]  # (name of a state or gate, value [B, H]) → value [B, H]


class Cell(Protocol):
    """What every cell has; `step` is the paper's equations."""

    states: ClassVar[tuple[str, ...]]  # what it carries to the next step; the first is its output
    gates: ClassVar[tuple[str, ...]]  # what it computes on the way
    memory: ClassVar[str]  # the state that is said to remember
    kernel: ClassVar[type[nn.RNNBase]]  # torch's own module for it: it owns the weights and runs whole sentences

    @staticmethod
    def step(
        weights: Mapping[str, Tensor],
        x: Tensor,
        past: State,
        *,
        below: State | None,
        clock: int,
        tap: CellTap,
    ) -> State: ...


class LSTM:
    """Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).

        i = σ(W_i x + U_i h + b_i)        input gate: what is written
        f = σ(W_f x + U_f h + b_f)        forget gate: what is kept
        g = tanh(W_g x + U_g h + b_g)     candidate: what there is to write
        o = σ(W_o x + U_o h + b_o)        output gate: what is let out
        c = f ⊙ c_{t−1} + i ⊙ g           cell: the memory line
        h = o ⊙ tanh(c)                   hidden: what everybody else sees

    Weights as in torch.nn.LSTM: weight_ih [4H, E], weight_hh [4H, H], bias_ih and bias_hh [4H], gates in the order i f g o.
    """

    states = ("hidden", "cell")
    gates = ("input", "forget", "candidate", "output")
    memory = "cell"
    kernel = nn.LSTM

    @staticmethod
    def step(
        weights: Mapping[str, Tensor],
        x: Tensor,
        past: State,
        *,
        below: State | None,
        clock: int,
        tap: CellTap,
    ) -> State:
        h, c = past["hidden"], past["cell"]
        drive = linear(x, weights["weight_ih"], weights["bias_ih"]) + linear(
            h, weights["weight_hh"], weights["bias_hh"]
        )
        i, f, g, o = drive.chunk(4, dim=-1)  # [B, H] each
        i = tap("input", torch.sigmoid(i))
        f = tap("forget", torch.sigmoid(f))
        g = tap("candidate", torch.tanh(g))
        o = tap("output", torch.sigmoid(o))
        c = tap("cell", f * c + i * g)
        h = tap("hidden", o * torch.tanh(c))
        return {"hidden": h, "cell": c}


CELLS: dict[str, type[Cell]] = {"lstm": LSTM}
