"""Corpora on disk: which files of a path belong to which split, and how each format is read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from corpora.records import CorpusError
from corpora.rows import UNDECODABLE, Part, Row

SOURCE_COLUMNS = ("en", "english", "source", "src")
TARGET_COLUMNS = ("cs", "czech", "target", "tgt", "non_english")
COLUMNS = "translation {en, cs}; en and cs; english and czech (or non_english); source and target; two unnamed columns"
LAYOUTS = "train.en + train.cs, or train.tsv, .csv, .jsonl, .parquet; likewise val or dev, and test (each also .gz)"

FILE = re.compile(r"(?P<stem>[^.].*?)\.(?P<format>en|cs|tsv|csv|jsonl|parquet)(\.txt)?(\.gz)?", re.IGNORECASE)
SPLITS = {"train": "train", "training": "train", "test": "test"} | dict.fromkeys(
    ("dev", "val", "valid", "validation"), "dev"
)
SPLIT_NAME = re.compile(rf"({'|'.join(SPLITS)})(?![a-z])", re.IGNORECASE)
INNER_FOLDERS = ("data", "cs-en", "en-cs")


# Which files


def parts(path: Path) -> dict[str, list[Part]]:
    """The parts of every split found at `path`. A file, or a folder with one nameless part, is all training text."""
    if not path.is_dir():
        return {"train": [part_of(path)]}
    found: dict[str, list[Part]] = {}
    nameless: list[Part] = []
    alone: list[Path] = []
    for folder, split in folders(path):
        whole, lacking = paired(folder)
        alone += lacking
        for part in whole:
            named = split or split_of(part.stem)
            (found.setdefault(named, []) if named else nameless).append(part)
    if not found and len(nameless) == 1:
        found["train"] = nameless
    if found:
        return found
    if alone:
        part_of(alone[0])  # says which side is missing
    has = f"; {len(nameless)} files here name no split" if nameless else ""
    raise CorpusError(f"{path} holds no corpus files{has}: expected {LAYOUTS}")


def split_of(name: str) -> str:
    """The split that a file or folder name begins with: "val-00000-of-00001" is dev; "" if it names none."""
    match = SPLIT_NAME.match(name)
    return SPLITS[match[1].lower()] if match else ""


def folders(path: Path) -> Iterator[tuple[Path, str]]:
    """The folders to look into, with the split that a folder is for: the path itself, data/, cs-en/, train/, …"""
    yield path, ""
    for inner in sorted(entry for entry in path.iterdir() if entry.is_dir()):
        if inner.name in INNER_FOLDERS:
            yield from folders(inner)
        elif split_of(inner.name):
            yield inner, split_of(inner.name)


def paired(folder: Path) -> tuple[list[Part], list[Path]]:
    """The parts in `folder`, by name, and the sides whose other side is missing (as of a corpus in more languages)."""
    whole: dict[str, Part] = {}
    lacking = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        match = FILE.fullmatch(file.name)
        if not match or not file.is_file() or match["format"].lower() == "cs":
            continue
        if match["format"].lower() == "en" and not other_side(file):
            lacking.append(file)
            continue
        part = part_of(file)
        twin = whole.setdefault(part.stem, part)
        packed = part.source.lower() == f"{twin.source}.gz".lower()  # train.en.gz beside train.en is no second form
        if twin is not part and not packed:
            raise CorpusError(f"{folder} has {part.stem} in two forms, {twin.source} and {part.source}: keep one")
    return list(whole.values()), lacking


def other_side(file: Path) -> Path | None:
    """x.en → x.cs or x.cs.gz, whichever is there, and the other way round."""
    match = FILE.fullmatch(file.name)
    assert match
    language = {"en": "cs", "cs": "en"}[match["format"].lower()]
    head = file.name[: match.start("format")]
    ends = dict.fromkeys((file.name[match.end("format") :], "", ".gz", ".txt"))
    return next((other for end in ends if (other := file.with_name(f"{head}{language}{end}")).is_file()), None)


def part_of(file: Path) -> Part:
    """The part that a file, or either side of a pair of files, stands for."""
    match = FILE.fullmatch(file.name)
    if not match:
        raise CorpusError(f"{file} has an unknown ending: expected .en + .cs, .tsv, .csv, .jsonl or .parquet, also .gz")
    kind = match["format"].lower()
    if kind in READERS:
        return Part(match["stem"], str(file), str(file), partial(READERS[kind], file))
    other = other_side(file)
    if not other:
        missing = "cs" if kind == "en" else "en"
        raise CorpusError(f"{file} stands alone: expected {match['stem']}.{missing} (or .{missing}.gz) beside it")
    source, target = (file, other) if kind == "en" else (other, file)
    return Part(match["stem"], str(source), str(target), partial(two_files, source, target))


# How each format is read


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """`file` as bytes, unpacked if it is .gz; what the file system or the archive has to say becomes a CorpusError."""
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{file} cannot be unpacked, it is damaged or no gzip file: fetch it again") from error
    except OSError as error:
        raise CorpusError(f"{file} cannot be read: {error.strerror or one_line(error)}") from error


def lines(file: Path, newline: str = "\n") -> Iterator[str]:
    r"""The lines of `file`: ended by \n or \r\n and by nothing else; without a byte order mark."""
    with opened(file) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=newline):
            yield line.rstrip("\r\n") if newline else line


def two_files(source: Path, target: Path) -> Iterator[Row]:
    english, czech = (sum(1 for _ in lines(file)) for file in (source, target))
    if english != czech:
        raise CorpusError(
            f"{source} has {english:,} lines, but {target} has {czech:,}: each line must translate its fellow"
        )
    for number, (left, right) in enumerate(zip(lines(source), lines(target), strict=True), start=1):
        yield Row(number, left, right)


def tsv(file: Path) -> Iterator[Row]:
    return table(file, enumerate((line.split("\t") for line in lines(file)), start=1))


def comma(file: Path) -> Iterator[Row]:
    reader = csv.reader(lines(file, newline=""))
    try:
        yield from table(file, ((reader.line_num, cells) for cells in reader))
    except csv.Error as error:
        raise CorpusError(f"{file} line {reader.line_num}: {error}; is a quotation mark left open?") from error


def table(file: Path, rows: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    """Rows of a table that may begin with the names of its columns; without names, English is the first of two."""
    where: tuple[int, int] | None = None
    width = 0
    for number, cells in rows:
        if not any(cells):
            yield Row(number, "", "")
        elif where is None and UNDECODABLE.search("".join(cells)):
            yield Row(number, "".join(cells), "")
        elif where is None:
            width = len(cells)
            where = columns(tuple(cells))
            if where is None:
                where = unnamed(file, cells)
                yield Row(number, cells[where[0]], cells[where[1]])
        elif len(cells) != width:
            yield Row(number, "".join(cells), "", fault=f"not {width} columns like the first row")
        else:
            yield Row(number, cells[where[0]], cells[where[1]])


def unnamed(file: Path, cells: list[str]) -> tuple[int, int]:
    """The two columns of a table without names: there are only two, or what follows is Tatoeba's attribution."""
    attributed = len(cells) in (3, 4) and re.search("tatoeba|attribution|CC.BY", cells[2], re.IGNORECASE)
    if (len(cells) == 2 or attributed) and not any_known(cells):
        return 0, 1
    raise wrong_columns(str(file), cells)


