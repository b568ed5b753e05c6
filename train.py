#!/usr/bin/env python3
"""Train a translator: corpus → tokenizer → model → training → a run folder.

python train.py                                          the default recipe on the bundled agreement corpus
python train.py --corpus my/folder --out checkpoints/my  your own pairs
python train.py --out checkpoints/my --resume            go on where it stopped
torchrun --nproc-per-node 4 train.py                     on four GPUs, or four CPU processes
"""

import argparse
import hashlib
import json
import os
import shlex
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

import corpora
import seq2seq
from corpora.mixture import parse
from seq2seq import checkpoint, config, training
from seq2seq.model import Model, ModelSettings
from seq2seq.progress import Display
from seq2seq.tokenizer import Tokenizer, words
from seq2seq.training import RECIPES, Training, TrainingSettings

LOADING = {"limit": None, "max_words": 100}


def arguments() -> dict[str, Any]:
    parser = config.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--corpus", action="append", metavar="NAME_OR_PATH[:WEIGHT]", default=argparse.SUPPRESS,
        help=f"what to train on, may be repeated: a path, or {', '.join(corpora.NAMES)} (default: agreement)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("checkpoints/run"), help="run folder (default: %(default)s)")
    parser.add_argument(
        "--recipe", choices=tuple(RECIPES), default="default", help="named settings that options change"
    )
    loading = {"limit": "at most so many pairs of each corpus", "max-words": "longer sentences are left out"}
    for name, help in loading.items():
        parser.add_argument(f"--{name}", type=int, default=argparse.SUPPRESS, help=help)
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_settings(ModelSettings, "network")
    parser.add_settings(TrainingSettings, "training")
    return vars(parser.parse_args())


def load_corpora(specs: list[str], loading: dict[str, Any]) -> tuple[corpora.Corpus, corpora.Corpus]:
    """The training and the dev part, with a line for everything a user should know of them."""
    train, dev = (corpora.mix(specs, split, **loading) for split in ("train", "dev"))
    for part in (train, dev):
        left_out = "".join(f"; left out {count:,}: {reason}" for reason, count in sorted(part.left_out.items()))
        print(f"{part.split:5} {len(part):,} pairs of {', '.join(specs)}{left_out}")
    for note in dict.fromkeys((*train.notes, *dev.notes)):
        print(note)
    if not len(train) or not len(dev):
        raise config.UserError(f"too few pairs in {', '.join(specs)}: {len(train)} to train on and {len(dev)} for dev")
    return train, dev


def fingerprint(*parts: corpora.Corpus) -> str:
    state = hashlib.sha256()
    for part in parts:
        for pair in part:
            state.update(f"{pair.source}\t{pair.target}\n".encode())
    return state.hexdigest()


def start(given: dict[str, Any], folder: Path) -> tuple[Training, checkpoint.Run]:
    """A new run."""
    if any((folder / name).exists() for name in (checkpoint.LAST, checkpoint.BEST)):
        raise config.UserError(f"{folder} already holds a run: go on with --resume, or choose another --out")
    config.writable(folder)
    known = {*checkpoint.FILES, checkpoint.SUMS}  # of a run that did not get to its first save
    others = sorted(path.name for path in folder.glob("[!.]*") if path.name not in known)
    if others:
        raise config.UserError(f"--out {folder} holds {', '.join(others[:3])}: name a new folder for the run")
    recipe, specs = RECIPES[given["recipe"]], given.get("corpus", ["agreement"])
    shape = config.settings(ModelSettings, recipe.model, given)
    settings = config.settings(TrainingSettings, recipe.training, given)
    loading = {**LOADING, **recipe.loading, **{name: given[name] for name in LOADING if name in given}}
    train, dev = load_corpora(specs, loading)
    some = training.chunks_of(train)[0]
    tokenizer = Tokenizer.train((text for pair in some for text in (pair.source, pair.target)), settings.vocabulary)
    if len(tokenizer) < settings.vocabulary:
        print(f"vocabulary: the text allows {len(tokenizer):,} pieces, not {settings.vocabulary:,}")
    torch.manual_seed(settings.seed)
    try:
        model = Model(shape, len(tokenizer)).to(training.device())
    except RuntimeError as error:  # torch's way of saying that there is no memory
        raise config.UserError(
            f"this network does not fit here ({training.first_line(error)}): fewer --units"
        ) from error
    precision = training.choose_precision(model, tokenizer, train, settings)
    run = checkpoint.Run(
        shape,
        asdict(settings),
        specs,
        len(tokenizer),
        precision,
        fingerprint(train, dev),
        shlex.join(sys.argv),
        loading,
    )
    run.save(folder)
    checkpoint.store(folder / checkpoint.TOKENIZER, tokenizer.proto)
    checkpoint.store(folder / checkpoint.WORDS, "\n".join(words(pair.source for pair in train)) + "\n")
    made = Training(model, tokenizer, train.pairs, dev.pairs, settings, precision, folder)
    made.save(minutes=0.0)
    return made, run


