"""Traces and results as tables on disk, for numpy and pandas.

`write_table` leaves a folder, whole or not at all:

    sentences.csv   a line a sentence: its number, source, target (the words that the decoder read), how they came there
                    ("forced", or "said": the model's own greedy translation), the pair's own target as `reference`, its
                    corpus, construction and frame
    words.csv       a line a word (or sign): `row` in the files of its side, sentence, side (source, target), number in its
                    sentence, text, first and last piece there; `role` ("noun", or the kind of an agreeing word), and number
                    (-1: it has no role), lemma and gender of the noun that it is or agrees with; then the pair's factors:
                    gender, lemma, … of the controlling noun
    SITE.npy        [N, H] float32, a row a word, once all of it has been read: at its last piece, from right to left at its
                    first. For a site of the encoder the words whose side is source, for all others those whose side is
                    target. attention.weights is [N, S], S pieces of the longest source with its end piece, 0 beyond the
                    end of a shorter one
    about.json      what it was made of, and counts

Roles are marked in the pair's own words: the words of a translation that differs from the reference have none.

    words = pandas.read_csv("words.csv", keep_default_na=False)
    nouns = words[(words.side == "target") & (words.noun == 0) & (words.role == "noun")]
    numpy.load("decoder.0.cell.npy", mmap_mode="r")[nouns.row], nouns.gender

`export` leaves results as CSV files; see there.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.lib.format import open_memmap

from corpora.records import Factors, Pair
from corpora.writing import whole_folder, write

from .. import checkpoint
from ..batching import Example, plan
from ..config import UserError
from ..progress import Progress
from ..taps import TapError
from ..tokenizer import Tokenizer, Word
from ..trace import side, trace
from ..translator import Translator

PIECES = 4096  # on either side of a batch, padding included: a few hundred sentences
CSV: dict[str, Any] = {"lineterminator": "\n"}
SIDES = ("source", "target")
SENTENCE = ("sentence", "source", "target", "how", "reference", "corpus", "construction", "frame")
WORD = ("row", "sentence", "side", "word", "text", "first", "last", "role", "noun", "noun_lemma", "noun_gender")
FACTORS = ("gender", "lemma", "distance", "intervener", "family", "template", "lemma_fold", "template_fold")


@dataclass(frozen=True)
class About:
    """What a table was made of: about.json."""

    weights: str  # digest of the model's tensors
    run: dict[str, Any] | None  # what made the model: its run.json
    how: str  # forced or said
    corpora: list[str]
    sentences: int
    words: dict[str, int]  # side → how many
    sites: dict[str, list[int]]  # site → shape of its file


def role(word: Word, side: str, factors: Factors | None) -> tuple[str, int, str, str]:
    """What the grammar marked a word as, and number, lemma and gender of the noun that it is or agrees with."""
    if factors is None:
        return "", -1, "", ""
    marked = [("noun", number, getattr(noun, side)) for number, noun in enumerate(factors.nouns)]
    if side == "target":
        marked += [(each.kind, each.controller, each.target) for each in factors.agreeing]
    for name, number, span in marked:
        if span.start <= word.start < span.end:
            return name, number, factors.nouns[number].lemma, factors.nouns[number].gender
    return "", -1, "", ""


def check(translator: Translator, pairs: Sequence[Pair], folder: Path, forced: bool) -> None:
    """Raise UserError where no table can be made of these sentences in this folder."""
    if not pairs:
        raise UserError("no sentence to trace")
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: name a new folder for the table")
    translator.check([pair.source for pair in pairs])
    if forced:
        translator.check([pair.target for pair in pairs])
        for number, pair in enumerate(pairs, 1):
            if not pair.target:
                raise UserError(f"sentence {number} has no target to be forced through: trace it freely decoded")


def translations(translator: Translator, sources: Sequence[str], progress: Progress) -> list[str]:
    """The model's own greedy translations: the first half of the work."""
    said = 0

    def heard(more: int) -> None:
        nonlocal said
        said += more
        progress("translating", said / len(sources) / 2)

    return translator.translate(sources, beam=1, progress=heard)


