"""LEACE: the smallest change of a representation after which no linear probe can tell the classes apart."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from ..config import UserError


@dataclass(frozen=True)
class Eraser:
    """x ↦ x − (x − mean) read write: an affine projection of rank r = classes − 1; mean [H], read [H, r], write [r, H]."""

    mean: NDArray[numpy.floating]
    read: NDArray[numpy.floating]
    write: NDArray[numpy.floating]

    def __call__(self, values: NDArray[numpy.floating]) -> NDArray[numpy.floating]:
        """values [N, H] → [N, H]."""
        return values - (values - self.mean) @ self.read @ self.write


class Whitened:
    """Values [N, H] with their covariance Σ taken apart once, so that many labellings can be erased from them.

    Least-squares concept erasure in closed form (Belrose et al. 2023, theorem 4.3), W = Σ^−½, U an orthonormal basis of the
    columns of W Σ_xz:

        x ↦ x − W⁺ U Uᵀ W (x − mean)

    Σ is shrunk (Ledoit & Wolf 2004), so that other rows than these can be erased where there are fewer rows than units: the
    change is the smallest under the shrunk Σ, and the class means of the fitted rows are made equal exactly under either.
    Directions in which nothing varies are left out (W⁺ is the pseudo-inverse).
    """

    def __init__(self, values: NDArray[numpy.floating]):
        values = numpy.asarray(values, dtype=numpy.float64)
        self.mean = values.mean(0)
        self.centred = values - self.mean
        variances, axes = numpy.linalg.eigh(ledoit_wolf(self.centred, assume_centered=True)[0])
        varies = variances > variances[-1] * len(variances) * numpy.finfo(variances.dtype).eps
        if not varies.any():
            raise UserError("nothing can be erased where the values do not vary")
        variances, axes = variances[varies], axes[:, varies]
        self.whiten = axes * variances**-0.5 @ axes.T  # [H, H] symmetric
        self.colour = axes * variances**0.5 @ axes.T

    def eraser(self, labels: Sequence[Hashable]) -> Eraser:
        """labels [N] → the projection that makes the means of their classes equal."""
        classes = sorted(set(labels), key=str)
        if len(classes) < 2:
            raise UserError(f"erasure needs two classes, got only {classes}")
        one_hot = numpy.array([[label == each for each in classes] for label in labels], dtype=numpy.float64)
        shared = self.centred.T @ (one_hot - one_hot.mean(0)) / len(one_hot)  # Σ_xz [H, C]
        basis = numpy.linalg.svd(self.whiten @ shared, full_matrices=False)[0][:, : len(classes) - 1]  # [H, r]
        return Eraser(self.mean, self.whiten @ basis, basis.T @ self.colour)


class Erase:
    """A tap: at step t, and at every later step from the last on, a site goes through the t-th eraser."""

    def __init__(self, site: str, erasers: Sequence[Eraser]):
        self.site, self.sites = site, frozenset([site])
        self.steps = [[torch.tensor(part, dtype=torch.float32) for part in (e.mean, e.read, e.write)] for e in erasers]

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        if site != self.site:
            return value
        mean, read, write = (part.to(value) for part in self.steps[min(position, len(self.steps) - 1)])
        return value - (value - mean) @ read @ write
