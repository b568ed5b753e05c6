"""python -m seq2seq.probing CHECKPOINT… : does the cell hold gender?"""

from __future__ import annotations

import os
import random
import shlex
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from corpora.agreement import pinned

from ..checkpoint import Run
from ..config import HOUSE, Parser, UserError, command, writable
from ..progress import share_done
from ..training import options
from ..translator import load
from . import compare, gradients, natural, planted, retention
from .family import FULL, QUICK
from .natural import study as natural_study
from .parallel import studies
from .report import last_rung, save, summary
from .stimuli import probed
from .tables import write_table

SELF_TESTS = 5  # models of each kind: minutes


def self_test(given: Namespace, command: str) -> None:
    """Print whether what was planted was found, and how often something was where there is nothing; status 1 if the tool is
    wrong."""
    seeds = range(given.seed, given.seed + (given.seeds or SELF_TESTS))
    with share_done("self-test") as show:
        checks, null = planted.self_test(seeds, planted.NULL_RUNS, show)
    print(planted.summary(checks, null))
    if null.rejected or not all(each.holds for each in checks):
        sys.exit(1)


def same_recipe(folders: Sequence[Path], runs: Sequence[Run]) -> None:
    """Runs that are reported together differ in their seed, and in nothing else. UserError: they do not."""
    facts = [
        {**options(run), "precision": run.precision, "text of the corpus": run.corpus_digest, "seed": 0} for run in runs
    ]
    for folder, other in zip(folders[1:], facts[1:]):
        for name, value in facts[0].items():
            if other.get(name) != value:
                raise UserError(
                    f"{folder} has {name} {other.get(name)}, {folders[0]} has {value}: runs of one report differ in their "
                    "seed only; make a report for each recipe"
                    + (", or train all with the same --precision" if name == "precision" else "")
                )
    seeds = [run.training.get("seed") for run in runs]
    if len(set(seeds)) < len(seeds):
        raise UserError(f"two of these runs have the same training seed ({', '.join(map(str, seeds))}): one is enough")


def gender(given: Namespace, command: str) -> None:
    """The report: where a run's states hold the gender of a noun, and what follows when it is changed."""
    size = QUICK if given.quick else FULL
    translators = [load(folder) for folder in given.checkpoints]
    same_recipe(given.checkpoints, [each.run for each in translators if each.run])
    pairs = probed(translators[0], given.corpus)  # of one recipe, so of one length
    if not any(pair.factors for pair in pairs):
        raise UserError(f"{given.corpus} has no factors, so nobody knows which words agree: probe on agreement")
    jobs = min(given.jobs or os.cpu_count() or 1, len(given.checkpoints))
    results = studies(given.checkpoints, jobs, given.corpus, size, given.seed, given.sites)
    for each in results:
        print(summary(each))
    print(last_rung(results))
    written = save(results, given.out, command)
    if given.figures:
        from . import plots  # matplotlib takes a second to load

        written += tuple(plots.save(results, given.out / "figures"))
    for path in written:
        print(f"wrote {path}")


def one_run(given: Namespace) -> Path:
    """The only run folder. UserError: there are more."""
    if len(given.checkpoints) > 1:
        raise UserError(f"--trace and --study retention take one run, not {len(given.checkpoints)}")
    [folder] = given.checkpoints
    return folder


def write_trace(given: Namespace, command: str) -> None:
    """Write every site at every word of the probe split, or of `--limit` sentences drawn from it, as tables."""
    translator = load(one_run(given))
    pairs = probed(translator, given.corpus)
    if given.limit and given.limit < len(pairs):
        pairs = [pairs[n] for n in sorted(random.Random(given.seed).sample(range(len(pairs)), given.limit))]
    with share_done("trace") as show:
        about = write_table(translator, pairs, given.trace, sites=given.sites, forced=not given.said, progress=show)
    print(
        f"wrote {given.trace}: {len(about.sites)} sites, {about.sentences:,} sentences, {sum(about.words.values()):,} words"
    )


