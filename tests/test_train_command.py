"""train.py: bad input is one line, exit 2, and nothing is written; Ctrl-C and --resume are the unbroken run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import train
from seq2seq import checkpoint, config

Train = Callable[..., tuple[int, str, str]]
TINY = shlex.split(
    "--units 8 --embedding 6 --dropout 0.3 --vocabulary 400 --batch-tokens 60 --warmup 3 --max-steps 60 "
    "--evaluate-every 15 --precision float32"
)


@pytest.fixture
def command(monkeypatch, capsys) -> Train:
    """Runs train.py with some arguments: exit status, stdout, stderr."""

    def run(*given: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, given)])
        with pytest.raises(SystemExit) as end:
            config.command(train.main)
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, pairs) -> Path:
    """The twelve pairs as files, the first four once more as dev and as test."""
    folder = tmp_path_factory.mktemp("corpus")
    for split, part in (("train", pairs), ("dev", pairs[:4]), ("test", pairs[:4])):
        (folder / f"{split}.en").write_text("".join(f"{pair.source}\n" for pair in part))
        (folder / f"{split}.cs").write_text("".join(f"{pair.target}\n" for pair in part))
    return folder


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    """The folder of a finished run. Shared: copy it before you change it."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "argv", ["train.py", "--corpus", str(corpus), "--out", str(folder), *TINY])
        config.command(train.main)
    assert end.value.code == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(result: tuple[int, str, str], *words: str) -> None:
    """Exit 2 and one line on stderr that names each of `words`."""
    status, _, err = result
    assert status == 2 and err.startswith("train.py: ") and err.count("\n") == 1 and "Traceback" not in err, err
    assert all(word in err for word in words), err


# A run


def test_a_sentence_too_long_to_be_translated_counts_as_wrong(command, corpus, tmp_path):
    """One word to the eye, but each of its signs is some pieces: no row that could be left out before there is a tokenizer."""
    data = shutil.copytree(corpus, tmp_path / "data")
    for split in ("dev", "test"):
        for name, line in (("en", "字" * 200), ("cs", "Nic.")):
            with (data / f"{split}.{name}").open("a") as file:
                file.write(f"{line}\n")
    status, _, err = command("--corpus", data, "--out", tmp_path / "run", *TINY, "--max-steps", 1)
    assert status == 0, err
    scores = json.loads((tmp_path / "run" / checkpoint.SCORES).read_text())
    assert all("n = 5" in each[0]["conditions"] for each in scores.values()) and len(scores) == 2


def test_a_finished_run_has_every_file_and_its_scores_their_conditions(finished, corpus):
    names = {"run.json", "tokenizer.model", "words.txt", "best.safetensors", "last.safetensors", "history.jsonl"}
    assert set(contents(finished)) == names | {"scores.json", "SHA256SUMS"}
    scores = json.loads((finished / "scores.json").read_text())
    assert set(scores) == {f"{corpus} dev", f"{corpus} test"}
    bleu, *_ = scores[f"{corpus} test"]
    assert bleu["name"] == "BLEU" and "tok:13a" in bleu["conditions"] and f"{corpus} test, n = 4" in bleu["conditions"]
    run = checkpoint.Run.load(finished)
    assert run.precision == "float32" and run.corpora == [str(corpus)] and run.training["max_steps"] == 60
    assert run.command.startswith("train.py --corpus ")


def test_a_corpus_without_test_part_says_so(corpus, command, tmp_path):
    for split in ("train", "dev"):
        for side in ("en", "cs"):
            (tmp_path / "data").mkdir(exist_ok=True)
            shutil.copy(corpus / f"{split}.{side}", tmp_path / "data")
    status, out, _ = command("--corpus", tmp_path / "data", "--out", tmp_path / "run", *TINY, "--max-steps", 2)
    assert status == 0 and "test scores left out" in out
    assert list(json.loads((tmp_path / "run" / "scores.json").read_text())) == [f"{tmp_path / 'data'} dev"]


