"""Cross-entropy with label smoothing, fused with the projection to the vocabulary."""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 512  # rows whose logits exist at one time: [512, V] stays in the processor's cache


class ProjectedCrossEntropy(torch.autograd.Function):
    """Σ_n −Σ_v q_nv log softmax(W x_n + b)_v with q = (1 − ε) one-hot + ε/V (Szegedy et al. 2016), in row chunks.

    The gradient, softmax − q, is made while the logits are at hand, so that they are never stored nor computed twice.
    features [N, E], weight [V, E], bias [V], gold [N] → the sum over rows (a scalar) and, of the unsmoothed loss, its sum.
    """

    @staticmethod
    def forward(ctx, features: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        V = len(weight)
        kind = torch.get_autocast_dtype(features.device.type) if torch.is_autocast_enabled(features.device.type) else features.dtype
        with torch.autocast(features.device.type, enabled=False):
            x, W, b = features.to(kind), weight.to(kind), bias.to(kind)
            d_features, d_weight = torch.empty_like(x), torch.zeros_like(weight)
            d_bias, loss, plain = torch.zeros_like(bias), bias.new_zeros(()), bias.new_zeros(())
            for rows in torch.arange(len(x), device=x.device).split(CHUNK):
                span = slice(int(rows[0]), int(rows[-1]) + 1)
                log_p = torch.addmm(b, x[span], W.T).to(bias.dtype).log_softmax(dim=1)  # [n, V]
                target = gold[span, None]
                surprise = -log_p.gather(1, target).sum()
                plain += surprise
                loss += (1 - smoothing) * surprise - smoothing / V * log_p.sum()
                slope = log_p.exp_().sub_(smoothing / V)
                slope.scatter_add_(1, target, slope.new_full(target.shape, smoothing - 1))
                d_bias += slope.sum(0)
                slope = slope.to(kind)
                torch.mm(slope, W, out=d_features[span])
                d_weight += slope.T @ x[span]
        ctx.save_for_backward(d_features.to(features.dtype), d_weight, d_bias)
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx, d_loss: Tensor, _):
        d_features, d_weight, d_bias = ctx.saved_tensors
        return d_features * d_loss, d_weight * d_loss, d_bias * d_loss, None, None


def cross_entropy(features: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The smoothed loss to train on and the plain one to report, both summed over the N rows."""
    return ProjectedCrossEntropy.apply(features, weight, bias, gold, smoothing)
