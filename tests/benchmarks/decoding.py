"""Translating: a file greedily and with a beam of five, how soon the first sentence is there, and how soon one at the prompt."""

from __future__ import annotations

import statistics
import subprocess
import sys
from dataclasses import replace
from functools import partial
from io import StringIO

from rich.console import Console

import corpora
import seq2seq
from seq2seq import lines
from seq2seq.config import HOUSE
from seq2seq.prompt import Conversation
from seq2seq.translator import Translator
from tests.benchmarks.measuring import Measured, Setting, compared, in_turn, seconds

BEAMS = {"greedy": 1, "beam 5": 5}
AT_PROMPT = 20  # sentences
BOY = "I am a boy who likes to learn."


def sentences(setting: Setting, translator: Translator) -> list[str]:
    """The lines of --sources, or the agreement corpus's test sentences as long as the run knows."""
    if setting.sources:
        found = lines.read(setting.sources)
    else:
        longest = translator.run.loading.get("max_words")
        found = [pair.source for pair in corpora.load("agreement", "test", max_words=longest)]
    return found[: 20 if setting.quick else None]


def measure(setting: Setting) -> list[Measured]:
    """A whole file."""
    translator = seq2seq.load(setting.run)
    given = sentences(setting, translator)
    pieces = {
        name: sum(len(translator.tokenizer.encode(text)) + 1 for text in translator.translate(given, beam))
        for name, beam in BEAMS.items()
    }  # with the end piece
    taken = in_turn(
        {name: partial(translator.translate, given, beam) for name, beam in BEAMS.items()}, setting.repetitions
    )
    facts = f"{setting.run}, {setting.sources or 'agreement test'}, n = {len(given):,}"
    found = [Measured(name, "sentences/s", [len(given) / second for second in taken[name]]) for name in BEAMS]
    speeds = {name: [pieces[name] / second for second in taken[name]] for name in BEAMS}
    return found + [compared(name, "pieces/s", speeds[name], "greedy", speeds["greedy"], "", facts) for name in BEAMS]


def start_up(setting: Setting) -> list[Measured]:
    """One sentence given to the command, beside what torch alone takes."""
    translate = [sys.executable, "translate.py", "--checkpoint", str(setting.run.resolve()), BOY]
    bare = [sys.executable, "-c", "import torch"]
    run = partial(subprocess.run, cwd=HOUSE, check=True, capture_output=True)
    taken = in_turn({"translate": lambda: run(translate), "torch": lambda: run(bare)}, setting.repetitions)
    return [
        compared(
            f'translate.py "{BOY}"', "s", taken["translate"], "import torch", taken["torch"], "≤ 1.5", str(setting.run)
        )
    ]


def at_prompt(setting: Setting) -> list[Measured]:
    """A line at the prompt, from Enter to the answer: the median over sentences, without what the terminal takes."""
    translator = seq2seq.load(setting.run)
    given = [BOY, *sentences(setting, translator)][: 3 if setting.quick else AT_PROMPT]
    conversation = Conversation(translator, console=Console(file=StringIO()))
    taken = {name: list[float]() for name in BEAMS}
    for _ in range(setting.repetitions + 1):
        for name, beam in BEAMS.items():
            translator.settings = replace(translator.settings, beam=beam)
            each = [seconds(partial(conversation.answer, sentence)) for sentence in given]
            taken[name].append(1000 * statistics.median(each))
    bars, facts = {"greedy": "≤ 15", "beam 5": "≤ 30"}, f"{setting.run}, median of {len(given)} sentences"
    return [
        Measured(f"at the prompt, {name}", "ms", taken[name][1:], bar=bars[name], conditions=facts) for name in BEAMS
    ]
