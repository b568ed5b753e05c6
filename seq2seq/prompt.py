"""The interactive translator: a sentence is translated, a line that begins with / is a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.utils import is_dumb_terminal
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from .cells import CELLS
from .config import UserError, replace
from .lines import advice
from .search import LARGEST_BEAM
from .tokenizer import WORD
from .translator import Translator

PROMPT = "> "
UNITS = 5  # units that /trace draws
LONGEST_NAME = 24  # columns of a name in a table; the rest of it is left out
BELOW, ABOVE = (60, 120, 200), (225, 125, 40)  # colours of the largest value on either side of zero


class Quit(Exception):
    """The user wants to leave."""


class Conversation:
    """One user at one prompt: `answer` takes a line and prints what there is to say."""

    def __init__(self, translator: Translator, nbest: int = 1, console: Console | None = None):
        self.translator, self.nbest = translator, nbest
        self.console = console or Console(highlight=False, emoji=False)
        self.last: tuple[str, str] | None = None  # the last sentence and its translation
        self.advised = False
        self.commands: dict[str, Callable[[str], None]] = {
            "/help": self.show_help,
            "/beam": self.set_beam,
            "/nbest": self.set_nbest,
            "/attention": self.show_attention,
            "/trace": self.show_trace,
            "/quit": self.leave,
            "/exit": self.leave,
        }

    def answer(self, line: str) -> None:
        """Translate a line or obey it; what cannot be done is said in one line. Quit: the user wants to leave."""
        line = line.strip()
        try:
            if line.startswith("/"):
                name, _, argument = line.partition(" ")
                if name not in self.commands:
                    raise UserError(f"no command {name[:20]!r}: there are {', '.join(self.commands)}")
                self.commands[name](argument.strip())
            elif line:
                self.translate(line)
        except UserError as error:
            self.say(str(error), "yellow")

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style), soft_wrap=True)

    def translate(self, sentence: str) -> None:
        found = self.translator.nbest([sentence])[0][: self.nbest]
        for each in found:
            self.say(each.text if self.nbest == 1 else f"{each.score:8.4f}  {each.text}", "bold")
        if found:
            self.last = sentence, found[0].text
        if not self.advised and (told := advice(self.translator, sentence)):
            self.advised = True
            print(told, file=sys.stderr)

    # What the commands do; the first line of each is its help

    def show_help(self, _: str) -> None:
        """what can be said here"""
        for name, command in self.commands.items():
            self.say(f"{name:12}{command.__doc__}")
        self.say("any other line is translated; Ctrl-C cancels it, Ctrl-D leaves")

    def set_beam(self, argument: str) -> None:
        """/beam 5 keeps five hypotheses at each step; 1 is greedy"""
        beam = number(argument, LARGEST_BEAM) if argument else self.translator.settings.beam
        self.translator.settings = replace(self.translator.settings, beam=beam)
        self.nbest = min(self.nbest, beam)
        self.say(f"beam {beam}, nbest {self.nbest}")

    def set_nbest(self, argument: str) -> None:
        """/nbest 3 shows the three best translations with their scores"""
        beam = self.translator.settings.beam
        nbest = number(argument, LARGEST_BEAM) if argument else self.nbest
        if nbest > beam:
            raise UserError(f"{nbest} translations need a beam of {nbest} or more, not {beam}: /beam {nbest} first")
        self.nbest = nbest
        self.say(f"beam {beam}, nbest {nbest}")

    def show_attention(self, _: str) -> None:
        """where the last translation looked: source words down, Czech words across"""
        if self.translator.model.attention is None:
            raise UserError("this run has no attention: train.py --attention late makes one that has")
        trace = self.translator.trace(*self.said(), sites=["attention.weights"])
        weights = trace.values["attention.weights"][0]  # [T, S]
        [sources], [targets] = trace.sources, trace.targets
        looks = torch.stack([weights[word.first : word.last + 1].mean(0) for word in targets])  # [W, S]
        shares = torch.stack([looks[:, word.first : word.last + 1].sum(1) for word in sources])  # [source words, W]
        rows = [*(word.text for word in sources), "(elsewhere)"]
        self.draw(rows, [word.text for word in targets], torch.cat([shares, 1 - shares.sum(0, keepdim=True)]), ".2f")

    def show_trace(self, _: str) -> None:
        """what decoder units held after each Czech word of the last translation"""
        settings = self.translator.model.settings
        site = f"decoder.{settings.layers - 1}.{CELLS[settings.cell].memory}"
        trace = self.translator.trace(*self.said(), sites=[site])
        values = trace.words(site, 0)  # [W, H]
        units = (values.amax(0) - values.amin(0)).topk(min(UNITS, settings.units)).indices
        self.say(f"the {len(units)} of {settings.units} units that change most")
        rows = [f"{site}[{unit}]" for unit in units.tolist()]
        self.draw(rows, [word.text for word in trace.targets[0]], values.T[units], "+.2f")

    def leave(self, _: str) -> None:
        """leave, as Ctrl-D does"""
        raise Quit

    def said(self) -> tuple[str, str]:
        """The last sentence and its translation, where both have words."""
        if self.last is None:
            raise UserError("nothing to show yet: translate a sentence first")
        if not all(WORD.search(text) for text in self.last):
            raise UserError("the last translation has no words: translate another sentence first")
        return self.last

    def draw(self, rows: Sequence[str], columns: Sequence[str], values: Tensor, form: str) -> None:
        """A table of values [rows, columns], shaded where there are colours, cut into parts as wide as the terminal."""
        largest = float(values.abs().max()) or 1.0
        rows, columns = [shorten(name) for name in rows], [shorten(name) for name in columns]
        room = self.console.width - max(map(cell_len, rows))
        widths = [2 + max(cell_len(name), len(format(-1.0, form))) for name in columns]
        for part in fitting(widths, room):
            table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 2))
            table.add_column(no_wrap=True)
            for name in columns[part]:
                table.add_column(Text(name), no_wrap=True, justify="right")
            for name, line in zip(rows, values[:, part].tolist()):
                shades = [shade(value / largest) if self.console.color_system else "" for value in line]
                table.add_row(Text(name), *(Text(format(value, form), style) for value, style in zip(line, shades)))
            self.console.print(table)


def number(argument: str, largest: int) -> int:
    try:
        value = int(argument)
    except ValueError:
        value = 0
    if not 1 <= value <= largest:
        raise UserError(f"give a number from 1 to {largest}, not {argument[:20]!r}")
    return value


def shorten(name: str) -> str:
    return name if cell_len(name) <= LONGEST_NAME else set_cell_size(name, LONGEST_NAME - 1) + "…"


def shade(value: float) -> str:
    """A style for a value in −1 … 1: white at 0, towards blue below and orange above."""
    red, green, blue = (round(255 + abs(value) * (each - 255)) for each in (ABOVE if value > 0 else BELOW))
    return f"black on rgb({red},{green},{blue})"


def fitting(widths: Sequence[int], room: int) -> Iterator[slice]:
    """Columns that stand side by side in so much room, from left to right; at least one each time."""
    start = used = 0
    for number, width in enumerate(widths):
        if number > start and used + width > room:
            yield slice(start, number)
            start, used = number, 0
        used += width
    yield slice(start, len(widths))


class KeptHistory(FileHistory):
    """Lines of earlier starts; a line that cannot be kept is no reason to stop."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string.encode(errors="replace").decode())


