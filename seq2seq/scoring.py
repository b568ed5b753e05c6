"""How good translations are: BLEU and chrF by sacrebleu, each with its signature, and exact match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A number with its conditions."""

    name: str
    value: float
    conditions: str


def score(outputs: Sequence[str], references: Sequence[str]) -> list[Score]:
    """BLEU, chrF and exact match in per cent, over raw text."""
    from sacrebleu.metrics import BLEU, CHRF  # late: translating one sentence need not wait for it

    scores = []
    for metric in (BLEU(), CHRF()):
        result = metric.corpus_score(list(outputs), [list(references)])
        scores.append(Score(result.name, result.score, str(metric.get_signature())))
    same = sum(output == reference for output, reference in zip(outputs, references, strict=True))
    scores.append(Score("exact match", 100 * same / max(1, len(outputs)), f"n = {len(outputs)}"))
    return scores
