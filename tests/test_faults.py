"""What breaks is broken on purpose, a few times; `python -m tests.faults` does it many times."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import fuzz
import pytest

from corpora.records import Pair
from seq2seq import checkpoint

HOUSE = Path(__file__).parent.parent
JOIN = "from seq2seq import config, training; config.command(training.join, 'train.py')"


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


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({}, 2, "WORLD_SIZE says 2 processes: start them with torchrun (.*MASTER_ADDR.*)"),
        (
            {"MASTER_ADDR": "localhost", "MASTER_PORT": "{port}"},
            4,
            "the processes of this training do not come together (.*)",
        ),
    ],
)
def test_processes_that_cannot_come_together_say_so_in_a_line(given, status, said):
    with socket.create_server(("localhost", 0)) as server:  # somebody else's port
        given = {name: value.format(port=server.getsockname()[1]) for name, value in given.items()}
        done = subprocess.run(
            [sys.executable, "-c", JOIN], cwd=HOUSE, env={**os.environ, "RANK": "0", "WORLD_SIZE": "2", **given},
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == status
    assert re.fullmatch(f"train.py: {said}\n".replace("(", r"\(").replace(")", r"\)"), done.stderr.splitlines(True)[-1])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_waits_for_the_others_is_asked_to_end_and_ends_with_a_line(number):
    """As torchrun asks when one of them is lost before they have come together."""
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", JOIN],
        stderr=subprocess.PIPE, text=True, cwd=HOUSE,
        env={**os.environ, "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell starts its background jobs deaf to it
    )  # fmt: skip
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("localhost", port)):
            break  # the first process listens: it waits for the second
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "\ntrain.py: interrupted while waiting for the other processes of this training\n"


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
