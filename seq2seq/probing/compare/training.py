"""What is trained: every cell at equal weights, by train.py, going on where it stopped."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ...cells import CELLS
from ...checkpoint import LAST, SCORES, Run
from ...config import UserError, settings
from ...model import Model, ModelSettings
from ...training import RECIPES, TrainingSettings, options
from .. import gradients
from ..family import Size as Stimuli

TRAIN = Path(__file__).resolve().parents[3] / "train.py"
RECIPE, CORPUS, REFERENCE, SEEDS = "demo", "agreement", "lstm", 3
REAL_TEXT = ("tanh", "lstm", "gru")  # trained once each on real text
RATES = {"tanh": 1e-3, "clockwork": 1e-3}  # nothing bounds their steps: they are trained more slowly
EQUAL = 0.02  # largest difference of two cells' numbers of weights
WIDEST = 4096  # units
DIVERGED = 3  # train.py's exit status


@dataclass(frozen=True)
class Size:
    """What is trained and how much is measured."""

    name: str
    cells: tuple[str, ...]
    options: dict[str, Any]  # of train.py, beyond the recipe
    stimuli: Stimuli
    gradients: gradients.Size
    steps: int  # of training, if no other number is asked for


FULL = Size(
    "full", tuple(CELLS), {"layers": 2, "evaluate_every": 1000, "precision": "bf16"},
    Stimuli("compare", frames=300, draws=20, recipients=80, events=200, cuts=0), gradients.Size(40, 2), 4000,
)  # fmt: skip
QUICK = Size(
    "quick", (REFERENCE, "tanh"), {"layers": 2, "units": 16, "embedding": 16, "limit": 100, "warmup": 5},
    Stimuli("compare", frames=60, draws=2, recipients=20, events=60, cuts=0), gradients.Size(12, 1), 20,
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training: the folder's name and what train.py is given."""

    name: str
    cell: str
    options: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """All that a run folder says of how it was trained."""
        recipe = RECIPES[RECIPE]
        kinds = ((ModelSettings, recipe.model), (TrainingSettings, recipe.training))
        each = (settings(kind, own, self.options) for kind, own in kinds)
        made = {name: value for one in each for name, value in asdict(one).items()}  # type: ignore[call-overload]
        loading = {name: self.options.get(name, recipe.loading.get(name)) for name in ("limit", "max_words")}
        return {**made, **loading, "corpus": [self.options["corpus"]]}


def weights(shape: ModelSettings, vocabulary: int) -> int:
    """How many numbers a network has that training changes; no memory is taken for it."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Model(shape, vocabulary).parameters())


def equal_units(cell: str, options: Mapping[str, Any]) -> int:
    """The units that give a cell as many weights as the LSTM has with those of the recipe and the options, nearest.

    UserError: no even number of units comes within EQUAL.
    """
    recipe = RECIPES[RECIPE]
    vocabulary = settings(TrainingSettings, recipe.training, options).vocabulary
    shape = settings(ModelSettings, recipe.model, options, {"cell": REFERENCE})
    wanted = weights(shape, vocabulary)
    least, most = 1, WIDEST // 2  # halves of the units, which a bidirectional encoder shares out
    count = lambda half: weights(replace(shape, cell=cell, units=2 * half), vocabulary)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if count(middle) <= wanted else (least, middle)
    half = min((least, most), key=lambda each: abs(count(each) - wanted))
    if abs(count(half) / wanted - 1) > EQUAL:
        raise UserError(
            f"no {cell} network comes within {EQUAL:.0%} of the {wanted:,} weights of the LSTM with {shape.units} units: "
            "give it more units"
        )
    return 2 * half


def plan(size: Size, seeds: int, steps: int | None, words: int | None, real_text: str | None) -> list[Job]:
    """Every training in its order: the first seed of all cells first, so that there is something to compare early on."""
    options = {**size.options, "max_steps": steps or size.steps}
    units = {cell: equal_units(cell, options) for cell in size.cells}

    def job(cell: str, seed: int, name: str, corpus: str, longest: int | None) -> Job:
        own = {**options, "corpus": corpus, "cell": cell, "units": units[cell], "seed": seed}
        own |= {"learning_rate": RATES[cell]} if cell in RATES else {}
        own |= {"max_words": longest} if longest else {}
        return Job(f"{name}{cell}-{seed}", cell, own)

    jobs = [job(cell, seed, "", CORPUS, words) for seed in range(1, seeds + 1) for cell in size.cells]
    if real_text:
        jobs += [job(cell, 1, "real-text-", real_text, 100) for cell in REAL_TEXT if cell in size.cells]
    return jobs


def check(job: Job, folder: Path) -> None:
    """Raise UserError where the folder holds a run of other settings."""
    if not (folder / LAST).is_file():
        return
    own = options(Run.load(folder))
    for name, wanted in job.settings.items():
        if own.get(name) != wanted:
            had, asked = (" ".join(each) if isinstance(each, list) else each for each in (own.get(name), wanted))
            raise UserError(
                f"{folder} was trained with --{name.replace('_', '-')} {had}, this study asks for {asked}: ask for the same, "
                "or choose another --out"
            )


def train(job: Job, folder: Path) -> str | None:
    """Train what is missing, from the last save on, as a process of its own; why there is no run, if it diverged.

    UserError: train.py refused, in its words.
    """
    if (folder / SCORES).is_file():
        return None
    if not TRAIN.is_file():
        raise UserError(f"{TRAIN}: no such file; --study compare trains, so it needs the whole repository")
    line = [sys.executable, str(TRAIN), "--recipe", RECIPE, "--out", str(folder)]
    line += [word for name, value in job.options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    line += ["--resume"] if (folder / LAST).is_file() else []
    print(f"{job.name}: {shlex.join([TRAIN.name, *line[2:]])}", flush=True)
    last = ""
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            for each in process.stdout or ():
                print(f"  {each}", end="", flush=True)
                last = each.strip() or last
        except BaseException:  # it saves before it ends
            process.terminate()
            process.communicate()
            raise
    why = last.removeprefix(f"{TRAIN.name}: ")
    if process.returncode not in (0, DIVERGED):
        raise UserError(f"training {job.name} ended with status {process.returncode}: {why}")
    return why if process.returncode else None