def jsonl(file: Path) -> Iterator[Row]:
    for number, line in enumerate(lines(file), start=1):
        if not line.strip() or UNDECODABLE.search(line):
            yield Row(number, line, "")
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{file} line {number} is not JSON: {one_line(getattr(error, 'msg', error))}") from error
        if not isinstance(record, dict):
            raise CorpusError(f'{file} line {number} is not an object like {{"en": "A dog.", "cs": "Pes."}}')
        yield record_row(f"{file} line {number}", number, record)


def parquet(file: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    number = 0
    try:
        with opened(file) as stream:
            batches = ParquetFile(stream).iter_batches()
            for number, record in enumerate(chain.from_iterable(batch.to_pylist() for batch in batches), start=1):
                yield record_row(str(file), number, record)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{file} is not UTF-8 after row {number:,}: write it again with its text as UTF-8") from error
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{file} cannot be read as parquet: {one_line(error)}") from error


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {"tsv": tsv, "csv": comma, "jsonl": jsonl, "parquet": parquet}


# Which columns


def record_row(where: str, number: int, record: Mapping[str, object]) -> Row:
    """The two sentences of a record with named columns, or with a `translation` that has them."""
    translation = record.get("translation", record)
    if translation is None:
        return Row(number, None, None)
    cells = translation if isinstance(translation, Mapping) else record
    names = tuple(cells)
    picked = columns(names)
    if picked is None and len(names) == 2 and cells is record and not any_known(names):
        picked = 0, 1
    if picked is None:
        raise wrong_columns(where, names)
    source, target = (cells[names[column]] for column in picked)
    return Row(number, source, target)


@lru_cache
def columns(names: tuple[str, ...]) -> tuple[int, int] | None:
    """Where the English and the Czech stand among columns of these names."""
    lower = [name.strip().lower() for name in names]
    source, target = (
        next((lower.index(name) for name in known if name in lower), None) for known in (SOURCE_COLUMNS, TARGET_COLUMNS)
    )
    return None if source is None or target is None else (source, target)


def any_known(names: Iterable[str]) -> bool:
    """Whether one of these is a column name: then the other columns are another language's, not two without names."""
    return any(name.strip().lower() in SOURCE_COLUMNS + TARGET_COLUMNS for name in names)


def wrong_columns(where: str, names: Iterable[str]) -> CorpusError:
    names = [one_line(name)[:30] for name in names]
    shown = " | ".join(names[:8]) + (" | …" if len(names) > 8 else "")
    return CorpusError(f"{where}: found {len(names)} column(s), {shown}; accepted are {COLUMNS}")


def one_line(message: object) -> str:
    return " ".join(str(message).split())
