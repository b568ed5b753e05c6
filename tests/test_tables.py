"""Tables on disk: what stands in a row is what the model had at that word, whatever was traced together."""

from __future__ import annotations

import csv
import json
from collections import namedtuple
from dataclasses import asdict, dataclass

import numpy
import pytest

from corpora.agreement import pinned
from corpora.records import Pair
from seq2seq.config import UserError
from seq2seq.probing import tables
from seq2seq.probing.statistics import Estimate
from seq2seq.probing.tables import export, write_table
from seq2seq.translator import Translator


@pytest.fixture
def make(tiny_model, tokenizer):
    """A factory of translators, two layers, float64."""
    return lambda attention="late": Translator(tiny_model(attention, 2).double(), tokenizer)


def lines(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("attention", ["none", "late", "words"])
@pytest.mark.parametrize("forced", [True, False], ids=["forced", "said"])
def test_a_row_is_what_translator_trace_shows_at_the_word(make, pairs, tmp_path, attention, forced):
    translator = make(attention)
    about = write_table(translator, pairs, tmp_path, forced=forced)
    sentences, words = lines(tmp_path / "sentences.csv"), lines(tmp_path / "words.csv")
    assert list(about.sites) == translator.model.sites()
    assert about.sentences == len(sentences) == len(pairs)
    alone = [translator.trace(pair.source, pair.target if forced else None) for pair in pairs]
    for site, shape in about.sites.items():
        table, side = numpy.load(tmp_path / f"{site}.npy", mmap_mode="r"), "target"
        if site.startswith("encoder."):
            side = "source"
        own = [word for word in words if word["side"] == side]
        assert table.dtype == numpy.float32 and list(table.shape) == shape
        assert [int(word["row"]) for word in own] == list(range(len(table))) and about.words[side] == len(table) > 0
        for number, traced in enumerate(alone):
            here = [word for word in own if int(word["sentence"]) == number]
            spelt = (traced.sources if side == "source" else traced.targets)[0]
            assert [(word["text"], int(word["first"]), int(word["last"])) for word in here] == [
                (word.text, word.first, word.last) for word in spelt
            ]
            expected = traced.words(site, 0).numpy()  # attention.weights are as wide as this source
            values = table[[int(word["row"]) for word in here]]
            numpy.testing.assert_allclose(values[:, : expected.shape[1]], expected, rtol=0, atol=1e-6)
            assert not values[:, expected.shape[1] :].any()
    for pair, sentence in zip(pairs, sentences):
        said = translator.translate([pair.source], beam=1)[0]
        assert sentence["source"] == pair.source and sentence["reference"] == pair.target
        assert (sentence["target"], sentence["how"]) == ((pair.target, "forced") if forced else (said, "said"))


def test_what_is_traced_together_does_not_matter_and_is_bounded(make, pairs, tmp_path, monkeypatch):
    together = []

    def counting(model, tokenizer, sources, targets, sites):
        longest = max(len(tokenizer.encode(text)) + 1 for text in (*sources, *targets))
        together.append((len(sources), longest * len(sources)))
        return trace(model, tokenizer, sources, targets, sites)

    trace = tables.trace
    monkeypatch.setattr(tables, "trace", counting)
    sites = write_table(make(), pairs, tmp_path / "all").sites
    assert max(together)[0] == len(pairs)
    for pieces in (1, 40):
        together.clear()
        write_table(make(), pairs, tmp_path / str(pieces), pieces=pieces)
        assert sum(count for count, _ in together[1:]) == len(pairs)
        assert all(count == 1 or padded <= pieces for count, padded in together)
        for name in ("words.csv", "sentences.csv", "about.json"):
            assert (tmp_path / str(pieces) / name).read_bytes() == (tmp_path / "all" / name).read_bytes()
        for site in sites:
            one, other = (numpy.load(tmp_path / folder / f"{site}.npy") for folder in (str(pieces), "all"))
            numpy.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_words_have_the_roles_that_the_grammar_marked(make, tmp_path):
    pairs = [*pinned(), Pair("The boy is tired.", "Kluk je unavený.", "plain")]
    write_table(make(), pairs, tmp_path / "forced", sites=["decoder.0.cell"])
    words = lines(tmp_path / "forced" / "words.csv")
    for number, pair in enumerate(pairs[:2]):
        marked = {
            (word["side"], word["text"], word["role"], word["noun_gender"])
            for word in words
            if int(word["sentence"]) == number and word["role"]
        }
        noun, gender = pair.factors.nouns[0], pair.factors.gender
        expected = {("target", each.target.of(pair.target), each.kind, gender) for each in pair.factors.agreeing}
        expected |= {("target", noun.target.of(pair.target), "noun", gender)}
        assert marked == expected | {("source", noun.source.of(pair.source), "noun", gender)}
        assert {word["lemma"] for word in words if int(word["sentence"]) == number} == {noun.lemma}
    assert {(word["role"], word["noun"], word["gender"]) for word in words if word["sentence"] == "2"} == {
        ("", "-1", "")
    }
    write_table(make(), pairs, tmp_path / "said", sites=["decoder.0.cell"], forced=False)
    roles = {word["side"]: set() for word in words}
    for word in lines(tmp_path / "said" / "words.csv"):
        roles[word["side"]].add(word["role"])
    assert roles == {"source": {"", "noun"}, "target": {""}}, "an untrained model says other words"


def test_pandas_reads_it_as_documented(make, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas comes with datasets; install it")
    write_table(make(), [*pinned(), Pair("NA null", 'null, "NA"')], tmp_path)
    words = pandas.read_csv(tmp_path / "words.csv", keep_default_na=False)
    nouns = words[(words.side == "target") & (words.noun == 0) & (words.role == "noun")]
    assert list(nouns.text) == ["kluk", "holka"] and list(nouns.gender) == ["masculine", "feminine"]
    assert numpy.load(tmp_path / "decoder.0.cell.npy", mmap_mode="r")[nouns.row].shape == (2, 8)
    assert list(words[(words.sentence == 2) & (words.side == "target")].text) == ["null", ",", '"', "NA", '"']


def test_what_cannot_be_traced_is_refused_in_a_line(make, pairs, tmp_path, monkeypatch):
    def refused(pattern, some=pairs, folder=tmp_path / "new", **options):
        with pytest.raises(UserError, match=pattern):
            write_table(make(), some, folder, **options)

    refused(r"no site 'decoder\.7\.cell': the model has encoder", sites=["decoder.7.cell"])
    refused("no sentence", [])
    refused("sentence 2 has no target", [pairs[0], Pair("Hello.", "")])
    refused("sentence 1 is too long", [Pair("The boy. " * 400, "Kluk.")], forced=False)
    assert not (tmp_path / "new").exists()
    disk = namedtuple("disk", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(tables.shutil, "disk_usage", lambda _: disk(1000, 1, 999))
        refused("take fewer sites")
    with monkeypatch.context() as patch:
        patch.setattr(tables, "About", lambda *_: 1 / 0)  # the last thing before it is whole
        with pytest.raises(ZeroDivisionError):
            write_table(make(), pairs, tmp_path / "new")
    assert list(tmp_path.iterdir()) == [], "nothing is left of a table that is not whole"
    write_table(make(), pairs, tmp_path / "new", sites=["decoder.0.cell"])
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    refused("not empty")


def test_a_sentence_without_words_has_no_rows(make, tmp_path):
    about = write_table(make(), [Pair("", ""), Pair("The boy.", "")], tmp_path, forced=False)
    assert about.words["source"] == 3 and {word["sentence"] for word in lines(tmp_path / "words.csv")} == {"1"}


@dataclass(frozen=True)
class Finding:
    claim: str
    value: Estimate | None


@dataclass(frozen=True)
class Place:
    place: str
    units: list[int]
    findings: list[Finding]


@dataclass(frozen=True)
class Story:
    seed: int
    places: list[Place]


@dataclass(frozen=True)
class Result:
    site: str
    rate: Estimate
    flips: list[Finding]
    gates: Story


def test_results_become_files_of_rows(tmp_path):
    half = Estimate(0.5, 0.1, 0.9, 10, 5)

    def result(site):
        story = Story(3, [Place("decoder.0", [4, 2], [Finding("f", half)]), Place("encoder.0", [], [])])
        return Result(site, half, [Finding("a, b", None), Finding("c", half)], story)

    written = export({"one": result("x"), "two": result("y")}, tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in tmp_path.iterdir())
    estimate = "value.value,value.low,value.high,value.n,value.clusters,value.templates"
    assert {path.name: path.read_text().splitlines()[:4] for path in written} == {
        "result.csv": [
            "run,site,rate.value,rate.low,rate.high,rate.n,rate.clusters,rate.templates,gates.seed",
            "one,x,0.5,0.1,0.9,10,5,0,3",
            "two,y,0.5,0.1,0.9,10,5,0,3",
        ],
        "flips.csv": [f"run,claim,{estimate}", 'one,"a, b",,,,,,', "one,c,0.5,0.1,0.9,10,5,0", 'two,"a, b",,,,,,'],
        "gates.places.csv": ["run,place,units", 'one,decoder.0,"[4, 2]"', "one,encoder.0,", 'two,decoder.0,"[4, 2]"'],
        "gates.places.findings.csv": [
            f"run,gates.places.place,claim,{estimate}",
            "one,decoder.0,f,0.5,0.1,0.9,10,5,0",
            "two,decoder.0,f,0.5,0.1,0.9,10,5,0",
        ],
    }


def test_results_read_back_from_json_become_the_same_files(tmp_path):
    result = Result("x", Estimate(1 / 3, 0.1, 0.9, 10, 5), [Finding("c", None)], Story(3, []))
    first = export({"one": result}, tmp_path / "dataclasses")
    second = export({"one": json.loads(json.dumps(asdict(result)))}, tmp_path / "json")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert repr(1 / 3) in first[0].read_text(), "every digit"
