"""Cells: the equations of one step in time, with every state and gate named. No loop, no parameters of their own.

A cell is given its weights, its drive W x_t + b (what the word brings, made for the whole sentence at once) and its past
state, and returns the new state. Each value passes through `tap` under its own name *before* anything is computed from
it: whoever sets `cell` also sets what the output gate lets out.

Shapes: B sentences, E inputs, H units. W [·, E] and U [·, H] are matrices, w and b vectors; the rows of W, U and b are
the gates', H for each, in the order of `gates`. σ is the logistic function, ⊙ the product unit by unit; a value without
an index is of now (t) and of this layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn, sigmoid, tanh
from torch.nn.functional import linear

State = Mapping[str, Tensor]  # state name → [B, H]
CellTap = Callable[[str, Tensor], Tensor]  # (name of a state or gate, value [B, H]) → value [B, H]


class Cell:
    """What every cell has; `step` is the paper's equations. What a cell does not say of itself is said here."""

    states: ClassVar[tuple[str, ...]] = ("hidden",)  # what it carries to the next step; the first is what its gates see
    gates: ClassVar[tuple[str, ...]] = ()  # what it computes on the way
    memory: ClassVar[str] = "hidden"  # the state that is said to remember
    output: ClassVar[str] = "hidden"  # what it hands on: to the layer above as its input, from the last to the readout
    upward: ClassVar[str | None] = None  # the state that the layer above sees beside that, if any
    last: ClassVar[type[Cell] | None] = None  # what stands in a last layer whose output nobody reads, if another cell
    kernel: ClassVar[Callable[..., nn.Module] | None] = None  # torch's own module: owns weights, runs whole sentences

    @classmethod
    def shapes(cls, E: int, H: int) -> dict[str, tuple[int, ...]]:
        """The weights by their names, where torch has no module for the cell."""
        rows = H * max(1, len(cls.gates))
        return {"weight_ih": (rows, E), "weight_hh": (rows, H), "bias_ih": (rows,)}

    @staticmethod
    def step(
        weights: Mapping[str, Tensor],
        drive: Tensor,  # [B, rows of W]
        past: State,
        *,
        below: State | None,  # `upward` of the layer below, now
        clock: int | Tensor,  # how many steps were made before this one; [B, 1] where sentences differ
        tap: CellTap,
    ) -> State:
        raise NotImplementedError


class Tanh(Cell):
    """The simple recurrent network (Elman 1990), as torch.nn.RNN.

    h = tanh(W x + U h_{t−1} + b)    hidden: its memory, and what everybody sees
    """

    kernel = nn.RNN

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        h = tap("hidden", tanh(drive + linear(past["hidden"], weights["weight_hh"], weights["bias_hh"])))
        return {"hidden": h}


class LSTM(Cell):
    """Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000), as
    torch.nn.LSTM.

    i = σ(W_i x + U_i h_{t−1} + b_i)        input gate: what is written
    f = σ(W_f x + U_f h_{t−1} + b_f)        forget gate: what is kept
    g = tanh(W_g x + U_g h_{t−1} + b_g)     candidate: what there is to write
    o = σ(W_o x + U_o h_{t−1} + b_o)        output gate: what is let out
    c = f ⊙ c_{t−1} + i ⊙ g                 cell: the memory line
    h = o ⊙ tanh(c)                         hidden: what everybody else sees
    """

    states = ("hidden", "cell")
    gates = ("input", "forget", "candidate", "output")
    memory = "cell"
    kernel = nn.LSTM

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        h, c = past["hidden"], past["cell"]
        i, f, g, o = (drive + linear(h, weights["weight_hh"], weights["bias_hh"])).chunk(4, dim=1)  # [B, H] each
        i = tap("input", sigmoid(i))
        f = tap("forget", sigmoid(f))
        g = tap("candidate", tanh(g))
        o = tap("output", sigmoid(o))
        c = tap("cell", f * c + i * g)
        h = tap("hidden", o * tanh(c))
        return {"hidden": h, "cell": c}


