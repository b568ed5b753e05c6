"""The translator: a recurrent encoder, a bridge that carries every named state, and a decoder, with or without attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from .attention import LateAttention, Lexical
from .cells import CELLS, State
from .config import UserError, check, option
from .recurrent import DIRECTIONS, Layer, SharedDropout, WordDropout
from .taps import Tap, along
from .taps import check as check_tap

PAD, BEGIN, END = 0, 1, 2  # the pieces that every vocabulary has


@dataclass(frozen=True)
class ModelSettings:
    """The shape of a network."""

    cell: str = option("lstm", "recurrent cell", choices=tuple(CELLS))
    attention: str = option(
        "late",
        "how the decoder sees the source: none (only its initial state), late (attention reads the decoder's output), or words "
        "(late, and the vectors of the words it looks at go straight to the output)",
        choices=("none", "late", "words"),
    )
    layers: int = option(1, "layers of the encoder and of the decoder", minimum=1, maximum=64)
    bidirectional: bool = option(True, "whether the encoder also reads from right to left, with half of its units")
    embedding: int = option(256, "size of a word piece's vector (E)", minimum=1)
    units: int = option(512, "units of a layer (H)", minimum=2)
    dropout: float = option(0.1, "rate of dropout, one mask a sentence", minimum=0)
    word_dropout: float = option(0.0, "rate at which whole word pieces are left out in training", minimum=0)

    def __post_init__(self) -> None:
        check(self)
        for name, rate in (("dropout", self.dropout), ("word-dropout", self.word_dropout)):
            if rate >= 1:
                raise UserError(f"--{name} must be below 1, not {rate}")
        if self.bidirectional and self.units % 2:
            raise UserError(f"--units must be even, so that a bidirectional encoder can halve them, not {self.units}")
        if CELLS[self.cell].upward and self.layers == 1:
            raise UserError(
                f"--cell {self.cell} joins the memories of neighbouring layers: it needs --layers 2 or more, not 1"
            )


@dataclass(frozen=True)
class Memory:
    """What the encoder leaves for the decoder."""

    states: Tensor  # [B, S, H] the encoder's outputs, both directions side by side
    words: Tensor  # [B, S, E] what the encoder reads, whatever taps on it do; [B, S, 0] if not handed on
    keys: Tensor | None  # [B, S, H] the outputs as attention compares them
    mask: Tensor  # [B, S] true at words
    initial: Sequence[State]  # a decoder layer's first {state: [B, H]}, after the bridge
    elapsed: Tensor  # [B, 1] how many steps the decoder has made before that

    def rows(self, index: Tensor) -> Memory:
        """The memory of some sentences, in this order; a sentence may be repeated."""
        keys = None if self.keys is None else self.keys[index]
        states, words, mask, elapsed = (each[index] for each in (self.states, self.words, self.mask, self.elapsed))
        return Memory(states, words, keys, mask, select(self.initial, index), elapsed)

    @staticmethod
    def joined(parts: Sequence[Memory]) -> Memory:
        """The memory of all these sentences, in this order; all have as many positions. Keys are left to be made."""
        initial = [
            {name: torch.cat([state[name] for state in layer]) for name in layer[0]}
            for layer in zip(*(part.initial for part in parts))
        ]
        states, words, mask, elapsed = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("states", "words", "mask", "elapsed")
        )
        return Memory(states, words, None, mask, initial, elapsed)


def select(states: Sequence[State], index: Tensor) -> list[State]:
    """Rows of every layer's named states."""
    return [{name: value[index] for name, value in state.items()} for state in states]


