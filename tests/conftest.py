"""Small real things for every test: twelve pairs, a tokenizer learnt from them, eight-unit models, untrained runs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from corpora.records import Pair
from seq2seq import checkpoint
from seq2seq.batching import Batch, Example, collate
from seq2seq.cells import CELLS
from seq2seq.model import Model, ModelSettings
from seq2seq.tokenizer import Tokenizer, words

settings.register_profile(  # the same examples every time, however slow the machine
    "project", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("project")

MakeModel = Callable[..., Model]

PAIRS = [
    ("I am a boy who likes to learn.", "Jsem kluk, který se rád učí."),
    ("I am a girl who likes to learn.", "Jsem holka, která se ráda učí."),
    ("I am a boy who likes to sing.", "Jsem kluk, který rád zpívá."),
    ("I am a girl who likes to sing.", "Jsem holka, která ráda zpívá."),
    ("He is a teacher who likes to read.", "Je to učitel, který rád čte."),
    ("She is a teacher who likes to read.", "Je to učitelka, která ráda čte."),
    ("The boy is tired.", "Kluk je unavený."),
    ("The girl is tired.", "Holka je unavená."),
    ("The boy was at home.", "Kluk byl doma."),
    ("The girl was at home.", "Holka byla doma."),
    ("My brother learned English.", "Můj bratr se učil anglicky."),
    ("My sister learned English.", "Moje sestra se učila anglicky."),
]


@pytest.fixture(scope="session")
def pairs() -> list[Pair]:
    """Twelve pairs of the boy and girl kind; neighbours differ in gender alone."""
    return [Pair(source, target, "twelve") for source, target in PAIRS]


@pytest.fixture(scope="session")
def tokenizer(pairs: list[Pair]) -> Tokenizer:
    """At most 400 pieces, learnt from both sides of the pairs."""
    return Tokenizer.train((text for pair in pairs for text in (pair.source, pair.target)), 400)


@pytest.fixture(scope="session")
def tiny_model(tokenizer: Tokenizer) -> MakeModel:
    """A factory of untrained models: eight units, six embedding dimensions, no dropout, unless settings differ."""

    def make(attention: str = "late", layers: int = 1, *, seed: int = 1, **settings) -> Model:
        shape = {"units": 8, "embedding": 6, "dropout": 0.0, **settings}
        with torch.random.fork_rng(devices=[]):  # the caller's generator is left as it was
            torch.manual_seed(seed)
            return Model(ModelSettings(attention=attention, layers=layers, **shape), len(tokenizer)).eval()

    return make


@pytest.fixture(scope="session")
def make_run(tmp_path_factory, pairs: list[Pair], tokenizer: Tokenizer) -> Callable[[Model], Path]:
    """A factory of run folders: what train.py would have left of this model."""

    def make(model: Model) -> Path:
        folder = tmp_path_factory.mktemp("run")
        run = checkpoint.Run(
            model=model.settings,
            training={"seed": 1},
            corpora=["twelve"],
            vocabulary=len(tokenizer),
            precision="float32",
            corpus_digest="0" * 64,
            command="train.py --corpus twelve",
        )
        run.save(folder)
        checkpoint.store(folder / checkpoint.TOKENIZER, tokenizer.proto)
        checkpoint.store(folder / checkpoint.WORDS, "\n".join(words(pair.source for pair in pairs)) + "\n")
        checkpoint.write_tensors(folder / checkpoint.BEST, model.state_dict())
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_run(make_run: Callable[[Model], Path], tiny_model: MakeModel) -> Path:
    """The run folder of an untrained model with attention. Shared by all tests: copy it before you damage it."""
    return make_run(tiny_model("late"))


@pytest.fixture(scope="session")
def sign() -> Callable[[Path], None]:
    """Makes SHA256SUMS fit whatever files a run folder holds, as one would who changes them on purpose."""

    def fit(folder: Path) -> None:
        found = {
            name: [checkpoint.file_digest(folder / name)] for name in checkpoint.FILES if (folder / name).is_file()
        }
        checkpoint.write_sums(folder, found)

    return fit


SHAPES = [
    {"cell": cell, "layers": layers, "bidirectional": bidirectional, "attention": attention}
    for cell, layers, bidirectional, attention in product(CELLS, (1, 2), (False, True), ("none", "late", "words"))
    if layers > 1 or not CELLS[cell].upward
    if attention != "words" or cell == "lstm"
    if cell == "lstm" or (layers + bidirectional + (attention == "late")) % 2  # half, but every two settings together
]


@pytest.fixture(params=SHAPES, ids=lambda shape: " ".join(map(str, shape.values())))
def any_model(request, tiny_model: MakeModel) -> Model:
    """A float64 model of each cell, one or two layers and directions, with and without attention; LSTMs also to words."""
    return tiny_model(**request.param).double()


@pytest.fixture(scope="session")
def ragged(pairs: list[Pair], tokenizer: Tokenizer) -> Batch:
    """Four pairs, no two sources of one length, the longest not first."""
    encode = tokenizer.encode
    return collate([Example(encode(pairs[n].source), encode(pairs[n].target)) for n in (6, 0, 10, 5)])