def history() -> History:
    """Kept in the user's state folder; where that cannot be written, in memory."""
    place = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    try:
        path = Path(place).expanduser() / "seq2seq" / "history"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a+").close()
    except (OSError, RuntimeError):
        return InMemoryHistory()
    return KeptHistory(path)


def plain_line() -> str:
    try:
        return input(PROMPT)
    except (EOFError, KeyboardInterrupt):
        print()  # what follows begins on a line of its own
        raise


def reader(commands: Iterable[str]) -> Callable[[], str]:
    """What asks for a line: with editing, completion and history, or plainly in too simple a terminal."""
    if is_dumb_terminal():
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        return plain_line
    completer = WordCompleter(sorted(commands), sentence=True)
    return PromptSession(PROMPT, history=history(), completer=completer).prompt


def converse(translator: Translator, nbest: int | None = None) -> None:
    """Answer lines until the user leaves."""
    conversation = Conversation(translator, nbest or 1)
    read = reader(conversation.commands)
    conversation.say("English → Czech. /help lists the commands, Ctrl-D leaves.", "dim")
    interrupted = False
    while True:
        try:
            lines = read().split("\n")  # pasted lines come together
        except EOFError:
            return
        except KeyboardInterrupt:
            if interrupted:
                conversation.say("/quit or Ctrl-D leaves", "dim")
            interrupted = True
            continue
        interrupted = False
        try:
            for line in lines:
                conversation.answer(line)
        except Quit:
            return
        except KeyboardInterrupt:
            conversation.say("\ncancelled", "dim")
