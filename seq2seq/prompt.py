"""The interactive translator: a sentence is translated, a line that begins with / is a command."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.utils import is_dumb_terminal
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from .config import UserError, called
from .lines import advice
from .progress import share_done
from .search import LARGEST_BEAM
from .tokenizer import WORD, Word, normal
from .trace import read_at
from .translator import Translator

if TYPE_CHECKING:  # probing is loaded when it is asked for
    from .probing.by_hand import ByHand, Changed

PROMPT = "> "
UNITS = 5  # units that /trace and /gates draw
LISTED = 10  # units that /units lists
LARGEST_DOSE = 100.0
GENDERS = {"masc": "masculine", "fem": "feminine"}
MARK = "bold yellow"
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
        self.by_hand: ByHand | UserError | None = (
            None  # the gender units, or why there are none; None: not yet asked for
        )
        self.commands: dict[str, Callable[[str], None]] = {
            "/help": self.show_help,
            "/beam": self.set_beam,
            "/nbest": self.set_nbest,
            "/attention": self.show_attention,
            "/trace": self.show_trace,
            "/units": self.show_units,
            "/gates": self.show_gates,
            "/flip": self.flip,
            "/steer": self.steer,
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
        self.show_new_words(sentence)
        for each in found:
            self.say(each.text if self.nbest == 1 else f"{each.score:8.4f}  {each.text}", "bold")
        if found:
            self.last = sentence, found[0].text
        if not self.advised and (told := advice(self.translator, sentence)):
            self.advised = True
            print(told, file=sys.stderr)

    def show_new_words(self, sentence: str) -> None:
        """Say a sentence again with the words marked that training never saw, if it has any."""
        new = {word for word in self.translator.new_words(sentence) if word[0].isalnum()}
        text, end, said = Text(), 0, normal(sentence)
        for found in WORD.finditer(said):
            if found[0].lower() in new:
                text += Text(said[end : found.start()]) + self.mark(found[0])
                end = found.end()
        if end:
            self.console.print(
                text + Text(said[end:]) + Text("  (marked: never seen in training)", "dim"), soft_wrap=True
            )

    def mark(self, word: str) -> Text:
        """A word that stands out: in a colour, where there are colours; else in brackets."""
        coloured = self.console.color_system and not self.console.no_color
        return Text(word, MARK) if coloured else Text(f"[{word}]")

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
            raise UserError(f"this run has no attention: {called('train.py')} --attention late makes one that has")
        trace = self.translator.trace(*self.said(), sites=["attention.weights"])
        weights = trace.values["attention.weights"][0]  # [T, S]
        [sources], [targets] = trace.sources, trace.targets
        looks = torch.stack([weights[word.first : word.last + 1].mean(0) for word in targets])  # [W, S]
        shares = torch.stack([looks[:, word.first : word.last + 1].sum(1) for word in sources])  # [source words, W]
        inside = {piece for word in sources for piece in range(word.first, word.last + 1)}  # signs may share a piece
        rest = looks[:, [piece for piece in range(looks.shape[1]) if piece not in inside]].sum(1)  # [W]
        rows = [*(word.text for word in sources), "(elsewhere)"]
        self.draw(rows, [word.text for word in targets], torch.cat([shares, rest[None]]), ".2f")

    def show_trace(self, _: str) -> None:
        """the gender units after each Czech word of the last translation"""
        trace = self.translator.trace(*self.said(), sites=[self.memory])
        values = trace.words(self.memory, 0)  # [W, H]
        rows = self.watched(values)
        self.draw(list(rows.values()), [word.text for word in trace.targets[0]], values.T[list(rows)], "+.2f")

    def show_units(self, _: str) -> None:
        """the gender units, how they were chosen, and their mean for the nouns of each gender"""
        known = self.gender_units()
        self.say(f"{known.chosen}; the first {min(LISTED, len(known.units))}:")
        units = known.units[:LISTED]
        means = torch.stack([known.means[gender][units] for gender in GENDERS.values()], 1)
        self.draw([f"{known.site}[{unit}]" for unit in units], list(GENDERS.values()), means, "+.2f")

    def show_gates(self, argument: str) -> None:
        """/gates WORD: what the gates did to the gender units as this word of the last translation was read"""
        source, target = self.said()
        word, place = self.word(argument, target), self.memory.rpartition(".")[0]
        sites = self.translator.model.decoder[-1].sites()
        trace = self.translator.trace(source, target, sites)
        at = read_at(word)
        rows = self.watched(trace.words(self.memory, 0))
        columns = {"before": trace.values[self.memory][0, at - 1]}  # [H] each
        columns |= {site.removeprefix(f"{place}."): trace.values[site][0, at] for site in sites}
        self.say(f"as {word.text!r} was read; before: the {self.memory.rpartition('.')[2]} until then")
        self.draw(list(rows.values()), list(columns), torch.stack(list(columns.values()), 1)[list(rows)], "+.2f")

    def flip(self, argument: str) -> None:
        """/flip [from WORD]: the last translation again, its gender units those of the other gender"""
        source, target = self.said()
        before, name = tail(argument)
        if before:
            raise UserError(f"/flip takes from WORD, not {argument[:20]!r}")
        known = self.gender_units()
        self.compare(target, known.flip(source, target, self.word(name, target) if name else known.noun(target)))

    def steer(self, argument: str) -> None:
        """/steer fem|masc [dose] [from WORD]: again, the units set to the mean of that gender's nouns (dose 1)"""
        source, target = self.said()
        given, name = tail(argument)
        if not given or given[0] not in GENDERS or len(given) > 2:
            raise UserError(
                f"/steer takes fem or masc, a dose and from WORD, not {argument[:20]!r}: as in /steer fem 2"
            )
        dose = amount(given[1]) if len(given) == 2 else 1.0
        known = self.gender_units()
        word = self.word(name, target) if name else known.noun(target)
        self.compare(target, known.steer(source, target, word, GENDERS[given[0]], dose))

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

    @property
    def memory(self) -> str:
        """The site of the last decoder layer's memory."""
        return self.translator.model.decoder[-1].memories[0]

    def gender_units(self) -> ByHand:
        """The run's gender units, chosen when first asked for. UserError: it has none."""
        if self.by_hand is None:
            from .probing.by_hand import ByHand  # late: translating need not wait for it

            self.say("choosing the gender units of this run on the agreement corpus, once …", "dim")
            try:
                with share_done("gender units") as show:
                    self.by_hand = ByHand(self.translator, show)
            except UserError as error:
                self.by_hand = error
        if isinstance(self.by_hand, UserError):
            raise self.by_hand
        return self.by_hand

    def watched(self, values: Tensor) -> dict[int, str]:
        """Units to draw and their names: the first gender units; of a run that has none, those that change most, values
        [W, H]."""
        try:
            known = self.gender_units()
        except UserError as error:
            self.say(str(error), "yellow")
            units = (values.amax(0) - values.amin(0)).topk(min(UNITS, values.shape[1])).indices.tolist()
            self.say(f"so the {len(units)} of {values.shape[1]} units that change most:")
            return {unit: f"{self.memory}[{unit}]" for unit in units}
        units = known.units[:UNITS]
        self.say(f"the first {len(units)} of {len(known.units)} gender units; f+: higher for feminine nouns, f−: lower")
        apart = known.means["feminine"] - known.means["masculine"]
        return {unit: f"{self.memory}[{unit}] f{'+' if apart[unit] > 0 else '−'}" for unit in units}

    def word(self, name: str, target: str) -> Word:
        """The first word of a translation that is written so."""
        words = self.translator.tokenizer.align(self.translator.tokenizer.encode(target))
        found = next((word for word in words if word.text.lower() == name.lower()), None)
        if found is None:
            had = " ".join(word.text for word in words)
            raise UserError(
                f"the translation has no word {name[:20]!r}: it has {had}" if name else f"name a word of: {had}"
            )
        return found

    def compare(self, before: str, changed: Changed) -> None:
        """Two translations, word under word, with what differs marked."""
        self.say(changed.how, "dim")
        old, new, columns = before.split(), changed.text.split(), []
        for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            show = Text if what == "equal" else self.mark
            columns += [
                [show(word) if word else Text() for word in pair]
                for pair in zip_longest(old[i1:i2], new[j1:j2], fillvalue="")
            ]
        widths = [1 + max(word.cell_len for word in pair) for pair in columns]
        for part in fitting(widths, self.console.width - len("was: ")):
            for name, row in (("was: ", 0), ("now: ", 1)):
                line = Text(name, "dim")
                for pair, width in zip(columns[part], widths[part]):
                    line += pair[row] + Text(" " * (width - pair[row].cell_len))
                line.rstrip()
                self.console.print(line, soft_wrap=True)
        if old == new:
            self.say("nothing changed")

    def completions(self, line: str) -> list[str]:
        """What may stand where the last word of a line has been begun."""
        *before, begun = line.split(" ")
        said = WORD.findall(self.last[1]) if self.last else []
        following = {
            "": list(self.commands),
            "/flip": ["from"],
            "/steer": list(GENDERS),
            "/gates": said,
            "/beam": ["1", "5"],
            "/nbest": ["1", "3"],
            **{f"/steer {gender}": ["0.5", "1", "2", "from"] for gender in GENDERS},
        }
        known = said if before[-1:] == ["from"] else following.get(" ".join(before), [])
        return sorted(option for option in dict.fromkeys(known) if option.startswith(begun))

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


