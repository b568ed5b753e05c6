"""Cells: every equation against torch's own module or another cell, every named value against what the step makes of it."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.nn.functional import linear

from seq2seq.cells import CELLS, Cell, Clockwork, GridEdge
from seq2seq.recurrent import Layer

B, E, H = 3, 4, 8
EVERY = {**CELLS, "grid edge": GridEdge}
CANDIDATES = {"candidate", "depth_candidate"}  # all other gates are a logistic function of something
same = partial(torch.testing.assert_close, rtol=0, atol=1e-12)


def make(cell: type[Cell], seed: int = 0) -> Layer:
    torch.manual_seed(seed)
    layer = Layer(cell, E, H, "here").double()
    for name, parameter in layer.named_parameters():
        if "weight" not in name:  # no equation may leave one out
            torch.nn.init.normal_(parameter)
    return layer


@pytest.fixture(params=EVERY.values(), ids=EVERY)
def layer(request) -> Layer:
    return make(request.param)


def step(layer: Layer, tap=lambda name, value: value, clock: int = 0, seed: int = 1):
    """One step from random states: the input, the past, and what the step makes of them."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda size: torch.randn(B, size, dtype=torch.float64, generator=generator)
    cell, weights = layer.cell, layer.weights(0)
    x, past = draw(E), {name: draw(H) for name in cell.states}
    drive = linear(x, weights["weight_ih"], weights["bias_ih"])
    below = {cell.upward: draw(H)} if cell.upward else None
    return x, past, cell.step(weights, drive, past, below=below, clock=clock, tap=tap)


def setting(**values):
    """A tap that sets gates."""
    return lambda name, value: torch.full_like(value, values[name]) if name in values else value


@pytest.mark.parametrize("cell", [cell for cell in CELLS.values() if cell.kernel])
def test_a_step_is_one_step_of_torchs_own_module(cell):
    layer = make(cell)
    x, past, state = step(layer)
    initial = tuple(past[name][None] for name in cell.states)
    output, final = layer.kernel(x[:, None], initial if len(initial) > 1 else initial[0])
    same(state["hidden"], output[:, 0])
    for name, value in zip(cell.states, final if len(initial) > 1 else (final,)):
        same(state[name], value[0])


def test_the_tap_is_shown_each_gate_and_state_once(layer):
    seen = {}

    def tap(name, value):
        assert name not in seen and value.shape == (B, H)
        seen[name] = value
        return value

    _, _, state = step(layer, tap)
    assert sorted(f"here.{name}" for name in seen) == sorted(layer.sites())
    assert {*layer.cell.states, layer.cell.output} <= set(state) <= set(seen)
    assert all(value is seen[name] for name, value in state.items())
    gates = {name: seen[name] for name in layer.cell.gates}
    assert all(((value > 0) & (value < 1)).all() for name, value in gates.items() if name not in CANDIDATES)


def test_what_the_tap_returns_is_what_the_step_goes_on_with(layer):
    _, _, plain = step(layer)
    for name in (site.removeprefix("here.") for site in layer.sites()):
        _, _, changed = step(layer, lambda shown, value, name=name: value + 0.5 if shown == name else value)
        assert any((changed[state] != plain[state]).any() for state in plain), name
        if name in plain:
            same(changed[name], plain[name] + 0.5)


def test_no_weight_is_left_out(layer):
    """Clockwork's recurrent blocks from faster to slower are the only ones that nothing reads."""
    made = step(layer)[2]
    weights = {name: value for name, value in layer.weights(0).items() if name != "weight_below"}  # the layer's to use
    gradients = torch.autograd.grad(sum((value * value).sum() for value in made.values()), list(weights.values()))
    for name, gradient in zip(weights, gradients):
        unread = torch.zeros_like(gradient, dtype=torch.bool)
        if layer.cell is Clockwork and name == "weight_hh":
            module = torch.arange(H) // 2  # four modules of two units
            unread = module[:, None] > module
        assert ((gradient == 0) == unread).all(), name


@pytest.mark.parametrize("name", [name for name, cell in EVERY.items() if "forget" in cell.gates])
def test_lstm_gates_do_what_their_names_say(name):
    """Forget 1 and input 0 keep the cell; forget 0 and input 1 replace it; output 0 lets nothing out."""
    layer = make(EVERY[name])
    alone = {"depth": 0.0} if "depth" in layer.cell.gates else {}
    _, past, kept = step(layer, setting(forget=1.0, input=0.0, **alone))
    same(kept["cell"], past["cell"])
    _, _, replaced = step(layer, setting(forget=0.0, input=1.0, candidate=0.25, **alone))
    assert replaced["cell"].eq(0.25).all()
    _, _, shut = step(layer, setting(output=0.0))
    assert shut["hidden"].eq(0).all() and shut["cell"].ne(0).all()


def test_gru_gates_do_what_their_names_say():
    layer = make(CELLS["gru"])
    _, past, kept = step(layer, setting(update=1.0))
    same(kept["hidden"], past["hidden"])
    _, _, replaced = step(layer, setting(update=0.0, candidate=0.25))
    assert replaced["hidden"].eq(0.25).all()


def test_what_stands_below_comes_up_through_a_gate():
    depth = make(CELLS["depth-gated"])
    _, _, lifted = step(depth, setting(depth=1.0, forget=0.0, input=0.0))
    grid = make(CELLS["grid"])
    _, _, up = step(grid, setting(depth_forget=1.0, depth_input=0.0))
    generator = torch.Generator().manual_seed(1)
    *_, below = (torch.randn(B, size, dtype=torch.float64, generator=generator) for size in (E, H, H, H))
    same(lifted["cell"], below)
    same(up["depth_cell"], below)


