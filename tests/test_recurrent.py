"""Recurrent layers: both roads are one, and torch's own over packed sentences; padding and company change nothing."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq.cells import CELLS, Cell, GridEdge
from seq2seq.recurrent import DIRECTIONS, Layer, SharedDropout

E, H = 4, 5
EVERY = {**CELLS, "grid edge": GridEdge}
LENGTHS = torch.tensor([3, 6, 1, 4])
same = partial(torch.testing.assert_close, rtol=0, atol=1e-12)
ignore = lambda site, position, value: value


@pytest.fixture(params=EVERY.values(), ids=EVERY)
def cell(request) -> type[Cell]:
    return request.param


@pytest.fixture(params=[("",), DIRECTIONS], ids=["one direction", "both directions"])
def layer(request, cell) -> Layer:
    torch.manual_seed(0)
    return Layer(cell, E, H, "here", request.param).double()


def inputs(layer: Layer):
    """x [B, T, E], and a first state for each direction."""
    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(len(LENGTHS), *shape, dtype=torch.float64, generator=generator)
    return draw(6, E), [{name: draw(H) for name in layer.cell.states} for _ in layer.places]


@pytest.mark.parametrize("cell", [cell for cell in CELLS.values() if cell.kernel])
@pytest.mark.parametrize("tap", [None, ignore], ids=["whole", "stepped"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
def test_each_road_is_torchs_own_module_forward_and_gradient(layer, lengths, tap):
    x, initial = inputs(layer)
    names, inner = layer.cell.states, [x, *(value for state in initial for value in state.values())]
    for value in inner:
        value.requires_grad_()
    stacked = tuple(torch.stack([state[name] for state in initial]) for name in names)
    packed = pack_padded_sequence(x, torch.full_like(LENGTHS, 6) if lengths is None else lengths, True, False)
    theirs, final = layer.kernel(packed, stacked if len(stacked) > 1 else stacked[0])
    expected = [pad_packed_sequence(theirs, batch_first=True, total_length=6)[0]]
    expected += list(final) if len(stacked) > 1 else [final]
    output, states, _ = layer(x, initial, lengths, tap)
    made = [output, *(torch.stack([state[name] for state in states]) for name in names)]
    same(made, expected)
    slopes = [torch.randn_like(value) for value in made]
    wanted = [*inner, *layer.parameters()]
    same(torch.autograd.grad(made, wanted, slopes), torch.autograd.grad(expected, wanted, slopes))


def test_the_gradient_is_the_slope(cell):
    """Of the road that trains, in every input and every weight, over a padded batch and in both directions."""
    torch.manual_seed(0)
    units = 4  # clockwork's modules
    layer = Layer(cell, 2, units, "here", DIRECTIONS, lowest=False).double()
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    states, upward = [draw(2, units) for _ in layer.cell.states * 2], [draw(2, 3, units) for _ in DIRECTIONS]

    def road(x, *values):
        pasts = [dict(zip(cell.states, values[d::2])) for d in range(2)]
        output, final, up = layer(x, pasts, torch.tensor([3, 1]), None, values[len(states) :][:2])
        return output, *(value for state in final for value in state.values()), *(each[0] for each in up)

    drawn = [draw(2, 3, 2), *states, *(upward if cell.upward else []), *layer.parameters()]
    assert torch.autograd.gradcheck(road, drawn, fast_mode=True)


@pytest.mark.parametrize("tap", [None, ignore], ids=["whole", "stepped"])
def test_padding_never_reaches_a_sentence(layer, tap):
    x, initial = inputs(layer)
    output, final, _ = layer(x, initial, LENGTHS, tap)
    elsewhere = torch.where((torch.arange(6) < LENGTHS[:, None])[..., None], x, 1e3)
    assert torch.equal(output, layer(elsewhere, initial, LENGTHS, tap)[0]), "what stands in the padding is not read"
    for row, length in enumerate(LENGTHS.tolist()):
        first = [{name: value[row : row + 1] for name, value in state.items()} for state in initial]
        alone, ends, _ = layer(x[row : row + 1, :length], first, None, tap)
        same(output[row, :length], alone[0])
        assert output[row, length:].eq(0).all()
        same([{name: value[row] for name, value in state.items()} for state in final], [
            {name: value[0] for name, value in state.items()} for state in ends
        ])  # fmt: skip


def test_the_backward_direction_is_the_forward_one_over_the_reversed_sentence(cell):
    both = Layer(cell, E, H, "here", DIRECTIONS).double()
    one = Layer(cell, E, H, "here").double()
    for name, value in both.weights(1).items():
        one.weights(0)[name].data.copy_(value)
    x, _ = inputs(both)
    same(both(x)[0][:, :, H:], one(x.flip(1))[0].flip(1))


@pytest.mark.parametrize("cell", [cell for cell in CELLS.values() if cell.upward])
def test_what_comes_up_from_below_is_read_word_by_word(layer):
    """The lowest layer's linear map of the words is what a layer below would have handed up."""
    x, initial = inputs(layer)
    below = [torch.nn.functional.linear(x, layer.weights(d)["weight_below"]) for d in range(len(layer.places))]
    for tap in (None, ignore):
        same(layer(x, initial, LENGTHS, tap, below), layer(x, initial, LENGTHS, tap))
    changed = [torch.cat([each[:, :3], each[:, 3:] + 1], dim=1) for each in below]
    output, plain = (layer(x, initial, None, None, each)[0][:, :, :H] for each in (changed, below))
    assert torch.equal(output[:, :3], plain[:, :3]) and (output[:, 3:] != plain[:, 3:]).all()


def test_forget_gates_start_open_and_other_biases_at_zero(layer):
    for direction in range(len(layer.places)):
        biases = sum(value for name, value in layer.weights(direction).items() if name.startswith("bias"))
        for name, block in zip(layer.cell.gates or layer.cell.states, biases.split(H), strict=True):
            assert block.eq(1.0 if name in ("forget", "depth_forget") else 0.0).all()


def test_dropout_has_one_mask_for_all_positions_and_keeps_the_mean():
    torch.manual_seed(0)
    dropout, x = SharedDropout(0.25), torch.ones(200, 7, 50)
    dropped = dropout(x)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert dropout.eval()(x) is x and SharedDropout(0.0)(x) is x
