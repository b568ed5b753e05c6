"""What breaks is broken on purpose, a few times; `python -m tests.faults` does it many times."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import fuzz
import pytest

from corpora.records import Pair
from seq2seq import checkpoint

HOUSE = Path(__file__).parent.parent


def ran(*given: object) -> str:
    """What a module of this repository prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *map(str, given)]
    done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_trainings_that_are_killed_go_on_to_the_bit():
    assert "0 unreadable files" in ran("tests.faults", "kills", 3)


def test_two_processes_make_the_updates_of_one():
    assert "50 updates in float64" in ran("tests.faults", "processes", 50)


def test_a_training_whose_worker_is_killed_goes_on_to_the_bit():
    assert "1 of 1 trainings" in ran("tests.faults", "workers", 1)


def test_torchrun_trains_and_one_process_writes_and_speaks(tmp_path, pairs: list[Pair]):
    for split in ("train", "dev"):
        rows = "".join(f"{pair.source}\t{pair.target}\n" for pair in pairs)
        (tmp_path / f"{split}.tsv").write_text(rows, encoding="utf-8")
    tiny = shlex.split("--units 8 --embedding 6 --vocabulary 400 --batch-tokens 60 --max-steps 4 --evaluate-every 2")
    train = ["train.py", "--corpus", tmp_path, "--out", tmp_path / "run", "--precision", "float32", *tiny]
    printed = ran("torch.distributed.run", "--standalone", "--nproc-per-node", 2, *train)
    assert printed.count("step 4 ") == 1 and printed.count(f"wrote {tmp_path / 'run'}") == 1
    checkpoint.load(tmp_path / "run", checkpoint.LAST)
    states = [name for name in checkpoint.read_tensors(tmp_path / "run" / checkpoint.LAST)[0] if "generator" in name]
    assert sorted(states) == ["generator.cpu", "generator.cpu.1"]


@pytest.fixture(scope="module")
def run(make_run, tiny_model) -> Path:
    folder = make_run(tiny_model())
    checkpoint.store(folder / checkpoint.LAST, (folder / checkpoint.BEST).read_bytes())
    return folder


@pytest.mark.parametrize("reader", fuzz.READERS)
def test_odd_input_is_taken_or_refused_in_one_line(run, reader):
    fuzz.fuzz(reader, 60, run)