def resume(given: dict[str, Any], folder: Path) -> tuple[Training, checkpoint.Run]:
    """A run that goes on: its settings are its own, and only --minutes may be given anew."""
    run = checkpoint.Run.load(folder)
    own, recipe = training.options(run), RECIPES[given["recipe"]]
    for name, value in {**recipe.model, **recipe.training, **recipe.loading, **given}.items():
        same = (own.get(name), run.precision) if name == "precision" else (own.get(name),)
        if name in own and name != "minutes" and value not in same:
            had, wanted = (" ".join(each) if isinstance(each, list) else each for each in (own[name], value))
            raise config.UserError(
                f"--resume goes on with --{name.replace('_', '-')} {had}: leave {wanted} out, or start anew"
            )
    settings = replace(config.from_json(TrainingSettings, run.training), minutes=given.get("minutes", 0.0))
    train, dev = load_corpora(run.corpora, run.loading)
    if fingerprint(train, dev) != run.corpus_digest:
        raise config.UserError(f"{', '.join(run.corpora)} changed since {folder} was begun: restore it, or start anew")
    _, model, tokenizer = checkpoint.load(folder, checkpoint.LAST)
    made = Training(model.to(training.device()), tokenizer, train.pairs, dev.pairs, settings, run.precision, folder)
    made.restore()
    checkpoint.tidy(folder)
    print(f"resumed at step {made.steps:,}")
    return made, run


def finish(run: checkpoint.Run, folder: Path, dev: list[corpora.Pair]) -> None:
    """Score the best weights; beam search's length exponent is chosen on dev."""
    translator = seq2seq.load(folder)
    translator.settings, table = training.choose_search(translator, dev)
    print(f"length exponent {translator.settings.exponent:g}, by dev BLEU at beam {translator.settings.beam} ({table})")
    replace(run, search=translator.settings).save(folder)
    scores = {}
    for name in dict.fromkeys(parse(spec)[0] for spec in run.corpora):
        for split in ("dev", "test"):
            try:
                pairs = corpora.load(name, split, **run.loading).pairs
            except corpora.NoSuchSplit as reason:
                print(f"{reason}: {split} scores left out")
                continue
            where = f"{name} {split}"
            scores[where] = training.final_scores(translator, pairs, where, run.loading["max_words"])
            print(
                f"{where}: {', '.join(f'{score.name} {score.value:.1f}' for score in scores[where] if ' at ' not in score.name)}"
            )
            print(f"  ({scores[where][0].conditions})")
    content = {where: [asdict(score) for score in each] for where, each in scores.items()}
    checkpoint.store(folder / checkpoint.SCORES, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a log shows each line as it comes
    given = arguments()
    folder = given["out"]
    rank, _ = training.rank_and_world()
    if rank > 0:  # of several, the first one speaks, and begins the run that all the others go on with
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, it is open to the end
    if rank > 0 or given["resume"]:
        training.join()
        made, run = resume(given, folder)
    else:
        made, run = start(given, folder)
        training.join()
    weights = sum(parameter.numel() for parameter in made.model.parameters())
    print(
        f"{weights:,} parameters on {made.place}, {run.precision}, {len(made.tokenizer):,} pieces, "
        f"seed {made.settings.seed}"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(made, "interrupted", True))
    with Display(made.settings.max_steps, made.steps) as display:
        print(f"stopped at {made.run(display.step, display.evaluation)}")
    training.leave()
    if rank > 0:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    finish(run, folder, made.dev)
    print(f"wrote {folder}; translate with: {config.called('translate.py')} --checkpoint {folder}")


def command() -> None:
    config.command(main)


if __name__ == "__main__":
    command()
