"""What the decoder's own cell carries once it has said its noun: natural pairs, forced up to there.

Each unpatched output is forced up to and with its noun for the person, so that the noun stays. At the step that reads the
noun's last piece units of the decoder's cell become what they are in the partner's own output at its own noun, once. Counted
are the words from there on that agree; attention may still look at the source, whose noun is the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...agreement import evident, people
from ...batching import pad
from ...config import UserError
from ...taps import Patch, Tap
from ...tokenizer import Tokenizer, Word
from ...trace import read_at, trace
from ..statistics import Estimate, wilson
from ..stimuli import GENDERS, other
from ..units import sizes
from .sentences import CHANGES, Others, Pairs, ranking


@dataclass(frozen=True)
class Carried:
    """How often all words after the noun that agree with it changed, when k units were exchanged; k = 0: none were."""

    k: int
    change: str  # one of CHANGES
    agreeing: Estimate


def said_noun(tokenizer: Tokenizer, output: str, gender: str) -> Word | None:
    """The first noun of this gender for a person."""
    words = tokenizer.align(tokenizer.encode(output))
    return next((word for word in words if people().get(word.text.lower()) == gender), None)


class Said:
    """The pairs whose two outputs each say a noun of the right gender: rows 0 … Q − 1 masculine, Q … 2Q − 1 feminine.

    `own` [2Q, H] is the decoder's cell as it has read the noun; `judged` are the rows of pairs that agree after it, too.
    """

    def __init__(self, pairs: Pairs):
        translator, outputs, P = pairs.sentences.translator, pairs.said(1), len(pairs)
        self.sentences, self.site = pairs.sentences, translator.model.decoder[-1].memories[0]
        genders = [gender for gender in GENDERS for _ in range(P)]
        found = [said_noun(translator.tokenizer, *each) for each in zip(outputs, genders)]
        kept = [n for n in range(P) if found[n] and found[P + n]]
        if not kept:
            raise UserError(f"{pairs.file}: no pair is translated with a noun for a person of either gender")
        self.nouns, self.rows = [pairs.nouns[n] for n in kept], [*kept, *(P + n for n in kept)]
        self.words = [word for row in self.rows if (word := found[row])]
        self.positions = torch.tensor([read_at(word) for word in self.words])
        sources, targets = zip(*((pairs.sentences.texts[row], outputs[row]) for row in self.rows))
        read = trace(translator.model, translator.tokenizer, sources, targets, [self.site])
        self.own = read.at(self.site, self.positions.tolist())
        self.forced = pad([each[: word.last + 1] for each, word in zip(read.target_pieces, self.words)])
        agrees = [evident(outputs[row][word.start :]) == genders[row] for row, word in zip(self.rows, self.words)]
        Q = len(kept)
        self.judged = [n for n in range(2 * Q) if agrees[n] and agrees[(n + Q) % (2 * Q)]]

    def go_on(self, values: Tensor) -> list[str | None]:
        """The gender that the words from the noun on show, in the judged rows, with these values [2Q, H] in the cell."""

        def make(part: Sequence[int]) -> Tap:
            index = torch.tensor(self.judged)[part]
            return Patch(self.site, values[index], positions=self.positions[index])

        rows = [self.rows[n] for n in self.judged]
        said = self.sentences.translate(rows, decoder=make, forced=self.forced[self.judged])
        return [evident(text[self.words[n].start :]) for text, n in zip(said, self.judged)]


def carried(fitted: Pairs, pairs: Pairs, others: Others) -> list[Carried]:
    """The curve over k, units ranked on outputs of `fitted` whose sentences have other nouns."""
    there = Said(fitted)
    here = there if pairs is fitted else Said(pairs)
    Q, found = len(here.nouns), []
    masculine, feminine = there.own.chunk(2)
    orders = {own: ranking(feminine - masculine, there.nouns, own, others)[1] for own in dict.fromkeys(here.nouns)}
    order = torch.stack([orders[own] for own in here.nouns]).repeat(2, 1)  # [2Q, H]
    for k in (0, *sizes(here.own.shape[1])):
        values = here.own.scatter(1, order[:, :k], here.own.roll(Q, 0).gather(1, order[:, :k]))
        shown = here.go_on(values) if here.judged else []
        half = len(shown) // 2
        for change, gender, part in zip(CHANGES, GENDERS, (shown[:half], shown[half:])):
            found.append(Carried(k, change, wilson([verdict == other(gender) for verdict in part])))
    return found
