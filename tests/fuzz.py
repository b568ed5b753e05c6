"""Odd and hostile input for every reader: each example is taken, or refused in one line."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console

import corpora
import train
import translate
from corpora import CorpusError
from seq2seq import checkpoint, config, lines
from seq2seq.checkpoint import FILES, LAST, SUMS
from seq2seq.config import UserError
from seq2seq.model import ModelSettings
from seq2seq.prompt import Conversation, Quit
from seq2seq.search import SearchSettings
from seq2seq.training import RECIPES, TrainingSettings
from seq2seq.translator import Translator, load

CHARACTERS = st.characters() | st.sampled_from("\0\ud800\u2028▁\x1b\ufeff\t\"'\\{}[]:,/")
TEXT = st.text(CHARACTERS, max_size=40) | st.sampled_from(["a " * 3000, "ě" * 5000, "The boy is tired.", ""])
OPTIONS = [
    *("--corpus", "--out", "--recipe", "--resume", "--limit", "--max-words", "--units", "--cell", "--attention"),
    *("--layers", "--bidirectional", "--no-bidirectional", "--dropout", "--vocabulary", "--learning-rate", "--minutes"),
    *("--precision", "--seed", "--checkpoint", "--beam", "--nbest", "--exponent", "--input", "--output", "--reference"),
]
VALUES = ["1", "-1", "0", "1e309", "nan", "inf", "9" * 4400, "1.5", "", "lstm", "demo", "/", "--", "-", "=", "late"]


@st.composite
def damaged(draw, whole: bytes) -> bytes:
    """Some bytes with a few flipped bits, with their end missing, or with something put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        where, kind = draw(st.integers(0, max(0, len(data) - 1))), draw(st.sampled_from(["flip", "cut", "put in"]))
        if kind == "flip" and data:
            data[where] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del data[where:]
        else:
            data[where:where] = draw(st.binary(max_size=9))
    return bytes(data)


ROWS = st.lists(st.tuples(TEXT, TEXT), max_size=6)
TABLE = b"en\tcs\nThe boy is tired.\tKluk je unaven\xc3\xbd.\nThe girl sings.\tHolka zp\xc3\xadv\xc3\xa1.\n"
CORPUS = st.tuples(
    st.sampled_from(["train.tsv", "train.csv", "train.jsonl", "train.parquet", "train.en", "train.tsv.gz", "x.txt"]),
    st.binary(max_size=80)
    | damaged(TABLE)
    | damaged(gzip.compress(TABLE))
    | damaged(b'{"translation": {"en": "A dog.", "cs": "Pes."}}\n')
    | ROWS.map(lambda rows: "\n".join("\t".join(row) for row in rows).encode(errors="surrogatepass")),
    st.sampled_from(["", ":1", ":0", ":-1", ":nan", ":0.5", ":x"]),
)


def read_corpus(example: tuple[str, bytes, str], run: Path, place: Path) -> None:
    name, content, weight = example
    (place / name).write_bytes(content)
    (place / "train.cs").write_bytes(content[::-1])
    corpora.load(str(place / name), "train")
    corpora.mix([f"{place}{weight}"], "train")


def whole_run(run: Path) -> st.SearchStrategy[tuple[str, bytes, bool]]:
    """A file of a run, damaged, and whether its digest is made to fit."""
    return st.sampled_from([name for name in (*FILES, SUMS) if (run / name).exists()]).flatmap(
        lambda name: st.tuples(st.just(name), damaged((run / name).read_bytes()), st.booleans())
    )


def read_run(example: tuple[str, bytes, bool], run: Path, place: Path) -> None:
    name, content, signed = example
    folder = Path(shutil.copytree(run, place / "run"))
    (folder / name).write_bytes(content)
    if signed and name != SUMS:
        found = {each: [checkpoint.file_digest(folder / each)] for each in FILES if (folder / each).is_file()}
        checkpoint.write_sums(folder, found)
    load(folder)
    checkpoint.load(folder, LAST)
    same = content == (run / name).read_bytes()
    assert signed or same, f"{name} was damaged and read all the same"


loaded = lru_cache(load)


def translator(run: Path) -> Translator:
    made = loaded(run)
    made.settings = SearchSettings(2, 1.0)
    return made


def answer(line: str, run: Path, place: Path) -> None:
    with suppress(Quit):
        Conversation(translator(run), console=Console(file=io.StringIO())).answer(line)


def filter(content: bytes, run: Path, place: Path) -> None:
    each = lines.Filter(translator(run), lambda _: None)
    for chunk in lines.arriving(io.BytesIO(content), "standard input"):
        assert len(each(chunk)) == len(chunk)
    each.close()


def parse(arguments: list[str], run: Path, place: Path) -> None:
    for module in (train, translate):
        with patch.object(sys, "argv", ["command", *arguments]):
            try:
                given = module.arguments()
            except SystemExit as end:  # --help
                assert end.code == 0
                return
            except UserError:
                continue
        if module is train:
            recipe = RECIPES[given["recipe"]]
            config.settings(ModelSettings, recipe.model, given)
            config.settings(TrainingSettings, recipe.training, given)
        else:
            translate.settle(translator(run), given)


COMMANDS = st.sampled_from(["/help", "/beam", "/nbest", "/trace", "/attention", "/quit", "/"])
LINE = TEXT | st.tuples(COMMANDS, TEXT | st.sampled_from(VALUES)).map(" ".join)
READERS: dict[str, tuple[Callable[[Path], st.SearchStrategy[Any]], Callable[[Any, Path, Path], None]]] = {
    "corpora": (lambda run: CORPUS, read_corpus),
    "checkpoints": (whole_run, read_run),
    "prompt": (lambda run: LINE, answer),
    "stdin": (
        lambda run: (
            st.binary(max_size=80)
            | st.lists(TEXT, max_size=4).map(lambda each: "\n".join(each).encode(errors="surrogatepass"))
            | damaged("Kůň.\r\nThe boy is tired.\n".encode())
        ),
        filter,
    ),
    "options": (lambda run: st.lists(st.sampled_from(OPTIONS) | st.sampled_from(VALUES) | TEXT, max_size=5), parse),
}


def fuzz(reader: str, count: int, run: Path) -> tuple[int, float]:
    """Give a reader `count` inputs; how many it refused, and the longest that it took, in seconds."""
    strategy, read = READERS[reader]
    refused, longest = 0, 0.0

    @given(example=strategy(run))
    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def one(example) -> None:
        nonlocal refused, longest
        with tempfile.TemporaryDirectory() as place, redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            started = time.monotonic()
            try:
                read(example, run, Path(place))
            except (UserError, CorpusError) as error:
                assert "\n" not in str(error), error
                refused += 1
            longest = max(longest, time.monotonic() - started)

    one()
    return refused, longest
