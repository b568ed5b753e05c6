"""Cells: every equation against torch's own module, every named value against what the step makes of it."""

from __future__ import annotations

import pytest
import torch

from seq2seq.cells import CELLS
from seq2seq.recurrent import Layer

B, E, H = 3, 4, 5
UNIT_INTERVAL = {"input", "forget", "output"}  # gates that are a logistic function of something


@pytest.fixture(params=CELLS)
def layer(request) -> Layer:
    torch.manual_seed(0)
    layer = Layer(request.param, E, H, "here").double()
    for bias in (p for name, p in layer.named_parameters() if "bias" in name):
        torch.nn.init.normal_(bias)  # no equation may leave one out
    return layer


def step(layer: Layer, tap=lambda name, value: value, seed: int = 1):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda size: torch.randn(B, size, dtype=torch.float64, generator=generator)
    x, past = draw(E), {name: draw(H) for name in layer.cell.states}
    return x, past, layer.cell.step(layer.weights(0), x, past, below=None, clock=0, tap=tap)


def test_a_step_is_one_step_of_torchs_own_module(layer):
    x, past, state = step(layer)
    initial = tuple(past[name][None] for name in layer.cell.states)
    output, final = layer.kernel(x[:, None], initial if len(initial) > 1 else initial[0])
    torch.testing.assert_close(state[layer.cell.states[0]], output[:, 0], rtol=0, atol=1e-14)
    for name, value in zip(layer.cell.states, final if len(initial) > 1 else (final,)):
        torch.testing.assert_close(state[name], value[0], rtol=0, atol=1e-14)


def test_the_tap_is_shown_each_gate_and_state_once_in_the_order_of_the_sites(layer):
    seen = {}

    def tap(name, value):
        assert name not in seen and value.shape == (B, H)
        seen[name] = value
        return value

    _, _, state = step(layer, tap)
    assert [f"here.{name}" for name in seen] == layer.sites()
    assert set(state) == set(layer.cell.states) and all(state[name] is seen[name] for name in state)
    assert all(((seen[name] > 0) & (seen[name] < 1)).all() for name in UNIT_INTERVAL & set(seen))


def test_what_the_tap_returns_is_what_the_step_goes_on_with(layer):
    for name in (*layer.cell.gates, *layer.cell.states):
        _, past, plain = step(layer)
        _, _, changed = step(layer, lambda shown, value, name=name: value + 0.5 if shown == name else value)
        output = layer.cell.states[0]
        assert (changed[output] != plain[output]).any(), name
        if name in past:
            torch.testing.assert_close(changed[name], plain[name] + 0.5)


def test_lstm_gates_do_what_their_names_say():
    """Forget 1 and input 0 keep the cell; forget 0 and input 1 replace it; output 0 lets nothing out."""
    layer = Layer("lstm", E, H, "here").double()

    def setting(**gates):
        return lambda name, value: torch.full_like(value, gates[name]) if name in gates else value

    _, past, kept = step(layer, setting(forget=1.0, input=0.0))
    torch.testing.assert_close(kept["cell"], past["cell"])
    _, _, replaced = step(layer, setting(forget=0.0, input=1.0, candidate=0.25))
    assert replaced["cell"].eq(0.25).all()
    _, _, shut = step(layer, setting(output=0.0))
    assert shut["hidden"].eq(0).all() and shut["cell"].ne(0).all()