def remembered(given: Namespace, command: str) -> None:
    """Which words of --sentence, or of the boy and the girl, a run's memories hold at the end."""
    folder = one_run(given)
    translator = load(folder)
    sentences = given.sentence or [pair.source for pair in pinned()]
    with share_done(str(folder)) as show:
        found = retention.retention(
            translator, str(folder), sentences, probed(translator, given.corpus), given.seed, show
        )
    print(retention.summary(found))
    for path in retention.save(found, given.out, command):
        print(f"wrote {path}")


def flows(given: Namespace, command: str) -> None:
    """How much of the last word's gradient reaches the words before it, in each run."""
    results, size = [], gradients.QUICK if given.quick else gradients.FULL
    for folder in given.checkpoints:
        translator = load(folder)
        pairs = probed(translator, given.corpus)
        with share_done(str(folder)) as show:
            results.append(gradients.gradient_flow(translator, str(folder), pairs, size, given.seed, show))
        print(gradients.summary(results[-1]))
    for path in gradients.save(results, given.out, command):
        print(f"wrote {path}")


def cells(given: Namespace, command: str) -> None:
    """Train every cell that is not trained yet, and compare them."""
    size = compare.QUICK if given.quick else compare.FULL
    seeds = given.seeds or (1 if given.quick else compare.SEEDS)
    try:
        found = compare.study(given.out, size, seeds, given.max_steps, given.max_words, given.multi30k, given.seed)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command goes on from the last save") from None
    print(compare.summary(found))
    for path in compare.save(found, given.out, command):
        print(f"wrote {path}")


def natural_pairs(given: Namespace, command: str) -> None:
    """Which gender the Czech of natural pairs shows; with --held-out, what it shows there when units are changed."""
    steered = dict[str, natural_study.NaturalResult]()
    for folder in given.checkpoints:
        translator = load(folder)
        print(f"{folder}, {natural.summary(natural.natural(translator, given.pairs))}")
        if given.held_out:
            with share_done(str(folder)) as show:
                found = natural_study.steer(translator, given.pairs, given.held_out, seed=given.seed, progress=show)
            print(natural_study.told(found))
            steered[str(folder)] = found
            print(f"wrote {natural_study.save(steered, given.out, command)}")  # now: the next run may fail


STUDIES = {"gender": gender, "retention": remembered, "gradients": flows, "compare": cells}
INSTEAD = {"--self-test": self_test, "--trace": write_trace, "--pairs": natural_pairs}
READS = {  # the options of each, beside --seed
    gender: ("checkpoints", "corpus", "out", "sites", "figures", "quick", "jobs"),
    remembered: ("checkpoints", "corpus", "out", "sentence"),
    flows: ("checkpoints", "corpus", "out", "quick"),
    cells: ("out", "quick", "seeds", "multi30k", "max_steps", "max_words"),
    self_test: ("seeds",),
    write_trace: ("checkpoints", "corpus", "sites", "limit", "said"),
    natural_pairs: ("checkpoints", "held_out", "out"),
}


def count(text: str) -> int:
    """A number of things, as an option's type."""
    if int(text) < 1:
        raise ArgumentTypeError(f"must be 1 or more, not {text}")
    return int(text)


def seed(text: str) -> int:
    """A seed that every generator takes, as an option's type."""
    if not 0 <= int(text) < 2**32:
        raise ArgumentTypeError(f"must be between 0 and 4294967295, not {text}")
    return int(text)


