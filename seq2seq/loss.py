"""Cross-entropy with label smoothing, fused with the projection to the vocabulary."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = 256  # rows handled together: their scores, [256, V], stay in the processor's cache


class ProjectedCrossEntropy(torch.autograd.Function):
    """Σ_n −Σ_v q_nv log softmax(W x_n + b)_v with q = (1 − ε) one-hot + ε/V (Szegedy et al. 2016).

    The gradient with respect to the scores, softmax − q, is made in their place, so that nothing of size [N, V] is computed
    twice. features [N, E], weight [V, E], bias [V], gold [N] → the summed loss, and the sum of the unsmoothed one.
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        place, V = features.device.type, len(weight)
        kind = torch.get_autocast_dtype(place) if torch.is_autocast_enabled(place) else features.dtype
        with torch.autocast(place, enabled=False):
            x, W, b = features.to(kind), weight.to(kind), bias.to(kind)
            slopes = x.new_empty(len(x), V)
            smoothed, plain = bias.new_zeros(()), bias.new_zeros(())
            for start in range(0, len(x), CHUNK):
                rows = slice(start, start + CHUNK)
                z = torch.addmm(b, x[rows], W.T, out=slopes[rows])  # [n, V]
                right = gold[rows, None]
                largest, score = z.amax(1, keepdim=True), z.gather(1, right)
                mean = z.mean(1, keepdim=True).to(bias.dtype)
                total = z.sub_(largest).exp_().sum(1, keepdim=True).to(bias.dtype)
                log_total = largest + total.log()
                surprise = log_total - score  # −log p of the gold piece
                plain += surprise.sum()
                smoothed += ((1 - smoothing) * surprise + smoothing * (log_total - mean)).sum()
                if not any(ctx.needs_input_grad):
                    continue
                z.mul_(total.reciprocal().to(kind)).sub_(smoothing / V)
                z.scatter_add_(1, right, z.new_full(right.shape, smoothing - 1))
            if any(ctx.needs_input_grad):
                d_features, d_weight, d_bias = slopes @ W, slopes.T @ x, slopes.sum(0)
                ctx.save_for_backward(d_features.to(features.dtype), d_weight.to(weight.dtype), d_bias.to(bias.dtype))
        ctx.mark_non_differentiable(plain)
        return smoothed, plain

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        d_features, d_weight, d_bias = ctx.saved_tensors
        return d_features * d_loss, d_weight * d_loss, d_bias * d_loss, None, None


def cross_entropy(
    features: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The smoothed loss to train on and the plain one to report, both summed over the N rows."""
    return ProjectedCrossEntropy.apply(features, weight, bias, gold, smoothing)