def write_words(
    folder: Path,
    pairs: Sequence[Pair],
    read: Sequence[Pair],
    examples: Sequence[Example],
    how: str,
    tokenizer: Tokenizer,
) -> dict[str, list[int]]:
    """sentences.csv and words.csv; `read` are the pairs with the targets that the decoder reads, `examples` the same as
    pieces. Returns side → the first row of each sentence, and the number of rows."""
    rows = {side: [0] for side in SIDES}
    with (
        open(folder / "sentences.csv", "w", encoding="utf-8", newline="") as sentence_file,
        open(folder / "words.csv", "w", encoding="utf-8", newline="") as word_file,
    ):
        sentence_lines = csv.writer(sentence_file, **CSV)
        word_lines = csv.writer(word_file, **CSV)
        sentence_lines.writerow(SENTENCE)
        word_lines.writerow((*WORD, *FACTORS))
        for sentence, (pair, own, example) in enumerate(zip(pairs, read, examples)):
            factors = pair.factors
            design = (factors.construction, factors.frame) if factors else ("", "")
            sentence_lines.writerow((sentence, own.source, own.target, how, pair.target, pair.corpus, *design))
            cell = [getattr(factors, name) if factors else "" for name in FACTORS]
            for side in SIDES:
                marked = factors if getattr(own, side) == getattr(pair, side) else None
                words = tokenizer.align(getattr(example, side))
                for number, word in enumerate(words):
                    place = (rows[side][-1] + number, sentence, side, number, word.text, word.first, word.last)
                    word_lines.writerow((*place, *role(word, side, marked), *cell))
                rows[side].append(rows[side][-1] + len(words))
    return rows


def write_table(
    translator: Translator,
    pairs: Sequence[Pair],
    folder: Path,
    *,
    sites: Iterable[str] | None = None,
    forced: bool = True,
    pieces: int = PIECES,
    progress: Progress = lambda what, share: None,
) -> About:
    """Write sites (None: all) at every word of many sentences, forced through their targets, or (`forced` false) through
    the model's own greedy translations, read again piece by piece as Translator.trace reads them. A sentence without a
    target is Pair(sentence, ""). Values of at most `pieces` word pieces on a side, or of one sentence, are in memory at once.

    UserError: an unknown site; no sentence, or one that cannot be read or has no target to be forced through; a folder
    that is not empty; a full disk.
    """
    check(translator, pairs, folder, forced)
    model, tokenizer, how = translator.model, translator.tokenizer, "forced" if forced else "said"
    wanted = model.sites() if sites is None else list(dict.fromkeys(sites))
    try:
        first = trace(model, tokenizer, [pairs[0].source], [pairs[0].target], wanted)
    except TapError as error:
        raise UserError(str(error)) from error
    targets = [pair.target for pair in pairs]
    if not forced:
        targets = translations(translator, [pair.source for pair in pairs], progress)
    read = [replace(pair, target=target) for pair, target in zip(pairs, targets)]
    examples = [Example(tokenizer.encode(pair.source), tokenizer.encode(pair.target)) for pair in read]
    with whole_folder(folder) as place:
        rows = write_words(place, pairs, read, examples, how, tokenizer)
        longest = max(len(each.source) for each in examples) + 1  # S, the end piece included
        shapes = {
            site: [rows[side(site)][-1], longest if site == "attention.weights" else first.values[site].shape[-1]]
            for site in wanted
        }
        needed, free = sum(4 * N * H for N, H in shapes.values()), shutil.disk_usage(place).free
        if needed > free:
            raise UserError(
                f"{folder}: the table takes {needed / 1e9:.1f} GB where {free / 1e9:.1f} GB are free: take fewer sites or sentences"
            )
        for site, shape in shapes.items():
            open_memmap(place / f"{site}.npy", "w+", numpy.float32, tuple(shape))
        batches = plan(examples, pieces, seed=(0,))
        for number, batch in enumerate(batches):
            progress("tracing", number / len(batches) if forced else 0.5 + number / len(batches) / 2)
            traced = trace(model, tokenizer, [read[n].source for n in batch], [read[n].target for n in batch], wanted)
            for site in wanted:
                start = rows[side(site)]
                here = numpy.concatenate([numpy.arange(start[n], start[n + 1]) for n in batch])
                values = torch.cat([traced.words(site, place) for place in range(len(batch))])
                table = open_memmap(place / f"{site}.npy", "r+")  # opened anew, so that what was written leaves memory
                table[here, : values.shape[1]] = values.numpy()
        about = About(
            checkpoint.digest(model.state_dict()),
            asdict(translator.run) if translator.run else None,
            how,
            list(dict.fromkeys(pair.corpus for pair in pairs)),
            len(pairs),
            {side: rows[side][-1] for side in SIDES},
            shapes,
        )
        write_json(place / "about.json", asdict(about))
    return about