class Peephole(Cell):
    """An LSTM whose gates see the memory line (Gers & Schmidhuber 2000), each unit its own only.

    i = σ(W_i x + U_i h_{t−1} + w_i ⊙ c_{t−1} + b_i)
    f = σ(W_f x + U_f h_{t−1} + w_f ⊙ c_{t−1} + b_f)
    g = tanh(W_g x + U_g h_{t−1} + b_g)
    c = f ⊙ c_{t−1} + i ⊙ g
    o = σ(W_o x + U_o h_{t−1} + w_o ⊙ c + b_o)      it sees what has just been written
    h = o ⊙ tanh(c)
    """

    states, gates, memory = LSTM.states, LSTM.gates, LSTM.memory

    @classmethod
    def shapes(cls, E, H):
        return {**super().shapes(E, H), "peephole": (3, H)}

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        h, c = past["hidden"], past["cell"]
        w_i, w_f, w_o = weights["peephole"]
        i, f, g, o = (drive + linear(h, weights["weight_hh"])).chunk(4, dim=1)
        i = tap("input", sigmoid(i + w_i * c))
        f = tap("forget", sigmoid(f + w_f * c))
        g = tap("candidate", tanh(g))
        c = tap("cell", f * c + i * g)
        o = tap("output", sigmoid(o + w_o * c))
        h = tap("hidden", o * tanh(c))
        return {"hidden": h, "cell": c}


class GRU(Cell):
    """The gated recurrent unit (Cho et al. 2014), as torch.nn.GRU: one state, and two gates that share the work of three.

    r = σ(W_r x + U_r h_{t−1} + b_r)              reset gate: how much of the past the candidate sees
    z = σ(W_z x + U_z h_{t−1} + b_z)              update gate: what is kept
    n = tanh(W_n x + b_n + r ⊙ (U_n h_{t−1} + b)) candidate: what there is to write
    h = z ⊙ h_{t−1} + (1 − z) ⊙ n                 hidden: a memory line that everybody sees

    Here the reset gate stands after the matrix, as in torch; in the paper it stands before: n = tanh(W_n x + U_n (r ⊙ h_{t−1})).
    """

    gates = ("reset", "update", "candidate")
    kernel = nn.GRU

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        h = past["hidden"]
        (r, z, n), (again_r, again_z, again_n) = (
            each.chunk(3, dim=1) for each in (drive, linear(h, weights["weight_hh"], weights["bias_hh"]))
        )
        r = tap("reset", sigmoid(r + again_r))
        z = tap("update", sigmoid(z + again_z))
        n = tap("candidate", tanh(n + r * again_n))
        h = tap("hidden", z * h + (1 - z) * n)
        return {"hidden": h}


class DepthGated(Cell):
    """A peephole LSTM whose memory line also comes up from the layer below, through a gate (Yao et al. 2015).

    d = σ(W_d x + w_c ⊙ c_{t−1} + w_l ⊙ c^{below} + b_d)       depth gate: what comes up
    c = d ⊙ c^{below} + f ⊙ c_{t−1} + i ⊙ g                    i, f, g, o and h as in Peephole

    Below the lowest layer there is no cell: a linear map of the word stands for it, as in the authors' code.
    """

    states, memory, upward = LSTM.states, LSTM.memory, "cell"
    gates = ("depth", *LSTM.gates)

    @classmethod
    def shapes(cls, E, H):
        return {**super().shapes(E, H), "weight_hh": (4 * H, H), "peephole": (3, H), "depth_peephole": (2, H)}

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        h, c, H = past["hidden"], past["cell"], past["cell"].shape[1]
        w_i, w_f, w_o = weights["peephole"]
        w_c, w_l = weights["depth_peephole"]
        i, f, g, o = (drive[:, H:] + linear(h, weights["weight_hh"])).chunk(4, dim=1)
        d = tap("depth", sigmoid(drive[:, :H] + w_c * c + w_l * below["cell"]))
        i = tap("input", sigmoid(i + w_i * c))
        f = tap("forget", sigmoid(f + w_f * c))
        g = tap("candidate", tanh(g))
        c = tap("cell", d * below["cell"] + f * c + i * g)
        o = tap("output", sigmoid(o + w_o * c))
        h = tap("hidden", o * tanh(c))
        return {"hidden": h, "cell": c}


