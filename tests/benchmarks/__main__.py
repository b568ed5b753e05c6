"""python -m tests.benchmarks [PART …]: how fast, beside what else, in a table of medians with spread and ratios.

python -m tests.benchmarks                              all parts but the report
python -m tests.benchmarks training --data ../shared    the default recipe and, with the outside data, the peers' sizes
python -m tests.benchmarks decoding --run checkpoints/mixed --sources test_2016_flickr.en
python -m tests.benchmarks.memory                       a million pairs
python -m tests.benchmarks.peers …                      JoeyNMT and OpenNMT-py, where they are installed
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from seq2seq.config import HOUSE, Parser, UserError, command
from seq2seq.probing.tables import write_json
from tests.benchmarks import decoding, growth, probing, training
from tests.benchmarks.growth import Grown
from tests.benchmarks.measuring import Measured, Setting, machine, show_measured, used_by_others

Part = Callable[[Setting], Sequence[Measured | Grown]]
PARTS: dict[str, Part] = {
    "training": training.measure,
    "decoding": decoding.measure,
    "start-up": decoding.start_up,
    "prompt": decoding.at_prompt,
    "tracing": probing.tracing,
    "interventions": probing.interventions,
    "growth": growth.measure,
    "report": probing.report,
}
ASKED_FOR = ("report",)  # minutes a repetition


def given() -> tuple[list[str], Setting]:
    """Which parts, and how. UserError: no such part, fewer than one repetition, no such folder."""
    parser = Parser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all but report)")
    parser.add_argument(
        "--run", type=Path, default=HOUSE / "checkpoints" / "demo", help="run folder that translates and is probed"
    )
    parser.add_argument(
        "--sources", type=Path, metavar="FILE", help="what decoding translates (default: agreement's test)"
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("SEQ2SEQ_DATA") or None, metavar="DIR",
        help="folder with corpora/multi30k and peers (default: SEQ2SEQ_DATA)",
    )  # fmt: skip
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run? No figure means anything")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmarks"), help="folder of the results")
    options = vars(parser.parse_args())
    parts = options.pop("parts") or [name for name in PARTS if name not in ASKED_FOR]
    for part in parts:
        if part not in PARTS:
            raise UserError(f"no part {part!r}: there are {', '.join(PARTS)}")
    setting = Setting(**options)
    if setting.repetitions < 1:
        raise UserError(f"--repetitions must be 1 or more, not {setting.repetitions}")
    return parts, setting


def main() -> None:
    parts, setting = given()
    results, others = {}, {}
    print(
        f"{machine()}; {'QUICK, so that no figure means anything; ' * setting.quick}repetitions: {setting.repetitions}"
    )
    for part in dict.fromkeys(parts):
        start, used = time.perf_counter(), used_by_others()
        found = PARTS[part](setting)
        taken = time.perf_counter() - start
        results[part], others[part] = [asdict(each) for each in found], (used_by_others() - used) / taken
        if rows := [each for each in found if isinstance(each, Measured)]:
            show_measured(part, rows)
        print(f"{part}: {taken:.0f} s, in which other processes kept {others[part]:.2f} cores busy", flush=True)
    write_json(
        setting.out / "results.json",
        {
            "machine": machine(),
            "quick": setting.quick,
            "repetitions": setting.repetitions,
            "cores used by others": others,
            "results": results,
        },
    )
    print(f"wrote {setting.out / 'results.json'}")


if __name__ == "__main__":
    command(main, "python -m tests.benchmarks")
