"""python -m tests.faults: what breaks is broken on purpose, many times, and what must stand is compared to the bit.

python -m tests.faults kills 100       kill -9 at random moments of training
python -m tests.faults reports 100     and of the writing of a report
python -m tests.faults processes 50    so many updates by one process and by two are the same
python -m tests.faults workers 20      kill one process of two, and restart
python -m tests.faults fuzz 10000      odd and hostile input for every reader
"""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a pool of threads does not outlive a fork; torch reads it as it loads

import torch

import seq2seq
import train
from corpora import Pair
from seq2seq import checkpoint, training
from seq2seq.checkpoint import BEST, HISTORY, LAST, RUN, SCORES
from seq2seq.config import Parser, command
from seq2seq.model import Model, ModelSettings
from seq2seq.probing import report
from seq2seq.probing.family import QUICK
from seq2seq.probing.stimuli import probed
from seq2seq.probing.study import Study
from seq2seq.tokenizer import Tokenizer
from seq2seq.training import Training, TrainingSettings
from tests import fuzz

HOUSE = Path(__file__).parent.parent
SENTENCES = [
    ("I am a boy who likes to learn.", "Jsem kluk, který se rád učí."),
    ("I am a girl who likes to learn.", "Jsem holka, která se ráda učí."),
    ("The boy was at home.", "Kluk byl doma."),
    ("The girl is tired.", "Holka je unavená."),
    ("My brother learned English.", "Můj bratr se učil anglicky."),
]
INTERVAL = 10
TINY = shlex.split(
    "--units 8 --embedding 6 --dropout 0.3 --vocabulary 400 --batch-tokens 30 --warmup 3 --max-steps 60 "
    f"--evaluate-every {INTERVAL} --precision float32"
)
TIMED = dict.fromkeys(("minutes", "tokens_per_second", "train_loss"))  # differ between two runs that are the same


def write_corpus(folder: Path) -> None:
    folder.mkdir()
    for split in ("train", "dev", "test"):
        for side, sentences in zip(("en", "cs"), zip(*SENTENCES)):
            (folder / f"{split}.{side}").write_text("".join(f"{sentence}\n" for sentence in sentences))


def begin(work: Callable[[], None], log: Path, rank: int = 0, world: int = 1, port: int = 0) -> int:
    """The number of a new process that does some work as a command; what it prints goes to the log. It is the one that
    torchrun would start as this rank of a world so large."""
    number = os.fork()
    if number:
        return number
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in names.items()})
    with log.open("w") as printed:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(printed.fileno(), stream.fileno())
    try:
        command(work, "faults")
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    finally:
        os._exit(99)  # a traceback