def amount(argument: str) -> float:
    """A dose. UserError: it is no number from 0 to LARGEST_DOSE."""
    try:
        dose = float(argument)
    except ValueError:
        dose = math.nan
    if not 0 <= dose <= LARGEST_DOSE:
        raise UserError(f"give a dose from 0 to {LARGEST_DOSE:g}, not {argument[:20]!r}")
    return dose


def tail(argument: str) -> tuple[list[str], str]:
    """The words before `from`, and the one after it, if there is one."""
    words = argument.split()
    if "from" not in words:
        return words, ""
    place = words.index("from")
    if len(words) != place + 2:
        raise UserError(f"say one word of the translation after from, not {' '.join(words[place + 1 :])[:20]!r}")
    return words[:place], words[-1]


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


class Arguments(Completer):
    """Completes commands and what they take."""

    def __init__(self, conversation: Conversation):
        self.conversation = conversation

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        line = document.text_before_cursor
        for option in self.conversation.completions(line):
            yield Completion(option, start_position=line.rfind(" ") + 1 - len(line))


def reader(conversation: Conversation) -> Callable[[], str]:
    """What asks for a line: with editing, completion and history, or plainly in too simple a terminal."""
    if is_dumb_terminal():
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        return plain_line
    return PromptSession(PROMPT, history=history(), completer=Arguments(conversation)).prompt


def converse(translator: Translator, nbest: int | None = None) -> None:
    """Answer lines until the user leaves."""
    conversation = Conversation(translator, nbest or 1)
    read = reader(conversation)
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