def main() -> None:
    parser = Parser(prog="python -m seq2seq.probing", description="Does the cell state hold grammatical gender?")
    parser.add_argument("checkpoints", nargs="*", type=Path, default=[], metavar="CHECKPOINT", help="run folders")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--study", choices=tuple(STUDIES), help="what is asked (default: gender)")
    asked.add_argument(
        "--pairs", type=Path, metavar="TSV", help="natural minimal pairs instead: which gender the Czech shows"
    )
    asked.add_argument(
        "--trace", type=Path, metavar="FOLDER", help="write --sites (default: all) at every word as tables instead"
    )
    asked.add_argument("--self-test", action="store_true", help="test the tool on models with a planted answer instead")
    parser.add_argument(
        "--corpus", default="agreement", help="a corpus whose pairs have factors: agreement (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, help="folder of the report (default: reports/ and the name of the study)")
    parser.add_argument(
        "--seed", type=seed, default=1, metavar="N", help="of controls and intervals (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer sentences and random sets: under a minute")
    parser.add_argument(
        "--sites", nargs="+", metavar="SITE",
        help="sites to fit probes at beside the decoder's states, as decoder.0.forget (default: all gates, attention's "
        "context, the encoder's cells; with --quick none)",
    )  # fmt: skip
    parser.add_argument(
        "--figures", action="store_true", help="also draw the report's figures for print, as SVG files in figures/"
    )
    parser.add_argument("--jobs", type=count, metavar="N", help="runs that are probed at a time (default: one a core)")
    parser.add_argument(
        "--sentence", action="append", metavar="TEXT",
        help="with --study retention: an English sentence; may be repeated (default: the boy and the girl)",
    )  # fmt: skip
    parser.add_argument(
        "--held-out", type=Path, metavar="TSV",
        help="with --pairs: choose units and doses there, change the gender, and measure here, once",
    )  # fmt: skip
    parser.add_argument("--limit", type=count, metavar="N", help="with --trace: so many sentences, drawn by --seed")
    parser.add_argument(
        "--said", action="store_true", help="with --trace: the model's own translations, not the corpus'"
    )
    parser.add_argument(
        "--seeds", type=count, metavar="N",
        help=f"with --self-test: models of each kind (default: {SELF_TESTS}); with --study compare: training seeds (default: "
        f"{compare.SEEDS})",
    )  # fmt: skip
    parser.add_argument(
        "--multi30k",
        metavar="NAME_OR_PATH",
        help="with --study compare: also train tanh, lstm and gru once on real text",
    )
    parser.add_argument("--max-steps", type=count, metavar="N", help="with --study compare: updates of each run")
    parser.add_argument(
        "--max-words",
        type=count,
        metavar="N",
        help="with --study compare: longer sentences are left out (default: the recipe's)",
    )
    given = parser.parse_args()
    flag = lambda name: "CHECKPOINT" if name == "checkpoints" else f"--{name.replace('_', '-')}"
    instead = [name for name in INSTEAD if getattr(given, name[2:].replace("-", "_"))]
    names = {**{f"--study {name}": each for name, each in STUDIES.items()}, **INSTEAD}
    study = given.study or "gender"
    chosen = instead[0] if instead else f"--study {study}"
    for name in dict.fromkeys(name for reads in READS.values() for name in reads):
        if getattr(given, name) != parser.get_default(name) and name not in READS[names[chosen]]:
            readers = ", ".join(each for each, run in names.items() if name in READS[run])
            remedy = "leave one of them out" if instead or given.study else "give that, too"
            raise UserError(f"{flag(name)} is not read with {chosen} but with {readers}: {remedy}")
    if given.pairs and given.out and not given.held_out:
        raise UserError("--out is read by --pairs with --held-out: without it nothing is written, leave --out out")
    if "checkpoints" in READS[names[chosen]] and not given.checkpoints:
        raise UserError(f"no run folder given: try {HOUSE / 'checkpoints' / 'demo'} (see --help)")
    given.out = given.out or Path("reports") / study
    if not instead or given.held_out:
        writable(given.out)
    names[chosen](given, shlex.join(["python", "-m", "seq2seq.probing", *sys.argv[1:]]))


def probe() -> None:
    command(main, "python -m seq2seq.probing")


if __name__ == "__main__":
    probe()