# Results as files


def write_json(path: Path, content: Any) -> None:
    """Write JSON with a line for each value, whole or not at all. ValueError: nan or infinity is among them."""
    write(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def spread(row: Mapping[str, Any], path: str = "") -> tuple[dict[str, Any], dict[str, list[Mapping[str, Any]]]]:
    """A row's plain values, and its lists of rows, by path: {"area": {"low": 0}} → {"area.low": 0}. No empty list."""
    plain, lists = dict[str, Any](), dict[str, list[Mapping[str, Any]]]()
    for name, value in row.items():
        if isinstance(value, Mapping):
            inner, below = spread(value, f"{path}{name}.")
            plain |= inner
            lists |= below
        elif not isinstance(value, list | tuple):
            plain[path + name] = value
        elif value and isinstance(value[0], Mapping):
            lists[path + name] = list(value)
        elif value:
            plain[path + name] = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return plain, lists


def rows_of(name: str, row: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A row with the name of its table, then the rows inside it with the names of theirs."""
    plain, lists = spread(row)
    yield name, {**outer, **plain}
    own = (
        {
            f"{name}.{key}": plain[key]
            for key, value in row.items()
            if key in plain and not isinstance(value, list | tuple)
        }
        if name
        else {}
    )
    for path, inside in lists.items():
        for each in inside:
            yield from rows_of(f"{name}.{path}".lstrip("."), each, {**outer, **own})


def export(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write results (run → a dataclass, or the JSON object that it became) as tidy CSV files, and return their paths.

    A list of dataclasses is a file, named by its fields (reading.probes.csv), and an element is a row, in the list's order:
    run first, then its fields, an Estimate as area.value, area.low, …. Of lists inside lists a row repeats the outer row's
    own values (gates.sites.findings.csv begins run, gates.sites.place). What is in no list is a run's row of result.csv. A
    list of numbers is one cell, as JSON; a cell is empty where there is none.
    """
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run, result in results.items():
        for name, row in rows_of("", result if isinstance(result, Mapping) else asdict(result), {"run": run}):
            tables[name or "result"].append(row)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in tables.items():
        found = list(dict.fromkeys(column for row in rows for column in row))
        fields = list(dict.fromkeys(column.split(".")[0] for column in found))
        columns = sorted(found, key=lambda column: fields.index(column.split(".")[0]))
        whole = [column for column in columns if any(other.startswith(f"{column}.") for other in columns)]  # None here
        text = io.StringIO()
        lines = csv.DictWriter(text, [each for each in columns if each not in whole], extrasaction="ignore", **CSV)
        lines.writeheader()
        lines.writerows(rows)
        written.append(folder / f"{name}.csv")
        write(written[-1], text.getvalue())
    return written
