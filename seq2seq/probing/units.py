"""Units of a cell: how many a claim may use, which tell the genders apart, who reads them, and which others are like them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from ..config import UserError
from ..model import Model
from .statistics import Labels, Values, by_cluster

NEAREST = 10  # units among which a matched one is drawn


def eighth(units: int) -> int:
    """How many of a cell's units a claim about units may use."""
    return max(1, units // 8)


def sizes(units: int) -> list[int]:
    """1, 2, 4 … up to all units, with the eighth that a claim about units may use."""
    powers = (2**n for n in range((units - 1).bit_length()))
    return sorted({*powers, eighth(units), units})


def difference(values: Values, feminine: Labels, lemmas: Sequence[Hashable]) -> Values:
    """The feminine nouns' mean less the masculine ones', over lemmas: values [N, H] → [H]."""
    means, _ = by_cluster(values, lemmas)
    labels = by_cluster(feminine.astype(float), lemmas)[0] > 0.5  # [L]
    return means[labels].mean(0) - means[~labels].mean(0)


def outgoing(model: Model, site: str) -> Tensor:
    """How strongly each unit of a cell or hidden state is read: [H], the norm of its columns in everything that reads h.

    In the decoder: weight_hh, the next layer's weight_ih or, in the last, the readout and what attention compares h by. In the
    encoder: weight_hh, the bridge's columns of this state, and the next layer's weight_ih or attention's projection.
    """
    network, layer, *way, state = site.split(".")
    stack = getattr(model, network) if network in ("encoder", "decoder") else []
    if not layer.isdigit() or int(layer) >= len(stack) or state not in stack[int(layer)].cell.states:
        raise UserError(f"{site!r} is not a state of a cell, so it has no outgoing weights")
    here, last = stack[int(layer)], int(layer) == len(stack) - 1
    side = here.places.index(".".join([network, layer, *way]))
    columns = slice(side * here.units, (side + 1) * here.units)
    readers = [here.weights(side)["weight_hh"]]
    handed_on = here.cell.output in here.cell.states  # a grid hands on another than those it carries along
    if handed_on and not last:
        following = stack[int(layer) + 1]
        readers += [following.weights(d)["weight_ih"][:, columns] for d in range(len(following.places))]
    elif handed_on and network == "decoder":
        readers.append(model.readout.weight[:, columns])
        readers += [model.attention.project.weight.T] if model.attention else []
    elif handed_on and model.attention:
        readers.append(model.attention.project.weight[:, columns])
    if network == "encoder":
        readers.append(model.bridge[int(layer)][state].weight[:, columns])
    return torch.cat([each.detach() for each in readers]).norm(dim=0).cpu()


def matched(
    units: Sequence[int], traits: NDArray[numpy.floating], draws: int, random: numpy.random.Generator
) -> tuple[list[list[int]], float]:
    """Random sets that have none of these units and, for each of them, another that is alike; and how far apart they are.

    traits [H, F] are compared by their ranks. Each unit is replaced by one of its NEAREST that are still free, the units in
    random order. The distance is the mean over sets and units, in ranks / H. No sets: half of all units or more has no choice.
    """
    H, k = len(traits), len(units)
    if 2 * k >= H:
        return [], 0.0
    ranks = stats.rankdata(traits, axis=0) / H  # [H, F]
    away = numpy.linalg.norm(ranks[list(units), None] - ranks[None], axis=2)  # [k, H]
    away[:, list(units)] = numpy.inf
    nearest = numpy.argsort(away, axis=1)
    sets, apart = [], []
    for _ in range(draws):
        free, chosen = numpy.ones(H, dtype=bool), []
        free[list(units)] = False
        for place in random.permutation(k):
            candidates = nearest[place][free[nearest[place]]][:NEAREST]
            chosen.append(int(random.choice(candidates)))
            free[chosen[-1]] = False
            apart.append(away[place, chosen[-1]])
        sets.append(chosen)
    return sets, float(numpy.mean(apart))
