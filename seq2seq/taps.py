"""Taps: the one way to see and to change a value inside the model.

A **site** is the address of a value: `encoder.0.forward.cell`, `decoder.0.forget`, `attention.context`. A **tap** is a
function that is given a site, a position (the number of the word piece, the same for every sentence, direction and site)
and the value there, one row a sentence, and returns the value that the model goes on with. A recorder returns what it
was given; a patch returns something else. So watching and changing are one act, and travel as an argument:

    recorder = Recorder()
    model(batch, tap=recorder)
    model(batch, tap=Patch("decoder.0.cell", values, units=[17], positions=steps))
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeGuard

import torch
from torch import Tensor

from .config import UserError

SETTING = re.compile(r"([\w.]+)\[([^\]]*)\]=(.*)")

Tap = Callable[[str, int, Tensor], Tensor]  # (site, position, value [B, …]) → value [B, …]


class TapError(ValueError):
    """A tap names a site, a unit or a position that the model does not have."""


class Recorder:
    """Keeps every value it is shown, and changes nothing; `sites` narrows what is kept."""

    def __init__(self, sites: Iterable[str] | None = None):
        self.sites = None if sites is None else frozenset(sites)
        self.values: dict[str, dict[int, Tensor]] = defaultdict(dict)

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        if self.sites is None or site in self.sites:
            self.values[site][position] = value
        return value

    def __getitem__(self, site: str) -> Tensor:
        """What was recorded at a site, [B, T, …] from the first recorded position to the last."""
        steps = self.values[site]
        return torch.stack([steps[position] for position in sorted(steps)], dim=1)


def anywhere(tap: Tap) -> bool:
    """Whether a tap, or one in its chain, names no sites: nobody knows where it acts."""
    return getattr(tap, "sites", None) is None or any(map(anywhere, getattr(tap, "taps", ())))


def in_encoder(tap: Tap | None) -> TypeGuard[Tap]:
    """Whether a tap may act in the encoder: it names a site there, or none anywhere."""
    return tap is not None and (anywhere(tap) or any(site.startswith("encoder.") for site in getattr(tap, "sites", ())))


def over(tap: Tap | None, position: int) -> bool:
    """Whether a tap does nothing from this position on: there is none, or it says so itself (`until`)."""
    return tap is None or position >= getattr(tap, "until", float("inf"))


class Patch:
    """Overwrites units of one site, at one position of each sentence or at all of them.

    `value` broadcasts to [B, U]; `units` are U unit numbers (None: all); `positions` is [B], one position a sentence
    (negative: this sentence is left alone), or None: every position. Under beam search the K hypotheses of a sentence are
    neighbouring rows, and all of them are patched. `written` counts the rows that were changed, so that an experiment can
    say that none was missed.
    """

    def __init__(
        self,
        site: str,
        value: Tensor | float,
        *,
        units: Sequence[int] | Tensor | None = None,
        positions: Tensor | None = None,
    ):
        self.site, self.value, self.positions, self.written = site, value, positions, 0
        self.units = slice(None) if units is None else torch.as_tensor(units)
        self.sites = frozenset([site])
        self.until = float("inf") if positions is None else max([0, *(1 + positions).tolist()])

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        if site != self.site:
            return value
        if self.positions is None:
            rows = torch.ones(len(value), dtype=torch.bool)
        else:
            rows = (self.positions == position).repeat_interleave(len(value) // len(self.positions))
        if not rows.any():
            return value
        new = torch.as_tensor(self.value, dtype=value.dtype, device=value.device)
        if new.ndim == 2 and len(new) != 1:
            new = new.repeat_interleave(len(value) // len(new), dim=0)
        changed = value.clone()
        changed[:, self.units] = new
        self.written += int(rows.sum())
        return torch.where(rows.to(value.device)[:, None], changed, value)


class Chain:
    """Several taps, one after the other: each sees what the one before it returned."""

    def __init__(self, *taps: Tap):
        self.taps = taps
        named = [sites for tap in taps if (sites := getattr(tap, "sites", None)) is not None]
        self.sites = frozenset().union(*named)
        self.until = max((getattr(tap, "until", float("inf")) for tap in taps), default=0)

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        for tap in self.taps:
            value = tap(site, position, value)
        return value


def set_once(text: str, widths: Mapping[str, int]) -> Patch:
    """`decoder.0.cell[3,17]=0.81,-0.2` as a tap of position 0, for any number of sentences.

    `widths` are the sites that may be set, and how many units each has. UserError: text that is not of this form, another
    site, a unit that it does not have or that is named twice, more or fewer values than units, a value that is no number.
    """
    found = SETTING.fullmatch(text.strip())
    if not found:
        raise UserError(f"{text[:40]!r} sets nothing: write SITE[UNITS]=VALUES, as decoder.0.cell[3,17]=0.81,-0.2")
    site, *lists = found.groups()
    if site not in widths:
        raise UserError(f"no site {site!r} to set: there are {', '.join(widths)}")
    units, values = (each.split(",") for each in lists)
    if len(units) != len(values):
        raise UserError(f"{site}: {len(units)} units and {len(values)} values: give one for each")
    try:
        numbers = [int(unit) for unit in units]
        value = torch.tensor([float(value) for value in values])
    except ValueError as error:
        raise UserError(f"{site}: units are whole numbers and values numbers ({error})") from error
    if not value.isfinite().all():
        raise UserError(f"{site}: {values[int(value.isfinite().logical_not().nonzero()[0])]} is no float32 number")
    for unit in numbers:
        if not 0 <= unit < widths[site]:
            raise UserError(f"{site} has units 0 … {widths[site] - 1}, so not {unit}")
        if numbers.count(unit) > 1:
            raise UserError(f"{site}: unit {unit} is named twice")
    return Patch(site, value, units=numbers, positions=torch.zeros(1, dtype=torch.long))


def check(tap: Tap | None, known: Collection[str]) -> None:
    """Raise TapError where a tap names a site that the model does not have: it would do nothing, and nobody would know."""
    for site in sorted(getattr(tap, "sites", None) or ()):
        if site not in known:
            raise TapError(f"no site {site!r}: the model has {', '.join(known)}")


def along(tap: Tap | None, site: str, value: Tensor) -> Tensor:
    """Show a tap the positions of a [B, T, …] value that was made for all positions at once."""
    if tap is None:
        return value
    return torch.stack([tap(site, position, value[:, position]) for position in range(value.shape[1])], dim=1)
