"""Recurrent layers: they own weights, the loop over time, padding and direction; the equations are the cell's.

Two roads read the very same Parameters. Without a tap a whole sentence goes through torch's own kernel, where torch has
the cell (an LSTM on a CPU: through `fused`); with one, or for another cell, it goes step by step through the cell's
equations, and the tap sees every state and gate. Tests prove the two equal in float64. Past a sentence's end the old
state is kept, so position t is the same word piece for every sentence, direction and tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from . import fused
from .cells import LSTM, Cell, State
from .taps import Tap

DIRECTIONS = ("forward", "backward")


class SharedDropout(nn.Module):
    """Dropout with one mask for all positions of a sentence (Gal & Ghahramani 2016); [B, T, E] → [B, T, E]."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def mask(self, x: Tensor) -> Tensor:
        """What x [B, T, E] is multiplied with."""
        return x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.rate).div_(1 - self.rate)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask(x) if self.training and self.rate else x


class WordDropout(SharedDropout):
    """Leaves out whole word pieces, and makes the others no larger (Sennrich, Haddow & Birch 2016)."""

    def mask(self, x: Tensor) -> Tensor:
        return x.new_empty(*x.shape[:2], 1).bernoulli_(1 - self.rate)


class Weights(nn.Module):
    """The Parameters of a cell that torch has no module for, named as torch names its own."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], directions: int):
        super().__init__()
        for suffix in ("_l0", "_l0_reverse")[:directions]:
            for name, shape in shapes.items():
                self.register_parameter(name + suffix, nn.Parameter(torch.empty(shape)))


def kernel(cell: type[Cell], inputs: int, units: int, directions: int, lowest: bool) -> nn.Module:
    """What owns a layer's weights: torch's own module, where torch has the cell."""
    if cell.kernel:
        return cell.kernel(inputs, units, batch_first=True, bidirectional=directions == 2)
    shapes = cell.shapes(inputs, units)
    if cell.upward and lowest:  # what stands for the layer below
        shapes["weight_below"] = (units, inputs)
    return Weights(shapes, directions)


class Layer(nn.Module):
    """One layer of a cell, in one direction or two.

    `address` is where its sites live: `decoder.0`, or `encoder.0` with `.forward` and `.backward` below it. The `lowest`
    layer reads words.
    """

    def __init__(
        self,
        cell: type[Cell],
        inputs: int,
        units: int,
        address: str,
        directions: Sequence[str] = ("",),
        lowest: bool = True,
    ):
        super().__init__()
        self.cell, self.units = cell, units
        self.places = [f"{address}.{direction}".rstrip(".") for direction in directions]
        self.kernel = kernel(self.cell, inputs, units, len(directions), lowest)
        for name, parameter in self.kernel.named_parameters():
            if name.startswith("weight_hh"):  # each gate has a block of its own
                for block in parameter.data.split(units):
                    nn.init.orthogonal_(block)
            elif name.startswith("weight"):
                for block in parameter.data.split(units):
                    nn.init.xavier_uniform_(block)
            else:
                nn.init.zeros_(parameter)
                if name.startswith("bias_ih"):
                    for gate, block in zip(self.cell.gates, parameter.data.split(units)):
                        block.fill_(gate.endswith("forget"))  # remember first, learn to forget later

    def sites(self) -> list[str]:
        cell = self.cell
        names = dict.fromkeys((*cell.gates, *reversed(cell.states), cell.upward or cell.output, cell.output))
        return [f"{place}.{name}" for place in self.places for name in names]

    @property
    def memories(self) -> list[str]:
        """The site of its memory, in each direction."""
        return [f"{place}.{self.cell.memory}" for place in self.places]

    def weights(self, direction: int) -> dict[str, Tensor]:
        """The kernel's own Parameters of one direction, by their plain names."""
        suffix = "_l0" + "_reverse" * direction
        return {
            name.removesuffix(suffix): value for name, value in self.kernel.named_parameters() if name.endswith(suffix)
        }

    def zeros(self, x: Tensor) -> list[State]:
        """The state before the first step, for each direction."""
        zero = x.new_zeros(x.shape[0], self.units)
        return [dict.fromkeys(self.cell.states, zero) for _ in self.places]

    def forward(
        self,
        x: Tensor,
        initial: Sequence[State] | None = None,
        lengths: Tensor | None = None,
        tap: Tap | None = None,
        below: Sequence[Tensor] = (),
        elapsed: int | Tensor = 0,
    ) -> tuple[Tensor, list[State], list[Tensor]]:
        """x [B, T, E], lengths [B] (None: all T), `below` what the layer below hands upward, [B, T, H] a direction,
        `elapsed` how many steps were made before the initial state, [B, 1] where sentences differ
        → output [B, T, D·H], each direction's final {state: [B, H]}, and what it hands upward itself, if anything."""
        initial = initial or self.zeros(x)
        if tap is None and self.cell.kernel:
            return *self.whole(x, initial, lengths), []
        return self.stepped(x, initial, lengths, tap, below, elapsed=elapsed)

    def whole(self, x: Tensor, initial: Sequence[State], lengths: Tensor | None) -> tuple[Tensor, list[State]]:
        """All steps at once: on a CPU by our own LSTM, where the cell is one; else by torch's kernel."""
        if self.cell is LSTM and x.device.type == "cpu":
            each = [fused.lstm(x, past, self.weights(d), lengths, bool(d)) for d, past in enumerate(initial)]
            return torch.cat([output for output, _ in each], dim=2), [state for _, state in each]
        past = tuple(torch.stack([state[name] for state in initial]) for name in self.cell.states)  # [D, B, H] each
        begun = past if len(past) > 1 else past[0]
        if lengths is None:
            output, final = self.kernel(x, begun)
        else:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            packed, final = self.kernel(packed, begun)
            output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        final = final if len(self.cell.states) > 1 else (final,)
        named: list[State] = [
            {name: value[direction] for name, value in zip(self.cell.states, final)}
            for direction in range(len(initial))
        ]
        return output, named

    def stepped(
        self,
        x: Tensor,
        initial: Sequence[State],
        lengths: Tensor | None,
        tap: Tap | None,
        below: Sequence[Tensor],
        start: int = 0,
        elapsed: int | Tensor = 0,
    ) -> tuple[Tensor, list[State], list[Tensor]]:
        """Step by step, by the cell's equations, with a tap at every state and gate; x begins at position `start`,
        `elapsed` steps later than that in its sentence."""
        T, cell = x.shape[1], self.cell
        ends = torch.tensor(T) if lengths is None else lengths.to(x.device)[:, None]  # [B, 1]
        outputs, final, upward = [], list[State](), []
        for direction, past in enumerate(initial):
            weights = self.weights(direction)
            state: State = {name: past[name].to(weights["weight_hh"].dtype) for name in cell.states}  # not bf16's
            drives = linear(x, weights["weight_ih"], weights["bias_ih"]).unbind(1)  # T × [B, rows]
            lower: Sequence[State | None] = [None] * T
            if cell.upward:
                memory = below[direction] if below else linear(x, weights["weight_below"])  # [B, T, H]
                lower = [{cell.upward: each} for each in memory.unbind(1)]
            found: list[State] = [{}] * T
            for t in reversed(range(T)) if direction else range(T):
                show = partial(_at, tap, self.places[direction], start + t) if tap else _nobody
                clock = ends - 1 - t if direction else elapsed + start + t
                new = found[t] = cell.step(weights, drives[t], state, below=lower[t], clock=clock, tap=show)
                if lengths is not None:
                    new = {name: torch.where(t < ends, new[name], state[name]) for name in cell.states}
                state = new
            outputs.append(torch.stack([each[cell.output] for each in found], dim=1))  # [B, T, H]
            final.append({name: state[name] for name in cell.states})
            if cell.upward:
                upward.append(torch.stack([each[cell.upward] for each in found], dim=1))
        output = torch.cat(outputs, dim=2)
        if lengths is not None:
            output = output * (torch.arange(T, device=x.device) < ends)[..., None]
        return output, final, upward


def _at(tap: Tap, place: str, position: int, name: str, value: Tensor) -> Tensor:
    return tap(f"{place}.{name}", position, value)


def _nobody(name: str, value: Tensor) -> Tensor:
    return value
