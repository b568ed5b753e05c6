"""Corpora: every layout of the same pairs loads the same pairs, and what cannot be read is refused in one line."""

from __future__ import annotations

import ast
import csv
import gzip
import importlib
import io
import json
import os
import string
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpora
from corpora import CorpusError, NoSuchSplit, Pair, hub
from corpora.holdout import AT_MOST, held_out, rest
from corpora.mixture import parse

RAW = [
    ("A dog, they say, is \u201cloyal\u201d.", "Pes je prý \u201everný\u201c, říkají."),
    ('He said "no".', 'Řekl "ne".'),
    ("One line\u2028with a line separator.", "Jeden řádek\u2028s oddělovačem."),
    ("  Spaces   everywhere. ", "Všude  mezery.\u00a0"),
    ("Decomposed accents.", "Rozloz\u030cene\u0301 pr\u030ci\u0301zvuky."),
]
FIVE = [
    ("A dog, they say, is \u201cloyal\u201d.", "Pes je prý \u201everný\u201c, říkají."),
    ('He said "no".', 'Řekl "ne".'),
    ("One line with a line separator.", "Jeden řádek s oddělovačem."),
    ("Spaces everywhere.", "Všude mezery."),
    ("Decomposed accents.", "Rozložené přízvuky."),
]
Rows = list[tuple[str, str]]


def texts(corpus: corpora.Corpus) -> Rows:
    return [(pair.source, pair.target) for pair in corpus]


def numbered(count: int, first: int = 0) -> Rows:
    return [(f"Sentence number {n}.", f"Věta číslo {n}.") for n in range(first, first + count)]


# Writers: each puts rows at folder/STEM.*, and returns the path (or one side) that it wrote


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def sides(end: str = "", newline: str = "\n", mark: bytes = b"") -> Callable[[Path, Rows], Path]:
    def writer(stem: Path, rows: Rows) -> Path:
        for side, language in enumerate(("en", "cs")):
            path = stem.with_name(f"{stem.name}.{language}{end}")
            write(path, mark + "".join(row[side] + newline for row in rows).encode())
        return path

    return writer


def tsv(*header: str, end: str = "", swapped: bool = False, extra: str = "") -> Callable[[Path, Rows], Path]:
    def writer(stem: Path, rows: Rows) -> Path:
        lines = ["\t".join(header)] if header else []
        lines += ["\t".join(row[::-1] if swapped else row) + extra for row in rows]
        return write(stem.with_name(f"{stem.name}.tsv{end}"), "\n".join(lines))

    return writer


def comma(*header: str, end: str = "") -> Callable[[Path, Rows], Path]:
    def writer(stem: Path, rows: Rows) -> Path:
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows] if header else rows)
        return write(stem.with_name(f"{stem.name}.csv{end}"), text.getvalue())

    return writer


def jsonl(record: Callable[[str, str], dict], end: str = "") -> Callable[[Path, Rows], Path]:
    def writer(stem: Path, rows: Rows) -> Path:
        lines = [json.dumps(record(*row), ensure_ascii=False) + "\n" for row in rows]
        return write(stem.with_name(f"{stem.name}.jsonl{end}"), "".join(lines))

    return writer


def parquet(record: Callable[[str, str], dict]) -> Callable[[Path, Rows], Path]:
    def writer(stem: Path, rows: Rows) -> Path:
        import pyarrow
        from pyarrow.parquet import write_table

        stem.parent.mkdir(parents=True, exist_ok=True)
        path = stem.with_name(f"{stem.name}.parquet")
        write_table(pyarrow.Table.from_pylist([record(*row) for row in rows]), path)
        return path

    return writer


def translation(en: str, cs: str) -> dict:
    return {"id": "7", "translation": {"cs": cs, "en": en}}