def test_a_vocabulary_larger_than_the_text_allows_is_reduced_with_a_line(corpus, command, tmp_path):
    wide = [*TINY, "--vocabulary", 9000, "--max-steps", 2]
    status, out, _ = command("--corpus", corpus, "--out", tmp_path / "run", *wide)
    reduced = checkpoint.Run.load(tmp_path / "run").vocabulary
    assert status == 0 and f"vocabulary: the text allows {reduced:,} pieces, not 9,000" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_resume_is_the_unbroken_run_to_the_bit(finished, corpus, command, tmp_path, number):
    """The real thing: a process that is sent the signal, another one that goes on."""
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, train.__file__, "--corpus", corpus, "--out", folder, *TINY],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(train.__file__).parent,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout and any(line.startswith("step 15 ") for line in process.stdout)
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130 and "interrupted and saved at step " in err and f"--out {folder} --resume" in err
    step = int(err.split("at step ")[1].split(";")[0])
    assert 15 <= step < 60, "stopped on its way"
    status, out, _ = command("--out", folder, "--resume")
    assert status == 0 and f"resumed at step {step}\n" in out
    for name in (checkpoint.BEST, checkpoint.LAST):
        (one, _), (other, _) = (checkpoint.read_tensors(each / name) for each in (finished, folder))
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_sigterm_is_ctrl_c(capsys):
    """Also outside the steps of training, where there is nothing to save."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as end:
            config.command(lambda: signal.raise_signal(signal.SIGTERM), "train.py")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert end.value.code == 130 and capsys.readouterr().err == "\ntrain.py: interrupted\n"


def test_a_run_that_diverges_is_exit_3(corpus, command, tmp_path):
    wild = [*TINY, "--learning-rate", "1e30", "--warmup", 0]
    status, _, err = command("--corpus", corpus, "--out", tmp_path / "run", *wild)
    assert status == 3 and err.count("\n") == 1 and "not finite" in err and "lower --learning-rate" in err


# Bad input


def text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


BAD_CORPORA = {
    "an unknown name": ({}, "mulit30k", ["unknown corpus", "mulit30k", "multi30k"]),
    "a missing file": ({}, "{}/nowhere.tsv", ["no such file", "nowhere.tsv"]),
    "a folder without corpus files": ({"notes.md": text("# notes")}, "{}", []),
    "an empty file": ({"train.tsv": b""}, "{}/train.tsv", ["train.tsv"]),
    "sides of different length": (
        {"train.en": text("One.", "Two."), "train.cs": text("Jedna.")}, "{}", ["2", "1", "train.en"],
    ),
    "wrong columns": ({"train.jsonl": text('{"one": "1", "two": "2", "three": "3"}')}, "{}", ["train.jsonl"]),
    "no UTF-8": (
        {"train.tsv": "".join(f"House {n}.\tDům {n}.\n" for n in range(9)).encode("cp1250")}, "{}", ["UTF-8"],
    ),
    "too little to hold out a dev part": ({"train.tsv": text("One.\tJedna.")}, "{}", ["too small"]),
    "a weight of nothing": ({}, "agreement:0", ["weight"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_CORPORA)
def test_a_corpus_that_cannot_be_read_is_refused(command, tmp_path, what):
    files, spec, words = BAD_CORPORA[what]
    (tmp_path / "data").mkdir()
    for name, content in files.items():
        (tmp_path / "data" / name).write_bytes(content)
    refused(command("--corpus", spec.format(tmp_path / "data"), "--out", tmp_path / "run"), *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("--colour red", ["--colour", "--help"]),
        ("--units many", ["--units", "many"]),
        ("--units", ["--units", "expected one argument"]),
        ("--units 7", ["--units must be even"]),
        ("--dropout 1.5", ["--dropout must be below 1, not 1.5"]),
        ("--attention early", ["--attention 'early' is not known", "none, late, words"]),
        ("--cell lsmt", ["--cell 'lsmt' is not known", "lstm"]),
        ("--precision fp8", ["--precision 'fp8' is not known", "auto, float32, bf16"]),
        ("--recipe lavish", ["--recipe", "lavish", "demo"]),
        ("--seed 4294967296", ["--seed must be 4294967295 or less"]),
        ("--units 10000000", ["this network does not fit here", "fewer --units"]),
        ("--max-steps 0", ["--max-steps must be 1 or more, not 0"]),
        ("--limit -1", ["limit is -1"]),
        ("--max-words 0", ["max_words is 0"]),
        ("--vocabulary 270", ["--vocabulary 270 is too small", "or more"]),
        ("--vocabulary 20", ["--vocabulary must be 260 or more"]),
        ("--resume", ["no such run folder"]),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(command, corpus, tmp_path, given, words):
    refused(command("--corpus", corpus, "--out", tmp_path / "run", *given.split()), *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", ["already holds a run", "--resume"]),
        ("--resume --units 10", ["--resume goes on with --units 8", "10"]),
        ("--resume --seed 2", ["--seed 1", "2"]),
        ("--resume --max-words 50", ["--max-words 100", "50"]),
        ("--resume --limit 5", ["--limit None", "5"]),
        ("--resume --recipe demo", ["--resume goes on with --"]),
        ("--resume --corpus agreement", ["--corpus", "agreement"]),
        ("--resume --dropout 0", ["--dropout 0.3", "0.0"]),
        ("--resume --no-bidirectional", ["--bidirectional True", "False"]),
    ],
)
def test_a_run_is_never_overwritten_nor_bent(command, finished, given, words):
    before = contents(finished)
    refused(command("--out", finished, *given.split()), *words)
    assert contents(finished) == before


def test_a_folder_that_cannot_hold_a_run_is_refused_before_any_work(command, corpus, tmp_path):
    file, mine = tmp_path / "file", tmp_path / "mine"
    file.write_text("")
    mine.mkdir()
    (mine / "train.en").write_text("A boy.\n")
    refused(command("--corpus", corpus, "--out", file), "is a file, name a folder")
    refused(command("--corpus", corpus, "--out", file / "run"), "is a file, name a folder")
    refused(command("--corpus", corpus, "--out", "/proc/run"), "--out /proc/run cannot be written")
    refused(command("--corpus", corpus, "--out", mine), "holds train.en: name a new folder")
    assert contents(mine) == {"train.en": b"A boy.\n"}


def test_resume_accepts_the_settings_of_the_run(command, finished, corpus, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "run")
    status, out, _ = command("--out", folder, "--resume", "--corpus", corpus, *TINY, "--minutes", 5)
    assert status == 0 and "resumed at step 60" in out


def test_resume_refuses_a_corpus_that_has_changed(command, finished, corpus, tmp_path):
    folder, before = shutil.copytree(finished, tmp_path / "run"), (corpus / "train.cs").read_text()
    try:
        (corpus / "train.cs").write_text(before.replace("kluk", "hoch"))
        refused(command("--out", folder, "--resume"), str(corpus), "changed since")
    finally:
        (corpus / "train.cs").write_text(before)
    assert contents(folder) == contents(finished)


@pytest.mark.parametrize("name", ["run.json", "tokenizer.model", "last.safetensors"])
def test_resume_refuses_a_damaged_run(command, finished, tmp_path, name):
    folder = shutil.copytree(finished, tmp_path / "run")
    (folder / name).write_bytes((folder / name).read_bytes()[:-9])
    refused(command("--out", folder, "--resume"), name)
    (folder / name).unlink()
    refused(command("--out", folder, "--resume"), name)