# ── each cell is another one, where a part of it is still ────────────────────────────────────────────────────────────
def given(source: Layer, target: Layer, rows: slice = slice(None), **changes: torch.Tensor) -> Layer:
    """The target with the source's weights (these rows of them), both biases in one where it has one."""
    weights = {**source.weights(0), **changes}
    both = weights["bias_ih"] + weights.get("bias_hh", 0)
    has_two = "bias_hh" in target.weights(0)
    for name, value in target.weights(0).items():
        new = both if name == "bias_ih" and not has_two else weights.get(name, torch.zeros_like(value))
        value.data.copy_(new[rows] if name in source.weights(0) else new)
    return target


def agree(one: Layer, other: Layer, tap=lambda name, value: value) -> None:
    """Over three steps, both from the same random past: the same states."""
    for clock in range(3):
        _, _, expected = step(other, clock=clock, seed=clock)
        _, _, made = step(one, tap, clock, clock)
        same({name: made[name] for name in expected}, expected)


def test_peephole_with_zero_peepholes_is_lstm():
    lstm = make(CELLS["lstm"])
    agree(given(lstm, make(CELLS["peephole"], 2)), lstm)


def test_depth_gated_with_its_gate_shut_is_peephole_and_with_zero_peepholes_lstm():
    lstm, peephole, depth = (make(CELLS[name], seed) for seed, name in enumerate(("lstm", "peephole", "depth-gated")))
    shut = {"depth": 0.0}
    for other, peepholes in ((lstm, torch.zeros(3, H)), (peephole, peephole.weights(0)["peephole"])):
        own = other.weights(0)
        for name in ("weight_ih", "bias_ih"):  # the depth gate's rows come first
            extra = own["bias_hh"] if name == "bias_ih" and "bias_hh" in own else 0
            depth.weights(0)[name].data[H:].copy_(own[name] + extra)
        depth.weights(0)["weight_hh"].data.copy_(own["weight_hh"])
        depth.weights(0)["peephole"].data.copy_(peepholes)
        agree(depth, other, setting(**shut))


def test_clockwork_with_all_periods_1_is_tanh(monkeypatch):
    monkeypatch.setattr(Clockwork, "periods", (1, 1, 1))
    tanh = make(CELLS["tanh"])
    agree(given(tanh, make(Clockwork, 2)), tanh)


def test_gru_with_reset_1_and_update_0_is_tanh():
    gru, tanh = make(CELLS["gru"]), make(CELLS["tanh"], 2)
    agree(gru, given(gru, tanh, slice(2 * H, None)), setting(reset=1.0, update=0.0))


@pytest.mark.parametrize("name", ["grid", "grid edge"])
def test_grids_time_edge_is_lstm_up_to_where_its_last_tanh_stands(name):
    """A tap puts o ⊙ tanh(c) in place of tanh(o ⊙ c)."""
    lstm, grid, seen = make(CELLS["lstm"]), make(EVERY[name], 2), {}
    for weight, value in lstm.weights(0).items():
        if weight in grid.weights(0):
            grid.weights(0)[weight].data[: 4 * H].copy_(value)
    grid.weights(0)["bias_ih"].data[: 4 * H].add_(lstm.weights(0)["bias_hh"])

    def moved(name, value):
        seen[name] = seen["output"] * seen["cell"].tanh() if name == "hidden" else value
        return seen[name]

    agree(grid, lstm, moved)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_clockwork_module_ticks_at_its_own_times_only():
    layer = make(Clockwork)
    for clock in range(17):
        _, past, new = step(layer, clock=clock)
        ticks = torch.tensor([clock % period == 0 for period in Clockwork.periods]).repeat_interleave(H // 4)
        assert ((new["hidden"] != past["hidden"]) == ticks).all()


def test_clockwork_modules_are_of_one_size_as_near_as_the_units_allow(monkeypatch):
    monkeypatch.setattr(Clockwork, "periods", (1, 2, 4))
    _, past, new = step(make(Clockwork), clock=2)  # 8 units: 3, 3, 2
    assert (new["hidden"] != past["hidden"]).all(0).tolist() == [True] * 6 + [False] * 2


# ── names and shapes are what checkpoints hold ───────────────────────────────────────────────────────────────────────
TORCHS = {"weight_ih": (1, E), "weight_hh": (1, H), "bias_ih": (1,), "bias_hh": (1,)}  # × H rows
OWN = {"weight_ih": (1, E), "weight_hh": (1, H), "bias_ih": (1,)}
GOLDEN = {
    "tanh": (1, TORCHS, {}),
    "lstm": (4, TORCHS, {}),
    "gru": (3, TORCHS, {}),
    "peephole": (4, OWN, {"peephole": (3, H)}),
    "depth-gated": (
        5, OWN, {"weight_hh": (4 * H, H), "peephole": (3, H), "depth_peephole": (2, H), "weight_below": (H, E)},
    ),
    "clockwork": (1, OWN, {}),
    "grid": (8, OWN, {"weight_below": (H, E)}),
    "grid edge": (4, OWN, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_parameters_have_the_names_and_shapes_that_checkpoints_hold(name):
    blocks, shared, special = GOLDEN[name]
    expected = {weight: (blocks * H, *columns) for weight, (_, *columns) in shared.items()} | special
    layer = Layer(EVERY[name], E, H, "here", ("forward", "backward"))
    found = {parameter: tuple(value.shape) for parameter, value in layer.named_parameters()}
    assert found == {f"kernel.{w}_l0{suffix}": s for w, s in expected.items() for suffix in ("", "_reverse")}
    above = Layer(EVERY[name], E, H, "here", lowest=False)
    assert "weight_below" not in above.weights(0)