FORMATS: dict[str, Callable[[Path, Rows], Path]] = {
    "lines": sides(),
    "lines, packed": sides(".gz"),
    "lines, .txt": sides(".txt"),
    "lines, Windows": sides(newline="\r\n", mark=b"\xef\xbb\xbf"),
    "tsv": tsv(),
    "tsv, packed": tsv(end=".gz"),
    "tsv, names": tsv("English", "Czech"),
    "tsv, Czech first": tsv("cs", "en", swapped=True),
    "tsv, Tatoeba's own": tsv(extra="\tCC-BY 2.0 (France) Attribution: tatoeba.org #1 (CK)"),
    "csv": comma(),
    "csv, names": comma("source", "target"),
    "csv, packed": comma("english", "non_english", end=".gz"),
    "jsonl": jsonl(lambda en, cs: {"cs": cs, "en": en, "source": "a provenance"}),
    "jsonl, translation": jsonl(translation),
    "jsonl, two columns": jsonl(lambda en, cs: {"question": en, "answer": cs}, end=".gz"),
    "parquet": parquet(lambda en, cs: {"english": en, "non_english": cs}),
    "parquet, translation": parquet(translation),
}
LAYOUTS = {
    "flat": "{split}",
    "shard": "data/{split}-00000-of-00001",
    "a folder per split": "{split}/corpus",
    "language pair": "cs-en/{split}_2016_flickr",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_layout_of_the_same_pairs_loads_the_same_pairs(form: str, layout: str, tmp_path: Path) -> None:
    rows = {"train": RAW, "val": RAW[:2], "test": RAW[2:]}
    for split, part in rows.items():
        FORMATS[form](tmp_path / LAYOUTS[layout].format(split=split), part)
    write(tmp_path / "README.md", "not a corpus file")
    for split, expected in {"train": FIVE, "validation": FIVE[:2], "dev": FIVE[:2], "test": FIVE[2:]}.items():
        corpus = corpora.load(str(tmp_path), split)
        assert texts(corpus) == expected
        assert not corpus.left_out and not corpus.notes
        assert {pair.corpus for pair in corpus} == {corpus.name}


@pytest.mark.parametrize("form", FORMATS)
def test_a_single_file_is_training_text_whatever_its_name(form: str, tmp_path: Path) -> None:
    file = FORMATS[form](tmp_path / "my.sentences", RAW)
    by_file, by_folder = (
        texts(corpora.load(str(path), "train")) + texts(corpora.load(str(path), "dev")) for path in (file, tmp_path)
    )
    assert sorted(by_file) == sorted(by_folder) == sorted(FIVE)


@pytest.mark.parametrize("side", ["en", "cs"])
@pytest.mark.parametrize("packed", ["en", "cs"])
def test_either_side_finds_the_other_even_if_one_is_packed(side: str, packed: str, tmp_path: Path) -> None:
    paths = {}
    for number, language in enumerate(("en", "cs")):
        end = ".gz" if language == packed else ""
        paths[language] = write(tmp_path / f"x.{language}{end}", "\n".join(pair[number] for pair in FIVE))
    assert sorted(texts(corpora.load(str(paths[side]))) + texts(corpora.load(str(paths[side]), "dev"))) == sorted(FIVE)


def test_a_cell_of_csv_may_hold_a_line_end(tmp_path: Path) -> None:
    path = comma("en", "cs")(tmp_path / "train", [("Two\nlines, \u201cquoted\u201d.", "Dva\r\nřádky."), *FIVE])
    assert ("Two lines, \u201cquoted\u201d.", "Dva řádky.") in texts(corpora.load(str(path)))


def test_shards_and_several_tests_are_joined_in_order_and_said(tmp_path: Path) -> None:
    for number, row in enumerate(FIVE):
        tsv()(tmp_path / "data" / f"train-0000{number}-of-00005", [row])
    sides()(tmp_path / "dev", FIVE)
    sides()(tmp_path / "test_2016_flickr", FIVE[:2])
    sides()(tmp_path / "test_2018_flickr", FIVE[2:])
    (tmp_path / "test_2017.en").write_text("a corpus in more languages: no Czech here\n")
    (tmp_path / "gender_pairs_val.tsv").write_text("no\tcorpus\tfile\n")
    train, test = corpora.load(str(tmp_path)), corpora.load(str(tmp_path), "test")
    assert texts(train) == texts(test) == FIVE
    assert "5 files" in train.notes[0] and "test_2016_flickr, test_2018_flickr" in test.notes[0]
    assert texts(corpora.load(str(tmp_path), "test_2018_flickr")) == FIVE[2:]
    assert len(corpora.load(str(tmp_path), "dev")) == 5


# What is left out


def test_every_row_that_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = numbered(200)
    rows[3], rows[4], rows[5] = ("", "Prázdno."), ("Empty.", " \u2003"), ("word " * 101, "slovo")
    lines = ["\t".join(row).encode() for row in rows]
    lines[10] = "P\u0159\u00edli\u0161\tne".encode("iso-8859-2")
    lines[11] = b"three\tcolumns\there"
    write(tmp_path / "train.tsv", b"\n".join(lines))
    tsv()(tmp_path / "dev", FIVE)
    corpus = corpora.mix([str(tmp_path)])
    assert corpus.left_out == Counter(
        {"empty side": 2, "longer than 100 words": 1, "not UTF-8": 1, "not 2 columns like the first row": 1}
    )
    assert len(corpus) == 195


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-8859-2", "windows-1250"])
@pytest.mark.parametrize("form", ["x.tsv", "x.csv", "x.jsonl", "x.en"])
def test_a_file_that_is_not_utf8_is_refused_by_file_and_line(form: str, encoding: str, tmp_path: Path) -> None:
    rows = [("All right.", f"Příliš žluťoučký kůň {n}") for n in range(10)]
    content = {
        "x.tsv": "".join(f"{en}\t{cs}\n" for en, cs in rows),
        "x.csv": "".join(f"{en},{cs}\n" for en, cs in rows),
        "x.jsonl": "".join(f'{{"en": "{en}", "cs": "{cs}"}}\n' for en, cs in rows),
        "x.en": "".join(f"{cs}\n" for _, cs in rows),
    }[form]
    path = write(tmp_path / form, content.encode(encoding))
    write(tmp_path / "x.cs", "V pořádku.\n" * len(path.read_bytes().removesuffix(b"\n").split(b"\n")))
    with pytest.raises(CorpusError, match=r"x\.\w+ line 1 is not UTF-8 .*iconv"):
        corpora.load(str(path))


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_limit_counts_usable_pairs(limit: int, tmp_path: Path) -> None:
    rows = [("", "nic"), ("much too long a sentence", "x"), *numbered(60)]
    sides()(tmp_path / "train", rows)
    sides()(tmp_path / "dev", numbered(5))
    assert texts(corpora.mix([str(tmp_path)], limit=limit, max_words=3)) == numbered(60)[:limit]


# The dev part that is held out

pairs_of_text = st.lists(
    st.builds(Pair, st.text(string.ascii_lowercase, max_size=3), st.text(string.ascii_lowercase, max_size=3)),
    max_size=60,
)


def hold_out(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """What remains to train on, and what is held out."""
    dev = held_out(pairs)
    return list(rest(pairs, dev, Counter())), dev


@given(pairs_of_text, pairs_of_text)
@settings(deadline=None)
def test_no_sentence_is_on_both_sides_of_the_hold_out(pairs: list[Pair], later: list[Pair]) -> None:
    train, dev = hold_out(pairs)
    assert not {pair.source for pair in train} & {pair.source for pair in dev}
    assert not {pair.target for pair in train} & {pair.target for pair in dev}
    assert len({pair.source for pair in dev}) == len(dev)
    assert bool(train) == bool(pairs)
    assert {*train, *dev} <= {*pairs}
    assert hold_out(pairs) == (train, dev)


@pytest.mark.parametrize("count", [2, 100, 2_000, 60_000])
def test_the_hold_out_is_small_and_never_takes_from_what_was_trained_on(count: int) -> None:
    old = [Pair(*row) for row in numbered(count)]
    new = [Pair(*row) for row in numbered(count // 2 + 1, first=count)]
    train, dev = hold_out(old)
    assert len(train) + len(dev) == len(old)
    assert 1 <= len(dev) <= min(AT_MOST, max(3, 0.025 * count))
    if count > 100:  # a very small corpus holds out its lowest hash, which a new row may undercut
        assert len(dev) > 0.015 * min(count, 50_000)
    _, grown_dev = hold_out(old + new)
    assert not {*train} & {*grown_dev}
    if count + len(new) < 40_000:
        assert {*dev} <= {*grown_dev} or len(dev) == 1


def test_the_hold_out_reaches_load_and_is_said(tmp_path: Path) -> None:
    sides()(tmp_path / "train", numbered(500) + numbered(500))
    train, dev = (corpora.load(str(tmp_path), split) for split in ("train", "dev"))
    assert not {*texts(train)} & {*texts(dev)}
    assert train.left_out == {"repeats a sentence held out for dev": len(dev)} and not dev.left_out
    assert (
        train.notes == dev.notes == (f"{tmp_path}: no dev part, {len(dev)} of 1,000 training pairs held out by hash",)
    )
    with pytest.raises(NoSuchSplit, match="has no test part"):
        corpora.load(str(tmp_path), "test")


def test_one_pair_is_trained_on_and_not_held_out(tmp_path: Path) -> None:
    path = str(tsv()(tmp_path / "x", FIVE[:1]))
    assert len(corpora.load(path)) == 1
    with pytest.raises(NoSuchSplit, match="too small"):
        corpora.load(path, "dev")


# Mixtures


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    for name, first in (("first", 0), ("second", 1_000)):
        sides()(tmp_path / name / "train", numbered(400, first))
        sides()(tmp_path / name / "dev", numbered(3, first + 400))
    sides()(tmp_path / "second" / "test", numbered(7, 5_000))
    return str(tmp_path / "first"), str(tmp_path / "second")


@pytest.mark.parametrize("weight", ["1", "2", "3.0", "0.25", "1.5", "1e0"])
def test_a_weight_is_how_often_an_epoch_goes_over_a_corpus(weight: str, two: tuple[str, str]) -> None:
    mixed = corpora.mix([f"{two[0]}:{weight}", two[1]])
    counts = Counter(pair.corpus for pair in mixed)
    assert counts[two[1]] == 400
    assert counts[two[0]] == pytest.approx(400 * float(weight), abs=0 if float(weight).is_integer() else 40)
    often = Counter(pair.source for pair in mixed if pair.corpus == two[0])
    assert {*often.values()} <= {int(float(weight)), int(float(weight)) + 1}
    assert texts(mixed) == texts(corpora.mix([f"{two[0]}:{weight}", two[1]]))


def test_a_smaller_fraction_is_part_of_a_larger_one(two: tuple[str, str]) -> None:
    quarter, half = ({*texts(corpora.mix([f"{two[0]}:{weight}"]))} for weight in (0.25, 0.5))
    assert quarter < half


def test_dev_and_test_are_read_once_whatever_the_weight(two: tuple[str, str]) -> None:
    assert len(corpora.mix([f"{two[0]}:3", f"{two[1]}:0.5", two[1]], "dev")) == 6
    test = corpora.mix([*two], "test")
    assert len(test) == 7 and "has no test part" in test.notes[0]
    with pytest.raises(NoSuchSplit):
        corpora.mix([two[0]], "test")
    sides()(Path(two[1]) / "test_2018", numbered(2, 6_000))
    later = corpora.mix(["agreement", two[1]], "test_2018")
    assert len(later) == 2 and "no split 'test_2018' in the agreement corpus" in later.notes[0]


@pytest.mark.parametrize(
    ("spec", "name", "weight"),
    [
        ("agreement", "agreement", 1),
        ("multi30k:2", "multi30k", 2),
        ("./my/folder:0.5", "./my/folder", 0.5),
        ("hub:ID", "hub:ID", 1),
        ("hub:a/b:cs-en", "hub:a/b:cs-en", 1),
        ("hub:a/b:cs-en:2", "hub:a/b:cs-en", 2),
        ("hub:7", "hub:7", 1),
        ("multi30k:", "multi30k:", 1),
        (":2", ":2", 1),
    ],
)
def test_a_weight_is_a_number_after_a_name(spec: str, name: str, weight: float) -> None:
    assert parse(spec) == (name, weight)


def test_the_bundled_corpus_keeps_its_factors_in_a_mixture(two: tuple[str, str]) -> None:
    if not hasattr(importlib.import_module("corpora.agreement"), "load"):
        pytest.skip("needs corpora.agreement.load: the grammar is not in this tree")
    mixed = corpora.mix(["agreement", two[1]], "validation", limit=2)
    assert [pair.corpus for pair in mixed] == ["agreement", "agreement", two[1], two[1]]
    assert mixed[0] == corpora.load("agreement", "dev")[0]
    for pair in mixed[:2]:
        assert pair.factors and all(word.target.of(pair.target) for word in pair.factors.agreeing)


# Refusals


def cut(path: Path, end: str = "") -> Path:
    """The file with its second half missing, or, with `end`, renamed."""
    if end:
        return path.rename(path.with_name(path.name + end))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


REFUSED: dict[str, tuple[Callable[[Path], str], str]] = {
    "missing file": (lambda folder: f"{folder}/x.tsv", "no such file or folder: '.*x.tsv'"),
    "unknown name": (
        lambda folder: "multi30",
        "unknown corpus: 'multi30'; known names are agreement, multi30k, .* path",
    ),
    "no name": (lambda folder: "", "unknown corpus: ''"),
    "a name no file can have": (lambda folder: "x" * 5_000 + "\0\n", "unknown corpus"),
    "folder without corpus files": (
        lambda folder: str(folder),
        r"holds no corpus files: expected train\.en \+ train\.cs",
    ),
    "folder of nameless files": (
        lambda folder: str(write(write(folder / "a.tsv", "a\tb").with_name("b.tsv"), "a\tb").parent),
        "2 files here name no split",
    ),
    "empty file": (lambda folder: str(write(folder / "x.tsv", "")), "no usable pair for train: it is empty"),
    "empty packed file": (
        lambda folder: str(write(folder / "x.jsonl.gz", "")),
        "no usable pair for train: it is empty",
    ),
    "only empty sides": (lambda folder: str(write(folder / "x.tsv", "a\t\nb\t\n")), "no usable pair .* 2 empty side"),
    "one side": (lambda folder: str(write(folder / "x.en", "A.\n")), r"x.en stands alone: expected x.cs"),
    "one side in a folder": (lambda folder: str(write(folder / "train.en", "A.\n").parent), "train.en stands alone"),
    "different length": (
        lambda folder: str(write(write(folder / "x.cs", "A.\nB.\n").with_suffix(".en"), "A.\n" * 1_234)),
        r"x.en has 1,234 lines, but .*x.cs has 2",
    ),
    "two forms": (
        lambda folder: str(tsv()(sides()(folder / "train", FIVE).parent / "train", FIVE).parent),
        "has train in two forms, .*train.en and .*train.tsv: keep one",
    ),
    "two forms, one packed": (
        lambda folder: str(tsv(end=".gz")(sides()(folder / "train", FIVE).parent / "train", FIVE).parent),
        "has train in two forms, .*train.en and .*train.tsv.gz: keep one",
    ),
    "unknown ending": (lambda folder: str(write(folder / "x.docx", "a")), "unknown ending: expected"),
    "one column": (lambda folder: str(write(folder / "x.tsv", "one\n")), r"found 1 column\(s\), one; accepted are"),
    "many columns": (
        lambda folder: str(write(folder / "x.csv", "id,a,b,c\n1,A,B,C\n")),
        r"found 4 column\(s\), id \| a",
    ),
    "another language": (
        lambda folder: str(write(folder / "x.jsonl", '{"translation": {"de": "a", "en": "b"}}')),
        r"line 1: found 2 column\(s\), de \| en; accepted are translation \{en, cs\}",
    ),
    "another language, named": (
        lambda folder: str(write(folder / "x.tsv", "en\tde\nA\tB\n")),
        r"columns?\(s\), en \| de",
    ),
    "no JSON": (lambda folder: str(write(folder / "x.jsonl", '{"en": "a", "cs": "b"}\n{')), "line 2 is not JSON"),
    "JSON of another kind": (lambda folder: str(write(folder / "x.jsonl", "[1, 2]")), "line 1 is not an object"),
    "numbers": (lambda folder: str(write(folder / "x.jsonl", '{"en": 1, "cs": 2}')), "no usable pair .* 1 not text"),
    "open quote": (
        lambda folder: str(write(folder / "x.csv", 'a,"b\n' + "c" * 200_000)),
        "is a quotation mark left open",
    ),
    "damaged gzip file": (
        lambda folder: str(cut(write(folder / "x.tsv.gz", "\n".join("\t".join(row) for row in numbered(999))))),
        "x.tsv.gz cannot be unpacked",
    ),
    "no gzip inside": (lambda folder: str(cut(write(folder / "x.csv", "a,b"), ".gz")), "x.csv.gz cannot be unpacked"),
    "no parquet": (lambda folder: str(write(folder / "x.parquet", "PAR1")), "x.parquet cannot be read as parquet"),
    "weight too large": (
        lambda folder: "agreement:1e9",
        "agreement:1e9: the weight 1e9 must be a number above 0 and at most 1000",
    ),
    "weight 0": (lambda folder: "agreement:0", "agreement:0: the weight 0 must be a number above 0"),
    "weight below 0": (lambda folder: "agreement:-1", "weight -1 must"),
    "weight not a number": (lambda folder: "agreement:nan", "weight nan must"),
    "endless weight": (lambda folder: "agreement:inf", "weight inf must"),
    "hub without a name": (lambda folder: "hub:", "names no dataset"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    make, expected = REFUSED[case]
    with pytest.raises(CorpusError, match=expected) as refusal:
        corpora.mix([make(tmp_path)])
    assert len(str(refusal.value).split("\n")) == 1


@pytest.mark.parametrize("option", ["limit", "max_words"])
@pytest.mark.parametrize("value", [0, -1])
def test_impossible_options_are_refused(option: str, value: int, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=f"{option} is {value}: expected 1 or more"):
        corpora.mix([str(tmp_path)], **{option: value})


ENDS = [f".{form}{packed}" for form in ("en", "tsv", "csv", "jsonl", "parquet") for packed in ("", ".gz")]
almost = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet='ab",\t\r\n\u2028\0{}:[]\\ ď', max_size=200).map(lambda text: text.encode()),
    st.tuples(st.binary(max_size=4), st.integers(0, 60)).map(
        lambda cut: (b'{"en": "A.", "cs": "B."}\n' * 4)[cut[1] :] + cut[0]
    ),
)


@given(content=almost, other=almost, end=st.sampled_from(ENDS), packed=st.booleans())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_corpus_or_a_refusal(
    content: bytes, other: bytes, end: str, packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / f"x{end}"
    path.write_bytes(gzip.compress(content) if packed and end.endswith("gz") else content)
    path.with_name(path.name.replace(".en", ".cs")).write_bytes(path.read_bytes() if ".en" not in end else other)
    for split in ("train", "dev", "test"):
        try:
            corpus = corpora.load(str(path), split)
        except CorpusError as refusal:
            assert "\n" not in str(refusal)
        else:
            for pair in corpus:
                for text in (pair.source, pair.target):
                    assert text and text == " ".join(text.split())
                    text.encode()


# The hub, on folders laid out like it


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A dataset repository with two configurations, as opus-100 has them."""
    folder = tmp_path / "opus-100"
    card = "---\nconfigs:\n"
    for config, other in (("cs-en", "cs"), ("de-en", "de")):
        card += f"- config_name: {config}\n  data_files:\n"
        for split, rows in (("train", RAW), ("validation", RAW[:2]), ("test", RAW[2:])):
            record = lambda en, cs, other=other: {"translation": {other: cs, "en": en}}
            parquet(record)(folder / config / f"{split}-00000-of-00001", rows)
            card += f"  - split: {split}\n    path: {config}/{split}-*\n"
    (folder / "README.md").write_text(card + "---\n")
    return folder


def test_a_dataset_of_the_hub(dataset: Path, tmp_path: Path) -> None:
    name = f"hub:{dataset}:cs-en"
    for split, expected in {"train": FIVE, "dev": FIVE[:2], "test": FIVE[2:]}.items():
        assert texts(corpora.load(name, split, cache=tmp_path / "cache")) == expected
    assert len(corpora.mix([f"{name}:2"], cache=tmp_path / "cache")) == 10
    with pytest.raises(NoSuchSplit, match="has no probe part: it has dev, test, train"):
        corpora.load(name, "probe", cache=tmp_path / "cache")
    for wrong, expected in ((":de-en", "found 2 column.*de | en"), (":xx", "'xx' not found"), ("", "pick one among")):
        with pytest.raises(CorpusError, match=expected) as refusal:
            corpora.load(f"hub:{dataset}{wrong}", cache=tmp_path / "cache")
        assert "\n" not in str(refusal.value)


def test_the_short_names_of_the_hub(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hub.DATASETS, "opus-100", (str(dataset), "cs-en"))
    assert texts(corpora.load("opus-100", cache=tmp_path / "cache")) == FIVE
    assert {*hub.DATASETS, "agreement", "multi30k"} == {name for name in corpora.NAMES if ":" not in name}


def test_multi30k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MULTI30K", str(tmp_path))
    for stem, rows in (("train", RAW), ("val", RAW[:2]), ("test_2016_flickr", RAW[2:]), ("test_2018_flickr", RAW)):
        sides(".gz")(tmp_path / stem, rows)
    for split, expected in {"train": FIVE, "val": FIVE[:2], "test": FIVE[2:]}.items():
        assert texts(corpora.load("multi30k", split, cache=tmp_path / "cache")) == expected
    (tmp_path / "val.cs.gz").unlink()
    with pytest.raises(CorpusError, match=r"multi30k is not in the cache and cannot be fetched: .* path of a copy"):
        corpora.load("multi30k", "dev", cache=tmp_path / "cache")


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)  # what HF_HUB_OFFLINE=1 sets: no request is made
    with pytest.raises(
        CorpusError, match=r"opus-100 is not in the cache and cannot be fetched: .* path of a copy"
    ) as refusal:
        corpora.load("opus-100", cache=tmp_path)
    assert "\n" not in str(refusal.value)


# The house


def test_corpora_import_neither_torch_nor_seq2seq() -> None:
    for file in Path(corpora.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"torch", "seq2seq"}, file


# Real text: SEQ2SEQ_DATA names a folder with corpora/multi30k and corpora/tatoeba in it


def outside(name: str) -> str:
    folder = os.environ.get("SEQ2SEQ_DATA")
    if not folder or not (Path(folder) / "corpora" / name).exists():
        pytest.skip(f"needs corpora/{name}: set SEQ2SEQ_DATA to a folder that has it")
    return f"{folder}/corpora/{name}"


def test_multi30k_by_path() -> None:
    path = outside("multi30k")
    sizes = {split: len(corpora.load(path, split)) for split in ("train", "dev", "test")}
    assert sizes == {"train": 29_000, "dev": 1_014, "test": 1_000}  # the sizes that multi30k/dataset publishes


@pytest.mark.parametrize("name", ["tatoeba", "tatoeba/train.tsv"])
def test_tatoeba_by_path(name: str) -> None:
    path = outside(name)
    train, dev = (corpora.load(path, split) for split in ("train", "dev"))
    assert train[0].source == "Hi." and 0.01 < len(dev) / len(train) < 0.03
    assert not {pair.source for pair in train} & {pair.source for pair in dev}
    assert not {pair.target for pair in train} & {pair.target for pair in dev}
    rows = Path(path, "" if path.endswith("tsv") else "train.tsv").read_bytes().count(b"\n")
    assert len(train) + len(dev) + sum(train.left_out.values()) == rows
