"""Recurrent layers: they own weights, the loop over time, padding and direction; the equations are the cell's.

Two roads read the very same Parameters. Without a tap a whole sentence goes through torch's own kernel; with one it goes
step by step through the cell's equations, and the tap sees every state and gate. Tests prove the two equal in float64.
Past a sentence's end the old state is kept, so position t is the same word piece for every sentence, direction and tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from . import fused
from .cells import CELLS, LSTM, State
from .taps import Tap

DIRECTIONS = ("forward", "backward")


class SharedDropout(nn.Module):
    """Dropout with one mask for all positions of a sentence (Gal & Ghahramani 2016); [B, T, E] → [B, T, E]."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        mask = x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.rate)
        return x * mask.div_(1 - self.rate)


class Layer(nn.Module):
    """One layer of a cell, in one direction or two.

    `address` is where its sites live: `decoder.0`, or `encoder.0` with `.forward` and `.backward` below it.
    """

    def __init__(self, cell: str, inputs: int, units: int, address: str, directions: Sequence[str] = ("",)):
        super().__init__()
        self.cell = CELLS[cell]
        self.units = units
        self.places = [f"{address}.{direction}".rstrip(".") for direction in directions]
        self.kernel = self.cell.kernel(inputs, units, batch_first=True, bidirectional=len(directions) == 2)
        for name, parameter in self.kernel.named_parameters():
            if name.startswith("weight_hh"):  # each gate has a block of its own
                for block in parameter.data.split(units):
                    nn.init.orthogonal_(block)
            elif name.startswith("weight_ih"):
                for block in parameter.data.split(units):
                    nn.init.xavier_uniform_(block)
            else:
                nn.init.zeros_(parameter)
                if name.startswith("bias_ih") and "forget" in self.cell.gates:  # remember first, learn to forget later
                    forget = self.cell.gates.index("forget")
                    parameter.data[forget * units : (forget + 1) * units] = 1.0

    def sites(self) -> list[str]:
        return [f"{place}.{name}" for place in self.places for name in (*self.cell.gates, *reversed(self.cell.states))]

    def weights(self, direction: int) -> dict[str, Tensor]:
        """The kernel's own Parameters of one direction, by their plain names."""
        suffix = "_l0" + "_reverse" * direction
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {name: getattr(self.kernel, name + suffix) for name in names}

    def zeros(self, x: Tensor) -> list[State]:
        """The state before the first step, for each direction."""
        zero = x.new_zeros(x.shape[0], self.units)
        return [dict.fromkeys(self.cell.states, zero) for _ in self.places]

    def forward(
        self, x: Tensor, initial: Sequence[State] | None = None, lengths: Tensor | None = None, tap: Tap | None = None
    ) -> tuple[Tensor, list[State]]:
        """x [B, T, E], lengths [B] (None: all T) → output [B, T, D·H] and each direction's final {state: [B, H]}."""
        initial = initial or self.zeros(x)
        return self.whole(x, initial, lengths) if tap is None else self.stepped(x, initial, lengths, tap)

    def whole(self, x: Tensor, initial: Sequence[State], lengths: Tensor | None) -> tuple[Tensor, list[State]]:
        """All steps at once: on a CPU by our own LSTM, where the cell is one; else by torch's kernel."""
        if self.cell is LSTM and x.device.type == "cpu":
            each = [fused.lstm(x, past, self.weights(d), lengths, bool(d)) for d, past in enumerate(initial)]
            return torch.cat([output for output, _ in each], dim=2), [state for _, state in each]
        past = tuple(torch.stack([state[name] for state in initial]) for name in self.cell.states)  # [D, B, H] each
        past = past if len(past) > 1 else past[0]
        if lengths is None:
            output, final = self.kernel(x, past)
        else:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            packed, final = self.kernel(packed, past)
            output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        final = final if len(self.cell.states) > 1 else (final,)
        named = [
            {name: value[direction] for name, value in zip(self.cell.states, final)}
            for direction in range(len(initial))
        ]
        return output, named

    def stepped(
        self, x: Tensor, initial: Sequence[State], lengths: Tensor | None, tap: Tap
    ) -> tuple[Tensor, list[State]]:
        """Step by step, by the cell's equations, with a tap at every state and gate."""
        T = x.shape[1]
        outputs, final = [], []
        for direction, state in enumerate(initial):
            output = [x.new_empty(0)] * T
            for t in reversed(range(T)) if direction else range(T):
                new = self.step(x[:, t], state, t, tap, direction)
                if lengths is None:
                    state, output[t] = new, new[self.cell.states[0]]
                else:
                    inside = (t < lengths.to(x.device))[:, None]  # [B, 1]
                    state = {name: torch.where(inside, new[name], state[name]) for name in new}
                    output[t] = new[self.cell.states[0]] * inside
            outputs.append(torch.stack(output, dim=1))  # [B, T, H]
            final.append(state)
        return torch.cat(outputs, dim=2), final

    def step(self, x: Tensor, past: State, position: int, tap: Tap | None = None, direction: int = 0) -> State:
        """One step: x [B, E], past {state: [B, H]} → {state: [B, H]}."""
        place = self.places[direction]
        show = partial(_at, tap, place, position) if tap else _nobody
        return self.cell.step(self.weights(direction), x, past, below=None, clock=position, tap=show)


def _at(tap: Tap, place: str, position: int, name: str, value: Tensor) -> Tensor:
    return tap(f"{place}.{name}", position, value)


def _nobody(name: str, value: Tensor) -> Tensor:
    return value