class Model(nn.Module):
    """Sequence to sequence (Sutskever, Vinyals & Le 2014), with attention (Luong et al. 2015), also to the words themselves
    (Nguyen & Chiang 2018), where settings say so."""

    def __init__(self, settings: ModelSettings, vocabulary: int):
        super().__init__()
        self.settings, self.vocabulary = settings, vocabulary
        E, H, L = settings.embedding, settings.units, settings.layers
        directions = DIRECTIONS if settings.bidirectional else DIRECTIONS[:1]
        self.source_embedding = nn.Embedding(vocabulary, E, padding_idx=PAD)
        self.target_embedding = nn.Embedding(vocabulary, E, padding_idx=PAD)
        cell, attends = CELLS[settings.cell], settings.attention != "none"
        last = cell if attends else cell.last or cell
        self.encoder: Sequence[Layer] = nn.ModuleList(  # type: ignore[assignment]
            Layer(each, H if layer else E, H // len(directions), f"encoder.{layer}", directions, layer == 0)
            for layer, each in enumerate([*[cell] * (L - 1), last])
        )
        self.decoder: Sequence[Layer] = nn.ModuleList(  # type: ignore[assignment]
            Layer(cell, H if layer else E, H, f"decoder.{layer}", lowest=layer == 0) for layer in range(L)
        )
        self.bridge: Sequence[Mapping[str, nn.Linear]] = nn.ModuleList(  # type: ignore[assignment]
            nn.ModuleDict({state: nn.Linear(H, H) for state in cell.states}) for _ in range(L)
        )
        self.attention = LateAttention(H) if attends else None
        self.lexical = Lexical(E) if settings.attention == "words" else None
        self.readout = nn.Linear(2 * H if self.attention else H, E)
        self.bias = nn.Parameter(
            torch.zeros(vocabulary)
        )  # the output matrix is the target embedding (Press & Wolf 2017)
        self.dropout, self.word_dropout = SharedDropout(settings.dropout), WordDropout(settings.word_dropout)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=E**-0.5)
            nn.init.zeros_(embedding.weight[PAD])

    @property
    def device(self) -> torch.device:
        return self.bias.device

    def sites(self) -> list[str]:
        """Every address that a tap can watch or change, layer by layer, gates before states."""
        layers = [site for layer in (*self.encoder, *self.decoder) for site in layer.sites()]
        layers += ["attention.weights", "attention.context"] if self.attention else []
        return layers + (["attention.words"] if self.lexical else [])

    def vectors(self) -> list[str]:
        """The sites that hold a vector of units, as wide in every sentence: what one sentence has there, another can be given.

        All but attention's weights, one for each piece of the source.
        """
        return [site for site in self.sites() if site != "attention.weights"]

    def untrained(self, seed: int) -> Model:
        """Another network of this shape, of fresh weights, on the same device and in the same precision."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return Model(self.settings, self.vocabulary).to(self.bias).eval()

    def embed(self, embedding: nn.Embedding, pieces: Tensor) -> Tensor:
        """Vectors of unit variance, from a table of unit length that also serves as output matrix (Vaswani et al. 2017)."""
        return embedding(pieces) * self.settings.embedding**0.5

    def heard(self, embedding: nn.Embedding, pieces: Tensor) -> Tensor:
        """Their vectors, as training's dropout leaves them."""
        return self.dropout(self.word_dropout(self.embed(embedding, pieces)))

    def encode(self, source: Tensor, lengths: Tensor, tap: Tap | None = None) -> Memory:
        """source [B, S] piece numbers, lengths [B] → what the decoder needs."""
        check_tap(tap, self.sites())
        words, initial, below = self.heard(self.source_embedding, source), [], list[Tensor]()
        x = words
        for layer, bridge in zip(self.encoder, self.bridge):
            x, final, below = layer(x, lengths=lengths, tap=tap, below=below)
            x = self.dropout(x)
            initial.append(
                {name: across(torch.cat([state[name] for state in final], 1)) for name, across in bridge.items()}
            )
        mask = torch.arange(source.shape[1], device=source.device) < lengths[:, None].to(source.device)
        keys = self.attention.keys(x) if self.attention else None
        words = words if self.lexical else words[..., :0]  # copied with each memory's rows: only what is needed
        return Memory(x, words, keys, mask, initial, elapsed=torch.zeros_like(lengths[:, None], device=source.device))

    def decode(self, target_in: Tensor, memory: Memory, tap: Tap | None = None) -> tuple[Tensor, list[State]]:
        """target_in [B, T] → features [B, T, E] whose product with the target embedding is the logits, and final states."""
        check_tap(tap, self.sites())
        x, states, below = self.heard(self.target_embedding, target_in), [], list[Tensor]()
        for layer, initial in zip(self.decoder, memory.initial):
            x, [final], below = layer(x, [initial], tap=tap, below=below, elapsed=memory.elapsed)
            x = self.dropout(x)
            states.append(final)
        return self.features(x, memory, partial(along, tap)), states

    def step(
        self, token: Tensor, past: Sequence[State], memory: Memory, position: int, tap: Tap | None = None
    ) -> tuple[Tensor, list[State]]:
        """One position of the decoder: token [B·K], past per layer → logits [B·K, V], states. Search and probes call this.

        The K hypotheses of a sentence are neighbouring rows, and share its memory.
        """
        x, states, below = self.embed(self.target_embedding, token)[:, None], [], list[Tensor]()  # [B·K, 1, E]
        B, K = len(memory.mask), len(token) // len(memory.mask)
        elapsed = memory.elapsed.repeat_interleave(K, dim=0)
        for layer, state in zip(self.decoder, past):
            x, [new], below = layer.stepped(x, [state], None, tap, below, position, elapsed)
            states.append(new)

        def show(site: str, value: Tensor) -> Tensor:
            return tap(site, position, value.flatten(0, 1)).view_as(value) if tap else value

        return self.logits(self.features(x.view(B, K, -1), memory, show)).flatten(0, 1), states

    def features(self, hidden: Tensor, memory: Memory, show: Callable[[str, Tensor], Tensor]) -> Tensor:
        """The decoder's output [B, T, H], with what attention finds for it, brought to a word vector's size [B, T, E].

        T are the positions of a sentence, or its hypotheses at one position; `show` has a tap see each value at a site.
        """
        if self.attention:
            weights = show("attention.weights", self.attention(hidden, memory.keys, memory.mask))  # [B, T, S]
            context = show("attention.context", weights @ memory.states)  # [B, T, H]
            hidden = torch.cat([hidden, self.dropout(context)], dim=2)
        features = torch.tanh(self.readout(hidden))
        if self.lexical:
            features = features + self.lexical(show("attention.words", weights @ memory.words))
        return self.dropout(features)

    def logits(self, features: Tensor) -> Tensor:
        """features [..., E] → scores of all pieces [..., V]."""
        return nn.functional.linear(features, self.target_embedding.weight, self.bias)

    def forward(self, source: Tensor, lengths: Tensor, target_in: Tensor, tap: Tap | None = None) -> Tensor:
        """Teacher forcing: source [B, S], target_in [B, T] → logits [B, T, V]."""
        return self.logits(self.decode(target_in, self.encode(source, lengths, tap), tap)[0])