def ended(number: int, seconds: float, then: signal.Signals = signal.SIGKILL) -> int | None:
    """The status that a process ended with by itself; None: it did not in so many seconds, and was sent a signal."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(number, then)
    if then == signal.SIGKILL:
        os.waitpid(number, 0)
    return None


def trained(*given: object) -> Callable[[], None]:
    """train.py with some arguments."""

    def work() -> None:
        sys.argv = ["train.py", *map(str, given)]
        train.main()

    return work


def check_readable(folder: Path) -> None:
    """Every file of a run that is there can be read and fits its digest."""
    checkpoint.verify(folder, *checkpoint.FILES)
    for name in (BEST, LAST):
        if (folder / name).exists():
            checkpoint.read_tensors(folder / name)
    for name in (RUN, SCORES):
        if (folder / name).exists():
            json.loads((folder / name).read_text())
    if (folder / LAST).exists():
        checkpoint.load(folder, LAST)


def check_same(one: Path, other: Path) -> None:
    """Two runs are the same to the bit, but for the time that they took."""
    for name in (BEST, LAST):
        (a, _), (b, _) = (checkpoint.read_tensors(each / name) for each in (one, other))
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a), f"{name} differs"
    for name in (checkpoint.TOKENIZER, checkpoint.WORDS, SCORES):
        assert (one / name).read_bytes() == (other / name).read_bytes(), f"{name} differs"
    first, second = (
        [json.loads(line) | TIMED for line in (each / HISTORY).read_text().splitlines()] for each in (one, other)
    )
    assert first == second, f"{HISTORY} differs"
    assert not list(other.glob(".*")), "a killed writing left something behind"


def kill_trainings(count: int, chance: random.Random, place: Path) -> None:
    """Kill trainings at random moments until `count` kills are done, go on with each, and compare what it comes to."""
    write_corpus(place / "corpus")
    new = ["--corpus", place / "corpus", *TINY]
    started = time.monotonic()
    assert ended(begin(trained(*new, "--out", place / "unbroken"), place / "log"), 600) == 0, (
        place / "log"
    ).read_text()
    whole = time.monotonic() - started
    kills = runs = resumed = 0
    while kills < count:
        runs, folder = runs + 1, place / f"run-{runs}"
        status = None
        while status is None:
            saved = (folder / LAST).exists()
            given = ["--resume"] if saved else new
            resumed += saved
            status = ended(begin(trained(*given, "--out", folder), place / "log"), chance.uniform(0, whole))
            if status is None:
                kills += 1
                check_readable(folder)
        assert status == 0, (place / "log").read_text()
        check_same(place / "unbroken", folder)
        shutil.rmtree(folder)
    print(
        f"{kills} kills -9 of {runs} trainings of {whole:.1f} s: 0 unreadable files, {resumed} of {resumed} resumed, "
        f"{runs} of {runs} ended as the unbroken run, to the bit"
    )


def kill_reports(count: int, chance: random.Random, place: Path) -> None:
    """Kill the writing of a report at random moments; each of its files is absent, or what it should be."""
    translator = seq2seq.load(HOUSE / "checkpoints" / "demo")
    result = Study(translator, probed(translator, "agreement"), QUICK, 1, lambda *_: None).result("demo")
    started = time.monotonic()
    report.save([result], place / "unbroken", "python -m tests.faults")
    whole = time.monotonic() - started
    files = [path for path in (place / "unbroken").rglob("*") if path.is_file()]
    right = {path.relative_to(place / "unbroken"): path.read_bytes() for path in files}
    kills, present, folder = 0, 0, place / "report"
    write = lambda: report.save([result], folder, "python -m tests.faults")
    while kills < count:
        kills += ended(begin(write, place / "log"), chance.uniform(0, whole)) is None
        for name in right:
            if (folder / name).exists():
                present += 1
                assert (folder / name).read_bytes() == right[name], f"{name} is not whole"
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{kills} kills -9 while a report was written: {present} files there, all whole")


def begin_all(work: Callable[[], None], world: int, log: Path) -> list[int]:
    """The numbers of the processes of a whole world; rank 0 prints into the log."""
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    return [begin(work, log.with_suffix(f".{rank}" if rank else ""), rank, world, port) for rank in range(world)]


def update(folder: Path, count: int) -> None:
    """So many updates of a small model in float64, the last saved; by one process or several."""
    training.join()
    pairs = [Pair(source, target) for source, target in SENTENCES]
    tokenizer = Tokenizer.train((text for pair in SENTENCES for text in pair), 400)
    torch.manual_seed(1)
    model = Model(ModelSettings(units=8, embedding=6, dropout=0.0), len(tokenizer)).double()
    settings = TrainingSettings(batch_tokens=40, learning_rate=0.01, warmup=3, max_steps=count, evaluate_every=count)
    Training(model, tokenizer, pairs, pairs[:2], settings, "float32", folder).run(lambda *_: None, lambda _: None)
    training.leave()


def compare_processes(count: int, chance: random.Random, place: Path) -> None:
    """Make `count` updates with one process and with two, and compare the weights."""
    found = []
    for world in (1, 2):
        numbers = begin_all(lambda: update(place / str(world), count), world, place / "log")  # noqa: B023, used at once
        assert [ended(number, 600) for number in numbers] == [0] * world, (place / "log").read_text()
        found.append(checkpoint.read_tensors(place / str(world) / LAST)[0])
    one, two = ({name: value for name, value in each.items() if "generator" not in name} for each in found)
    assert one.keys() == two.keys()
    furthest = max(float((one[name] - two[name]).abs().max()) for name in one)
    assert furthest <= 1e-10, furthest
    print(f"{count} updates in float64, one process or two: weights and optimiser differ by at most {furthest:.1e}")


def lose_workers(count: int, chance: random.Random, place: Path) -> None:
    """Kill one of two processes at a random moment, end the other as torchrun does, restart both: `count` times."""
    write_corpus(place / "corpus")
    new, log = ["--corpus", place / "corpus", *TINY], place / "log"
    started = time.monotonic()
    numbers = begin_all(trained(*new, "--out", place / "unbroken"), 2, log)
    assert [ended(number, 600) for number in numbers] == [0, 0], log.read_text()
    whole, lost, statuses = time.monotonic() - started, [], Counter()
    while len(lost) < count:
        folder = place / f"run-{len(lost)}"
        numbers = begin_all(trained(*new, "--out", folder), 2, log)
        victim = chance.randrange(2)
        if ended(numbers[victim], chance.uniform(0, whole)) is not None:
            ended(numbers[1 - victim], 600)
            shutil.rmtree(folder)
            continue  # it had come to its end before its moment
        status = ended(numbers[1 - victim], 5, then=signal.SIGTERM)  # by itself, or as torchrun asks for it
        status = ended(numbers[1 - victim], 30) if status is None else status
        said = (log, log.with_suffix(".1"))[1 - victim].read_text()
        assert status in (0, 4, 130) and "Traceback" not in said and said.count("faults: ") == bool(status), (
            status,
            said,
        )
        statuses[status] += 1
        done = max(
            (int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("step ")), default=0
        )
        check_readable(folder)
        saved = (folder / LAST).exists()
        numbers = begin_all(trained(*(["--resume"] if saved else new), "--out", folder), 2, log)
        assert [ended(number, 600) for number in numbers] == [0, 0], log.read_text()
        resumed = int(log.read_text().split("resumed at step ")[1].split()[0]) if saved else 0
        lost.append(done - resumed)
        assert lost[-1] <= INTERVAL, f"{lost[-1]} steps were lost"
        check_same(place / "unbroken", folder)
    print(
        f"{count} of {count} trainings by two processes went on after one was killed -9 and ended as the unbroken one, to "
        f"the bit; evaluated steps lost: at most {max(lost)}, where {INTERVAL} lie between saves; the other process ended "
        f"with status {dict(statuses)} (one line where it is not 0; 4: says that one was lost; 130: still waited for it, and was "
        "asked to end; 0: the first one was lost when it alone had still to score)"
    )


def fuzz_readers(count: int, chance: random.Random, place: Path) -> None:
    """`count` odd inputs, a fifth for each reader; damaged runs are of a small training."""
    write_corpus(place / "corpus")
    train_it = trained("--corpus", place / "corpus", "--out", place / "run", *TINY)
    assert ended(begin(train_it, place / "log"), 600) == 0, (place / "log").read_text()
    for reader in fuzz.READERS:
        each = -(-count // len(fuzz.READERS))
        refused, longest = fuzz.fuzz(reader, each, place / "run")
        assert longest < 10, f"{reader} took {longest:.1f} s"
        print(f"{reader}: {each:,} inputs, {refused:,} refused in one line, no traceback; at most {longest:.1f} s each")


def main() -> None:
    parser = Parser(prog="python -m tests.faults", description="Break what can break, and see that nothing is lost.")
    parser.add_argument("what", choices=tuple(FAULTS))
    parser.add_argument("count", type=int, help="how often")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: %(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        FAULTS[given.what](given.count, random.Random(given.seed), Path(place))


FAULTS = {
    "kills": kill_trainings,
    "reports": kill_reports,
    "processes": compare_processes,
    "workers": lose_workers,
    "fuzz": fuzz_readers,
}

if __name__ == "__main__":
    command(main, "python -m tests.faults")
