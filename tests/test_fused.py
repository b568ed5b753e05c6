"""The LSTM with its gradient by hand, against torch's own, forward and gradient."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq import fused

B, T, E, H = 4, 6, 3, 5
LENGTHS = torch.tensor([3, 6, 1, 4])
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
same = partial(torch.testing.assert_close, rtol=0, atol=1e-12)


def draw(*shape: int, kind=torch.float64) -> torch.Tensor:
    return torch.randn(*shape, dtype=kind, requires_grad=True)


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(zip(NAMES, (draw(4 * H, E), draw(4 * H, H), draw(4 * H), draw(4 * H))))


def oracle(x, past, weights, lengths, reverse):
    """torch.nn.LSTM over packed sentences; a reversed one is its backward direction."""
    module = nn.LSTM(E, H, batch_first=True, bidirectional=True)
    values = {f"{name}_l0{suffix}": weights[name] for name in NAMES for suffix in ("", "_reverse")}
    packed = pack_padded_sequence(x, torch.full((B,), T) if lengths is None else lengths, True, False)
    initial = tuple(torch.stack([past[name]] * 2) for name in ("hidden", "cell"))
    packed, (h, c) = torch.func.functional_call(module, values, (packed, initial))
    output = pad_packed_sequence(packed, batch_first=True, total_length=T)[0]
    return output[:, :, H:] if reverse else output[:, :, :H], {"hidden": h[int(reverse)], "cell": c[int(reverse)]}


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
def test_forward_and_gradient_are_torchs(weights, lengths, reverse):
    x, past = draw(B, T, E), {"hidden": draw(B, H), "cell": draw(B, H)}
    slopes = [torch.randn(B, T, H, dtype=torch.float64), *torch.randn(2, B, H, dtype=torch.float64)]
    inputs = [x, *past.values(), *weights.values()]
    made = []
    for road in (fused.lstm, oracle):
        output, final = road(x, past, weights, lengths, reverse)
        values = [output, final["hidden"], final["cell"]]
        made.append((values, torch.autograd.grad(values, inputs, slopes)))
    same(made[0], made[1])


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
def test_the_gradient_is_the_slope(reverse):
    torch.manual_seed(0)
    x, h, c = draw(2, 3, 2), draw(2, 2), draw(2, 2)

    def road(x, h, c, *weights):
        output, final = fused.lstm(
            x, {"hidden": h, "cell": c}, dict(zip(NAMES, weights)), torch.tensor([3, 1]), reverse
        )
        return output, final["hidden"], final["cell"]

    assert torch.autograd.gradcheck(road, (x, h, c, draw(8, 2), draw(8, 2), draw(8), draw(8)))


@pytest.mark.parametrize("given", [torch.float32, torch.bfloat16], ids=str)  # a bridge under autocast hands on bf16
def test_bf16_is_near_float32_forward_and_gradient(weights, given):
    weights = {name: (0.3 * value).detach().float().requires_grad_() for name, value in weights.items()}
    x, past = draw(B, T, E, kind=torch.float32), {name: draw(B, H).detach().to(given) for name in ("hidden", "cell")}
    made = []
    for enabled in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            output, final = fused.lstm(x, past, weights, LENGTHS, False)
        assert output.dtype == (torch.bfloat16 if enabled else torch.float32)
        assert final["cell"].dtype == torch.float32
        gradients = torch.autograd.grad(output.float().sum() + final["cell"].sum(), [x, *weights.values()])
        made.append((output.float(), final["cell"], *gradients))
    for rough, fine in zip(*made):
        assert (rough - fine).norm() < 0.02 * fine.norm()


def test_no_two_gradients_share_their_memory(weights):
    """Clipping scales gradients in place: a shared one would be scaled twice."""
    past = {name: torch.zeros(B, H, dtype=torch.float64) for name in ("hidden", "cell")}
    fused.lstm(draw(B, T, E), past, weights, None, False)[0].sum().backward()
    assert len({value.grad.data_ptr() for value in weights.values()}) == len(weights)
