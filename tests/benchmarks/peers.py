"""python -m tests.benchmarks.peers SCRIPTS MULTI30K: the same work by JoeyNMT and OpenNMT-py, where they are installed.

SCRIPTS is a folder with peerlib.py, bench_joeynmt.py and bench_opennmt.py, which are run as they are, by the Python of --venv.
MULTI30K is a checkout of multi30k/dataset, or a folder with train, val, test_2016_flickr and test_2018_flickr as .en and .cs.
Nothing is installed here: a peer that is not there is left out, and that is said.

All train so many updates on batches of 128 sentences of the same 8,000 pieces, then translate test_2016_flickr greedily and
with a beam of five; in turn, each repetition beginning with another. Speeds of training leave out the first 25 updates.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path

import torch

from corpora.records import Pair
from seq2seq import lines
from seq2seq.batching import Batch, Example, by_length, collate
from seq2seq.config import Parser, UserError, command
from seq2seq.model import Model, ModelSettings
from seq2seq.probing.tables import write_json
from seq2seq.scoring import score
from seq2seq.training import Training, TrainingSettings, choose_precision, device, encode
from seq2seq.translator import Translator
from tests.benchmarks.decoding import BEAMS
from tests.benchmarks.measuring import (
    Measured,
    alone,
    compared,
    machine,
    memory,
    seconds,
    show_measured,
    used_by_others,
)
from tests.benchmarks.training import SENTENCES, PeerTokenizer

PEERS = {"JoeyNMT": ("joeynmt", "bench_joeynmt.py"), "OpenNMT-py": ("onmt", "bench_opennmt.py")}
LEFT_OUT = 25  # first updates, as in the peers' scripts
TEST = "test_2016_flickr"
BARS = {  # of the ratio to each peer
    "JoeyNMT": {"training": "≥ 10", "greedy": "≥ 10", "beam 5": "≥ 10"},
    "OpenNMT-py": {"training": "≥ 5", "greedy": "≥ 3", "beam 5": "≥ 3"},
}
UNITS = {"training": "target pieces/s", "greedy": "pieces/s", "beam 5": "pieces/s", "memory": "MB"} | {
    f"{name}, BLEU": "BLEU" for name in BEAMS
}
Figures = dict[str, float]  # what UNITS names


def endless(examples: list[Example]) -> Iterator[Batch]:
    """Batches of 128 sentences of like length, in another order each epoch."""
    numbers = list(by_length([each.target for each in examples], SENTENCES))
    for epoch in count():
        order = torch.randperm(len(numbers), generator=torch.Generator().manual_seed(epoch))
        yield from (collate([examples[each] for each in numbers[n]]) for n in order.tolist())


def pieces(tokenizer: PeerTokenizer, texts: list[str]) -> int:
    """So many pieces were said, the end pieces with them."""
    return sum(len(tokenizer.encode(text)) + 1 for text in texts)


def ours(work: Path, updates: int) -> Figures:
    """The peers' work by this project: their files and their pieces, in `work`."""
    tokenizer = PeerTokenizer(work / "spm.model")
    pairs = [Pair(*each, "multi30k") for each in zip(*(lines.read(work / f"train.{side}") for side in ("en", "cs")))]
    settings = TrainingSettings(max_steps=updates, warmup=updates // 4)
    torch.manual_seed(settings.seed)
    model = Model(ModelSettings(dropout=0.3), len(tokenizer)).to(device())
    precision = choose_precision(model, tokenizer, pairs, settings)
    training = Training(model, tokenizer, pairs, pairs[:1], settings, precision, work)
    begin, trained = time.perf_counter(), 0
    for batch in islice(endless(encode(tokenizer, pairs)), updates):
        if training.steps == LEFT_OUT:
            begin, trained = time.perf_counter(), 0
        trained += training.step(batch)[1]
    found = {"training": trained / (time.perf_counter() - begin), "memory": memory("VmHWM")}
    translator = Translator(model.eval(), tokenizer)
    given, references = (lines.read(work / f"{TEST}.{side}") for side in ("en", "cs"))
    for name, beam in BEAMS.items():
        texts = list[str]()
        taken = seconds(lambda: texts.extend(translator.translate(given, beam)))  # noqa: B023, called at once
        found |= {name: pieces(tokenizer, texts) / taken, f"{name}, BLEU": score(texts, references)[0].value}
    return found


def theirs(name: str, python: Path, scripts: Path, multi30k: Path, work: Path, updates: int) -> Figures:
    """A peer's own script, and what its report says. UserError: it failed."""
    tag, script = PEERS[name]
    given = [scripts / script, multi30k, work, "--updates", updates, "--batch", SENTENCES, "--tag", tag]
    ran(name, [python, *given])
    report = json.loads((work / f"{tag}.report.json").read_text())
    tokenizer = PeerTokenizer(work / "spm.model")
    found = {"training": report["train"]["trg_tokens_per_s"], "memory": report["train"]["peak_rss_mib"]}
    for beam in BEAMS:
        key = beam.replace(" ", "")
        if isinstance(report[key]["score"], str):
            raise UserError(f"{name} did not translate every line: {report[key]['score']}")
        said = pieces(tokenizer, lines.read(work / f"{tag}.{key}.cs"))
        found |= {beam: said / report[key]["generation_s"][-1], f"{beam}, BLEU": report[key]["score"]["bleu"]}
    return found


def ran(name: str, given: list[object]) -> None:
    """Run a command. UserError: it failed, with the last line of what it said."""
    done = subprocess.run([*map(str, given)], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise UserError(f"{name} ended with status {done.returncode}: {said}")


def installed(python: Path) -> list[str]:
    """The peers that this Python has."""
    if not python.exists():
        return []
    has = lambda module: not subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode
    return [name for name, (module, _) in PEERS.items() if has(module)]


def main() -> None:
    parser = Parser(prog="python -m tests.benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument(
        "scripts", type=Path, metavar="SCRIPTS", help="folder with bench_joeynmt.py and bench_opennmt.py"
    )
    parser.add_argument(
        "multi30k", type=Path, metavar="MULTI30K", help="checkout of multi30k/dataset, or a folder of files"
    )
    parser.add_argument("--venv", type=Path, metavar="DIR", help="where the peers are installed (default: SCRIPTS/v)")
    parser.add_argument("--updates", type=int, default=300, metavar="N", help="of each training (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("reports/peers"), help="folder of the peers' files and the results"
    )
    given = parser.parse_args()
    if given.updates <= LEFT_OUT or given.repetitions < 1:
        raise UserError(
            f"give more than {LEFT_OUT} --updates, of which the first do not count, and 1 of --repetitions or more"
        )
    python = (given.venv or given.scripts / "v") / "bin" / "python"
    there, work = installed(python), given.out.resolve()
    for name in PEERS:
        if name not in there:
            print(f"{name}: left out, {python} does not have it")
    if not there:
        raise UserError(
            f"no peer is installed for {python}: install one as {given.scripts}/README.txt says, or name its --venv"
        )
    work.mkdir(parents=True, exist_ok=True)
    prepare = "import sys; sys.path.insert(0, sys.argv[1]); import peerlib; peerlib.prepare(*sys.argv[2:])"
    ran("preparing the data", [sys.executable, "-c", prepare, given.scripts, given.multi30k, work])
    works = {"seq2seq": partial(alone, ours, work, given.updates)} | {
        name: partial(theirs, name, python, given.scripts, given.multi30k, work, given.updates) for name in there
    }
    found = {name: list[Figures]() for name in works}
    start, used = time.perf_counter(), used_by_others()
    for repetition in range(given.repetitions):
        order = list(works)[repetition % len(works) :] + list(works)[: repetition % len(works)]
        for name in order:
            found[name].append(works[name]())
            print(f"{repetition + 1} of {given.repetitions}: {name}: {found[name][-1]}", flush=True)
    busy = (used_by_others() - used) / (time.perf_counter() - start)
    series = {name: {key: [each[key] for each in rows] for key in UNITS} for name, rows in found.items()}
    rows = [
        compared(f"seq2seq: {key}", unit, series["seq2seq"][key], peer, series[peer][key], BARS[peer].get(key, ""))
        for peer in there
        for key, unit in UNITS.items()
    ]
    rows += [Measured(f"{peer}: {key}", unit, series[peer][key]) for peer in there for key, unit in UNITS.items()]
    show_measured(f"{given.updates} updates, {SENTENCES} sentences a batch; {machine()}", rows)
    print(f"other processes kept {busy:.2f} cores busy")
    facts = {"machine": machine(), "updates": given.updates, "cores used by others": busy}
    write_json(work / "results.json", {**facts, "results": series})
    print(f"wrote {work / 'results.json'}")


if __name__ == "__main__":
    command(main, "python -m tests.benchmarks.peers")
