"""The fused loss against torch's own cross-entropy, forward and gradient."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy as oracle
from torch.nn.functional import linear

from seq2seq.loss import CHUNK, cross_entropy

E, V = 6, 11


def inputs(N: int, kind=torch.float64):
    torch.manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, dtype=kind, requires_grad=True)
    return draw(N, E), draw(V, E), draw(V), torch.randint(V, (N,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("N", [1, CHUNK, 2 * CHUNK + 7])
def test_loss_and_gradient_are_torchs(N, smoothing):
    features, weight, bias, gold = inputs(N)
    smoothed, plain = cross_entropy(features, weight, bias, gold, smoothing)
    logits = linear(features, weight, bias)
    expected = oracle(logits, gold, label_smoothing=smoothing, reduction="sum")
    torch.testing.assert_close(smoothed, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(plain, oracle(logits, gold, reduction="sum"), rtol=1e-12, atol=1e-12)
    mine, theirs = (torch.autograd.grad(loss / 3, (features, weight, bias)) for loss in (smoothed, expected))
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-11)


def test_large_scores_do_not_overflow():
    features, weight, bias, gold = inputs(5)
    smoothed, _ = cross_entropy(features * 1e4, weight, bias, gold, 0.1)
    expected = oracle(linear(features * 1e4, weight, bias), gold, label_smoothing=0.1, reduction="sum")
    torch.testing.assert_close(smoothed, expected)


def test_bf16_is_near_float32():
    features, weight, bias, gold = inputs(CHUNK + 3, torch.float32)
    made = []
    for enabled in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss, _ = cross_entropy(features, weight, bias, gold, 0.1)
        made.append((loss[None], *torch.autograd.grad(loss, (features, weight, bias))))
    assert {value.dtype for value in made[0]} == {torch.float32}
    for rough, fine in zip(*made):
        assert (rough - fine).norm() < 0.02 * fine.norm()
