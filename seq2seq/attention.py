"""Attention over the source: where the decoder may look again."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LateAttention(nn.Module):
    """Global attention with the "general" score (Luong, Pham & Manning 2015, eq. 5–8).

        a_ts = softmax_s(h_t W m_s)       weights over the source
        x_t  = Σ_s a_ts m_s               context

    It reads the decoder's output and does not feed its recurrence, so all target positions are computed at once.
    """

    def __init__(self, units: int):
        super().__init__()
        self.project = nn.Linear(units, units, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        """memory [B, S, H] → W m, made once for each source: [B, S, H]."""
        return self.project(memory)

    def forward(self, hidden: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """hidden [B, T, H], keys [B, S, H], mask [B, S] (true at words) → weights [B, T, S]."""
        scores = hidden @ keys.transpose(1, 2)  # [B, T, S]
        return torch.softmax(scores.masked_fill(~mask[:, None], float("-inf")), dim=2)


class Lexical(nn.Module):
    """What the source words say without the encoder's recurrence, weighed as attention weighs its states (the lexical model
    of Nguyen & Chiang 2018).

        f_t = tanh Σ_s a_ts e_s           of the source pieces' vectors, as the encoder reads them
        h_t = f_t + tanh(W f_t)           added to what is read out

    Theirs has an output matrix and biases of its own; here the readout's serve both.
    """

    def __init__(self, embedding: int):
        super().__init__()
        self.project = nn.Linear(embedding, embedding, bias=False)

    def forward(self, words: Tensor) -> Tensor:
        """Σ_s a_ts e_s [B, T, E] → h [B, T, E]."""
        found = torch.tanh(words)
        return found + torch.tanh(self.project(found))