class Clockwork(Cell):
    """The clockwork RNN (Koutník et al. 2014): modules of units with a period T each, slow ones seen by fast ones only.

    h^k = tanh(W^k x + Σ_{T_j ≥ T_k} U^{kj} h^j_{t−1} + b^k)     in a module k whose time it is: t mod T_k = 0
    h^k = h^k_{t−1}                                              in all others

    The modules are of one size, as near as H allows, the fastest first. The blocks of U from faster to slower are not read.
    """

    periods = (1, 2, 4, 8)  # steps; a sentence has a dozen or two

    @classmethod
    def step(cls, weights, drive, past, *, below, clock, tap):
        h, U = past["hidden"], weights["weight_hh"]
        units = torch.arange(len(U), device=U.device)
        period = torch.tensor(cls.periods, device=U.device)[units * len(cls.periods) // len(U)]  # [H]
        new = tanh(drive + linear(h, U * (period >= period[:, None])))
        h = tap("hidden", torch.where(clock % period == 0, new, h))
        return {"hidden": h}


class GridEdge(Cell):
    """Grid LSTM in one dimension (Kalchbrenner, Danihelka & Graves 2015): an LSTM whose tanh stands outside.

    i, f, o = σ(W x + U h_{t−1} + b)        g = tanh(W x + U h_{t−1} + b)
    c = f ⊙ c_{t−1} + i ⊙ g
    h = tanh(o ⊙ c)
    """

    states, gates, memory = LSTM.states, LSTM.gates, LSTM.memory

    @classmethod
    def step(cls, weights, drive, past, *, below, clock, tap):
        return cls.transform(drive + linear(past["hidden"], weights["weight_hh"]), past["cell"], tap)

    @staticmethod
    def transform(drive: Tensor, c: Tensor, tap: CellTap) -> State:
        """The gates' sums [B, 4H] and the memory that comes in [B, H] → what goes out."""
        i, f, g, o = drive.chunk(4, dim=1)
        i = tap("input", sigmoid(i))
        f = tap("forget", sigmoid(f))
        g = tap("candidate", tanh(g))
        o = tap("output", sigmoid(o))
        c = tap("cell", f * c + i * g)
        h = tap("hidden", tanh(o * c))
        return {"hidden": h, "cell": c}


class Grid(Cell):
    """Grid LSTM in two dimensions, time and depth (Kalchbrenner, Danihelka & Graves 2015), each with a memory line.

    Both read the hidden states that come in: x from the layer below, h_{t−1} from the step before. Each has gates and
    weights of its own, and transforms its own memory as in GridEdge:

    i, f, g, o of x and h_{t−1}     c = f ⊙ c_{t−1} + i ⊙ g         h = tanh(o ⊙ c)     along time
    the same, named depth_…         c = f ⊙ c^{below} + i ⊙ g       h = tanh(o ⊙ c)     along depth

    Both are made at once, as in the paper's basic block (no dimension has priority), so that what is written along time is
    seen from the next step on. Below the lowest layer a linear map of the word stands for the memory.
    """

    states, memory, last = LSTM.states, LSTM.memory, GridEdge
    gates = (*LSTM.gates, *(f"depth_{gate}" for gate in LSTM.gates))
    output, upward = "depth_hidden", "depth_cell"

    @staticmethod
    def step(weights, drive, past, *, below, clock, tap):
        time, depth = (drive + linear(past["hidden"], weights["weight_hh"])).chunk(2, dim=1)  # [B, 4H] each
        along = GridEdge.transform(time, past["cell"], tap)
        up = GridEdge.transform(depth, below["depth_cell"], lambda name, value: tap(f"depth_{name}", value))
        return {**along, **{f"depth_{name}": value for name, value in up.items()}}


CELLS: dict[str, type[Cell]] = {
    "tanh": Tanh,
    "lstm": LSTM,
    "peephole": Peephole,
    "gru": GRU,
    "depth-gated": DepthGated,
    "clockwork": Clockwork,
    "grid": Grid,
}
