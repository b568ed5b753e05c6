"""translate.py: the laws of a filter, n-best lists, the prompt, and one-line refusals that leave all files alone."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from safetensors.torch import save_file

import seq2seq
from seq2seq import config, lines, prompt
from seq2seq.translator import LONGEST, Translator

SCRIPT = Path(__file__).parent.parent / "translate.py"
HEAVY = ("datasets", "sklearn", "matplotlib", "sacrebleu", "scipy", "prompt_toolkit", "rich", "pandas", "pyarrow")
SENTENCES = ["I am a boy.", "", "The girl was at home.", "  ", "She is a teacher who likes to read.", "I"]
LONG = "boy " * 5000
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.split("\n")[:-1]


Command = Callable[..., Answer]


def load_script():
    spec = importlib.util.spec_from_file_location("translate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def translator(tiny_run: Path) -> Translator:
    return seq2seq.load(tiny_run)


@pytest.fixture(scope="session")
def command(tiny_run: Path) -> Command:
    """Runs translate.py in this process, with bytes as standard input."""
    script = load_script()

    def run(*options, stdin: bytes = b"", folder: Path = tiny_run) -> Answer:
        streams = [io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (stdin, b"", b"")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["translate.py", "--checkpoint", str(folder), *map(str, options)])
            for name, stream in zip(("stdin", "stdout", "stderr"), streams):
                patch.setattr(sys, name, stream)
            with pytest.raises(SystemExit) as end:
                config.command(script.main)
            for stream in streams[1:]:
                stream.flush()
        return Answer(end.value.code, *(stream.buffer.getvalue().decode() for stream in streams[1:]))

    return run


def refused(answer: Answer) -> str:
    """The one line of a refusal."""
    assert answer.status == 2
    assert answer.err.startswith("translate.py: ") and answer.err.count("\n") == 1, answer.err
    return answer.err


def text(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


# A filter


def test_one_line_out_for_each_line_in(command: Command):
    answer = command(stdin=text(*SENTENCES))
    assert answer.status == 0
    assert len(answer.lines) == len(SENTENCES)
    assert [not line for line in answer.lines] == [not sentence.strip() for sentence in SENTENCES]


def test_a_line_does_not_depend_on_its_neighbours(command: Command, translator: Translator):
    together = command(stdin=text(*SENTENCES, *reversed(SENTENCES))).lines
    alone = [translator.translate([sentence])[0] for sentence in SENTENCES]
    assert together == alone + alone[::-1]
    assert translator.translate(SENTENCES, batch=1) == translator.translate(SENTENCES, batch=64) == alone


def test_arguments_pipe_and_file_say_the_same(command: Command, tmp_path: Path):
    source, target = tmp_path / "in.en", tmp_path / "out.cs"
    source.write_bytes(text(*SENTENCES))
    piped = command(stdin=text(*SENTENCES))
    assert command(*SENTENCES).out == command("--input", source).out == piped.out
    assert command("--input", source, "--output", target) == (0, "", piped.err)
    assert target.read_text() == piped.out
    assert set(tmp_path.iterdir()) == {source, target}


@pytest.mark.parametrize("content", [b"I am a boy.", b"I am a boy.\r\n", b"\xef\xbb\xbfI am a boy.\n"])
def test_line_ends_and_byte_order_mark_are_no_words(command: Command, content: bytes):
    assert command(stdin=content).out == command("I am a boy.").out


def test_nothing_in_nothing_out(command: Command, tmp_path: Path):
    assert command(stdin=b"") == (0, "", "")
    (tmp_path / "empty").touch()
    assert command("--input", tmp_path / "empty", "--output", tmp_path / "out") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == b""


class Pieces(io.RawIOBase):
    """A pipe whose writer wrote these pieces, one at a time."""

    def __init__(self, pieces: list[bytes]):
        self.pieces = iter(pieces)

    def read1(self, _: int) -> bytes:
        return next(self.pieces, b"")


@quick
@given(st.lists(st.text("aé\r \n\ufeff", max_size=9).filter(bool)))
def test_lines_do_not_depend_on_how_a_pipe_cuts_them(parts: list[str]):
    pieces = [part.encode() for part in parts]
    arrived = [line for chunk in lines.arriving(Pieces(pieces), "pipe") for line in chunk]
    assert arrived == lines.split(b"".join(pieces), "whole")
    assert len(arrived) == len(b"".join(pieces).decode().removesuffix("\n").split("\n")) or not pieces


def test_a_line_too_long_is_left_empty_and_named(command: Command, tmp_path: Path):
    content = text("I am a boy.", LONG, "The girl was at home.")
    answer = command(stdin=content)
    assert answer.lines == [*command("I am a boy.").lines, "", *command("The girl was at home.").lines]
    assert "1 of 3 lines left empty: line 2 is too long" in refused(answer)
    (tmp_path / "in").write_bytes(content)
    assert command("--input", tmp_path / "in", "--output", tmp_path / "out").status == 2
    assert (tmp_path / "out").read_text() == answer.out


def test_many_lines_too_long_are_one_line_to_read(command: Command):
    message = refused(command("--beam", "1", stdin=text(*[LONG] * 9, "I am a boy.")))
    assert "9 of 10 lines" in message and "line 5 is" in message and message.endswith("and 4 more\n")


def test_new_words_are_said_once(command: Command):
    answer = command(stdin=text("I am a boy.", "zebras juggle", "walruses juggle"))
    assert answer.status == 0 and answer.err.count("\n") == 1
    assert "juggle, zebras: new to this run, which was trained on twelve" in answer.err
    assert "train.py --corpus twelve --corpus multi30k --corpus tatoeba" in answer.err
    assert command(stdin=text("I am a boy.", "The girl was at home, zebra.", "A boy?!")).err == ""
    assert "🎉: new to this run" in command(stdin=text("🎉🎉")).err


def test_each_reason_to_guess_is_said_once():
    warned: list[str] = []
    answer = lines.Filter(seq2seq.load(Path(__file__).parent.parent / "checkpoints" / "demo"), warned.append, beam=1)
    answer(["I am a boy who likes to learn and who likes to learn.", "zebras juggle", "walruses juggle", "a " * 20])
    assert [each.split(":")[0] for each in warned] == [
        "longer than the 8 words of the longest sentence that this run was trained on", "juggle, zebras",
    ]  # fmt: skip


# n best, and scores


def test_nbest_is_sorted_and_begins_with_the_best(command: Command):
    best = command("--beam", "4", *SENTENCES).lines
    rows = command("--beam", "4", "--nbest", "3", *SENTENCES).lines
    assert len(rows) == 3 * len(SENTENCES)
    for number, sentence in enumerate(SENTENCES):
        mine = rows[3 * number : 3 * number + 3]
        if not sentence.strip():
            assert mine == ["", "", ""]
            continue
        scores = [float(row.split("\t")[0]) for row in mine]
        assert scores == sorted(scores, reverse=True)
        assert mine[0].split("\t")[1] == best[number]


def test_exponent_is_used(command: Command):
    plain, normal = (command("--nbest", "1", "--exponent", x, "I am a boy.").out for x in ("0", "2"))
    assert float(plain.split("\t")[0]) < float(normal.split("\t")[0]) < 0


def test_reference_prints_scores_with_signatures(command: Command, tmp_path: Path):
    reference = tmp_path / "gold.cs"
    reference.write_text(command("--beam", "2", *SENTENCES).out)
    answer = command("--beam", "2", "--reference", reference, stdin=text(*SENTENCES))
    assert answer.out == reference.read_text()
    for score in (r"BLEU [\d.]+", "chrF2 100.0"):  # these translations have no four words that BLEU could count
        assert re.search(rf"{score}  \(nrefs:1\|.*version.*; {reference}, n = 6, beam 2, length exponent 1", answer.err)


# Refusals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Parallel files, and others that are not what they should be."""
    for name, content in {
        "in.en": text("I am a boy.", "I am a girl."),
        "gold.cs": text("Jsem kluk.", "Jsem holka."),
        "short.cs": text("Jsem kluk."),
        "empty": b"",
        "latin": b"I am\nna\xefve\n",
        "out": b"precious",
    }.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


BAD = {
    "--input no-such": "no-such: No such file",
    "--input .": "Is a directory",
    "--input latin": "latin: line 2 is not UTF-8 (byte 0xef",
    "--input in.en --output out --reference no-such": "no-such: No such file",
    "--input in.en --output out --reference short.cs": "in.en has 2 lines and --reference short.cs has 1",
    "--input empty --output out --reference empty": "empty has no lines",
    "one two --output out --reference short.cs": "the arguments has 2 lines",
    "--output out --reference gold.cs": "standard input has 0 lines",
    "--input in.en --output in.en": "--output in.en is read, too",
    "--input in.en --output ./in.en": "--output in.en is read, too",
    "--input in.en --reference gold.cs --output gold.cs": "--output gold.cs is read, too",
    "--input in.en --output no/out": "there is no folder no",
    "--input in.en --output .": "--output . is not a file",
    "--input in.en --output /dev/null": "--output /dev/null is not a file",
    "--input in.en --output /proc/out --checkpoint no": "the folder of --output /proc cannot be written",
    "--input in.en one": "sentences and --input at once",
    "--input in.en --output out --beam 0": "--beam must be 1 or more, not 0",
    "--input in.en --output out --beam 101": "--beam must be 100 or less, not 101",
    "--input in.en --output out --beam many": "invalid int value: 'many'",
    "--input in.en --output out --nbest 0": "--nbest must be 1 or more, not 0",
    "--input in.en --output out --nbest 6": "--nbest 6 is more than a beam of 5 keeps: add --beam 6",
    "--input in.en --output out --exponent nan": "--exponent must be 0 or more, not nan",
    "--input in.en --output out --exponent inf": "--exponent must be 10 or less, not inf",
    "--input in.en --output out --set cell=1": "'cell=1' sets nothing: write SITE[UNITS]=VALUES, as decoder.0.cell[3,17]=",
    "--input in.en --output out --set decoder.1.cell[0]=1": "no site 'decoder.1.cell' to set: there are decoder.0.input",
    "--input in.en --output out --set encoder.0.forward.cell[0]=1": "no site 'encoder.0.forward.cell' to set",
    "--input in.en --output out --set decoder.0.cell[0,8]=1,2": "decoder.0.cell has units 0 … 7, so not 8",
    "--input in.en --output out --set decoder.0.cell[-1]=1": "decoder.0.cell has units 0 … 7, so not -1",
    "--input in.en --output out --set decoder.0.cell[0,0]=1,2": "decoder.0.cell: unit 0 is named twice",
    "--input in.en --output out --set decoder.0.cell[0,1]=1": "decoder.0.cell: 2 units and 1 values: give one for each",
    "--input in.en --output out --set decoder.0.cell[a]=1": "units are whole numbers and values numbers",
    "--input in.en --output out --set decoder.0.cell[0]=1e39": "decoder.0.cell: 1e39 is no float32 number",
    f"--input in.en --output out --forced {'a' * 2000}": "what is forced is too long",
    "--input in.en --output out --wrong": "unrecognized arguments: --wrong",
    "--input in.en --output out --checkpoint no-such": "no-such: no such run folder",
    "--input in.en --output out --checkpoint .": "no run.json in it",
}


@pytest.mark.parametrize("options", BAD)
def test_refusals_are_one_line_and_overwrite_nothing(command: Command, folder: Path, monkeypatch, options: str):
    monkeypatch.chdir(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    answer = command(*options.split())
    assert BAD[options] in refused(answer)
    assert answer.out == ""
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_sentences_that_cannot_be_translated(command: Command):
    assert "sentence 2 is too long" in refused(command("I am a boy.", LONG))
    assert f"where {LONGEST} can" in refused(command(LONG))
    assert "sentence 1 is not UTF-8" in refused(command("na\udcefve"))
    assert "standard input: line 2 is not UTF-8" in refused(command(stdin=b"I am\nna\xefve\n"))


def test_forced_words_and_set_units_reach_every_line(command: Command, translator: Translator):
    setting = "decoder.0.cell[0,7]=8.5,-8.5"
    options = {"forced": "Holka byla", "tap": translator.set_once([setting])}
    wanted = [found[0].text if found else "" for found in translator.nbest(SENTENCES, **options)]
    answer = command("--forced", options["forced"], "--set", setting, stdin=text(*SENTENCES))
    assert answer.lines == wanted != command("--forced", options["forced"], stdin=text(*SENTENCES)).lines
    assert all(line.startswith("Holka byla") for line in wanted if line)
    twice = command(
        "--forced", options["forced"], "--set", "decoder.0.cell[0]=1", "--set", setting, stdin=text(*SENTENCES)
    )
    assert twice == answer  # the last one counts


def test_a_write_that_fails_leaves_no_half_file(command: Command, folder: Path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "out")

    monkeypatch.setattr(os, "replace", full)
    assert "No space left" in refused(command("--input", folder / "in.en", "--output", folder / "out"))
    assert (folder / "out").read_bytes() == b"precious"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def change_json(path: Path, **changes) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty folder": (lambda run: [path.unlink() for path in run.iterdir()], "no run.json"),
    "no weights": (lambda run: (run / "best.safetensors").unlink(), "best.safetensors: no such file"),
    "no tokenizer": (lambda run: (run / "tokenizer.model").unlink(), "tokenizer.model: no such file"),
    "no words": (lambda run: (run / "words.txt").unlink(), "words.txt: no such file"),
    "cut weights": (lambda run: cut(run / "best.safetensors"), "best.safetensors: damaged"),
    "empty weights": (lambda run: (run / "best.safetensors").write_bytes(b""), "best.safetensors: damaged"),
    "one bit of a weight": (lambda run: flip(run / "best.safetensors"), "digest does not match its weights"),
    "a pickle as weights": (lambda run: (run / "best.safetensors").write_bytes(b"\x80\x04K\x01."), "damaged or no"),
    "foreign weights": (lambda run: save_file({}, run / "best.safetensors"), "not written by this program"),
    "cut tokenizer": (lambda run: cut(run / "tokenizer.model"), "tokenizer.model"),
    "empty tokenizer": (lambda run: (run / "tokenizer.model").write_bytes(b""), "tokenizer.model"),
    "words in latin-1": (lambda run: (run / "words.txt").write_bytes(b"na\xefve"), "words.txt: damaged"),
    "cut run.json": (lambda run: cut(run / "run.json"), "run.json: damaged"),
    "binary run.json": (lambda run: (run / "run.json").write_bytes(b"\xff\xfe\0"), "run.json: damaged"),
    "run.json a list": (lambda run: (run / "run.json").write_text("[]"), "run.json: damaged"),
    "run.json nested deep": (lambda run: (run / "run.json").write_text("[" * 100_000), "run.json: damaged"),
    "other format": (lambda run: change_json(run / "run.json", format="other"), "run.json: not a run"),
    "no model": (lambda run: change_json(run / "run.json", model=None), "'model' is missing"),
    "model a number": (lambda run: change_json(run / "run.json", model=7), "run.json"),
    "no units": (lambda run: change_json(run / "run.json", model={"units": 0}), "--units must be"),
    "other units": (lambda run: change_json(run / "run.json", model={"units": 16, "embedding": 6}), "does not fit"),
    "units of every atom": (
        lambda run: change_json(run / "run.json", model={"units": 10**9}),
        "does not fit run.json",
    ),
    "unknown cell": (lambda run: change_json(run / "run.json", model={"cell": "brain"}), "'brain' is not known"),
    "beam of words": (lambda run: change_json(run / "run.json", search={"beam": "x"}), "'beam' should be int"),
    "corpora a number": (lambda run: change_json(run / "run.json", corpora=3), "'corpora' should be list"),
    "corpora of numbers": (lambda run: change_json(run / "run.json", corpora=[3]), "'corpora' should be list[str]"),
    "other vocabulary": (lambda run: change_json(run / "run.json", vocabulary=12), "run.json says 12"),
    "a setting too many": (lambda run: change_json(run / "run.json", colour="red"), "'colour'"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_runs_are_refused_in_one_line(command: Command, tiny_run: Path, tmp_path: Path, sign, damage: str):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    harm, message = DAMAGE[damage]
    harm(run)
    if any(run.iterdir()):
        sign(run)  # a damage that its digest shows is test_checkpoint's
    out = tmp_path / "out"
    out.write_text("precious")
    answer = command("zebras juggle", "--output", out, folder=run)
    assert message in refused(answer)
    assert out.read_text() == "precious"


def test_files_that_do_not_belong_to_a_run_do_no_harm(command: Command, tiny_run: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    (run / "notes.txt").write_text("mine")
    (run / ".best.safetensors.x1y2").write_bytes(b"left over by a crash")
    assert command("I am a boy.", folder=run) == command("I am a boy.")


# The prompt


@pytest.fixture
def typed(monkeypatch, tmp_path: Path, tiny_run: Path, capsys) -> Callable[..., str]:
    """Types keys at the prompt, as into a terminal, and returns what was printed; the keys have to end with leaving."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")

    def converse(keys: str, run: Path = tiny_run, nbest: int | None = None) -> str:
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            pipe.send_text(keys)
            prompt.converse(seq2seq.load(run), nbest)
        return capsys.readouterr().out

    return converse


ENTER, CANCEL, LEAVE, UP, TAB, CLEAR = "\r", "\x03", "\x04", "\x1b[A", "\t", "\x15"


def test_prompt_translates_as_the_command_does(typed, translator: Translator):
    [text] = translator.translate(["I am a boy."])
    assert text in typed(f"I am a boy.{ENTER}{LEAVE}").split("\n")
    assert text in typed(f"I am a bux{chr(127) * 2}oy.{ENTER}/quit{ENTER}").split("\n")  # a corrected slip


def test_prompt_keeps_its_history_across_starts(typed, translator: Translator, tmp_path: Path):
    first = typed(f"I am a boy.{ENTER}/beam 3{ENTER}/quit{ENTER}")
    again = typed(f"{UP}{UP}{UP}{ENTER}{LEAVE}")
    assert translator.translate(["I am a boy."])[0] in again and again in first
    assert "+/beam 3" in (tmp_path / "seq2seq" / "history").read_text()


def test_prompt_without_a_place_for_history(typed, tmp_path: Path):
    (tmp_path / "seq2seq").write_text("a file where the folder should be")
    assert "beam 2" in typed(f"/beam 2{ENTER}{LEAVE}")


def test_prompt_cancels_and_leaves(typed):
    assert "leaves" not in typed(f"half a sen{CANCEL}/beam 2{ENTER}{LEAVE}").split("\n", 1)[1]
    assert "/quit or Ctrl-D leaves" in typed(f"half a sen{CANCEL}{CANCEL}{LEAVE}")


def test_ctrl_c_cancels_a_translation_that_takes_too_long(typed, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Translator, "nbest", interrupt)
    shown = typed(f"I am a boy.{ENTER}{CANCEL}/beam 2{ENTER}{LEAVE}")
    assert "\ncancelled\nbeam 2" in shown


def test_prompt_translates_pasted_lines_each(typed, translator: Translator):
    pasted = typed(f"\x1b[200~I am a boy.\nThe girl was at home.\x1b[201~{ENTER}{LEAVE}")
    for text in translator.translate(["I am a boy.", "The girl was at home."]):
        assert text in pasted.split("\n")


def test_prompt_survives_what_is_no_sentence(typed):
    shown = typed(
        ENTER.join(
            [
                "",
                "   ",
                f"\x1b[200~{LONG}\x1b[201~",
                "😀👩‍👩‍👧",
                "a\x01b\x7f\x1f",
                "/beam x",
                "/nbest 99",
                "/what",
                "/",
                LEAVE,
            ]
        )
    )
    assert "is too long" in shown
    assert "give a number from 1 to 100, not 'x'" in shown
    assert "99 translations need a beam of 99 or more, not 5: /beam 99 first" in shown
    assert "no command '/what': there are /help, /beam" in shown


class Talk(NamedTuple):
    """A conversation without a terminal, and what it printed."""

    conversation: prompt.Conversation
    paper: io.StringIO

    def __call__(self, *lines: str) -> str:
        self.paper.seek(0)
        self.paper.truncate()
        for line in lines:
            self.conversation.answer(line)
        return self.paper.getvalue()


@pytest.fixture
def talk(tiny_run: Path) -> Callable[..., Talk]:
    def begin(run: Path = tiny_run, **options) -> Talk:
        paper = io.StringIO()
        console = Console(**{"file": paper, "width": 100, "highlight": False, **options})
        conversation = prompt.Conversation(seq2seq.load(run), console=console)
        conversation.by_hand = config.UserError("no gender here")  # as it would find out in seconds: nobody trained it
        return Talk(conversation, paper)

    return begin


def test_commands_say_what_they_set(talk):
    say = talk()
    assert say("/beam 3", "/beam", "/nbest 2", "/nbest") == (
        "beam 3, nbest 1\nbeam 3, nbest 1\nbeam 3, nbest 2\nbeam 3, nbest 2\n"
    )
    assert len(say("I am a boy.").splitlines()) == 2
    assert say("/beam 1") == "beam 1, nbest 1\n"
    assert len(say("I am a boy.").splitlines()) == 1
    assert all(name in say("/help") for name in say.conversation.commands)
    with pytest.raises(prompt.Quit):
        say("/quit")


def test_new_words_are_said_once_at_the_prompt(talk, capsys):
    talk()("zebras juggle", "walruses juggle")
    assert capsys.readouterr().err.count("new to this run") == 1


def test_attention_is_a_distribution_over_the_source_words(talk):
    say = talk()
    assert say("/attention") == "nothing to show yet: translate a sentence first\n"
    say.conversation.last = ("The girl was at home.", "Holka byla doma.")
    header, *rows = say("/attention").splitlines()
    assert header.split() == ["Holka", "byla", "doma", "."]
    assert [row.split()[0] for row in rows] == ["The", "girl", "was", "at", "home", ".", "(elsewhere)"]
    columns = zip(*([float(value) for value in row.split()[1:]] for row in rows))
    assert all(abs(sum(column) - 1) < 0.04 for column in columns)  # seven numbers, rounded to two places


def test_a_run_without_attention_says_so(talk, make_run, tiny_model):
    say = talk(make_run(tiny_model("none")))
    say.conversation.last = ("The girl was at home.", "Holka byla doma.")
    assert "no attention" in say("/attention") and say("/attention").count("\n") == 1
    assert "decoder.0.cell[" in say("/trace")


def test_trace_shows_the_units_that_change_most(talk, translator: Translator):
    say = talk()
    pair = say.conversation.last = ("The girl was at home.", "Holka byla doma.")
    values = translator.trace(*pair).words("decoder.0.cell", 0)
    why, title, header, *rows = say("/trace").splitlines()
    assert (why, title) == ("no gender here", "so the 5 of 8 units that change most:")
    assert header.split() == ["Holka", "byla", "doma", "."]
    shown = {int(re.search(r"\[(\d+)\]", row)[1]): row.split()[1:] for row in rows}
    spread = values.amax(0) - values.amin(0)
    assert set(shown) == set(spread.topk(5).indices.tolist())
    assert shown == {unit: [f"{value:+.2f}" for value in values[:, unit].tolist()] for unit in shown}


def test_a_wide_table_is_cut_and_a_terminal_has_colours(talk):
    narrow, wide = talk(width=40), talk(force_terminal=True, color_system="truecolor")
    for say in (narrow, wide):
        say.conversation.last = ("The girl was at home.", " ".join(["Holka"] * 30))
    assert max(map(len, narrow("/trace").splitlines())) <= 40
    assert narrow("/trace").count("Holka") == 30 and "\x1b" not in narrow("/trace")
    assert "\x1b[30;48;2;" in wide("/trace")


def test_a_translation_without_words_has_nothing_to_show(talk):
    say = talk()
    say.conversation.last = ("The girl was at home.", "")
    assert "has no words" in say("/attention") and "has no words" in say("/trace")


anything = st.text(st.characters(), max_size=20)  # control characters and lone surrogates among them
spoken = st.sampled_from(
    [
        "/help",
        "/beam",
        "/nbest",
        "/attention",
        "/trace",
        "/units",
        "/gates",
        "/gates I",
        "/flip",
        "/flip from",
        "/steer",
    ]
    + ["/steer fem 2", "/steer masc from I", "/", "//", "I am a boy.", "👩‍👩‍👧 e\u0301"]
)


@quick
@given(
    st.lists(st.one_of(anything, spoken, st.builds("{} {}".format, spoken, anything | st.integers(-1, 3))), max_size=4)
)
def test_no_line_breaks_the_prompt(talk, said: list[str]):
    say = talk()
    say("/beam 1")
    printed = say(*said)
    assert not set(map(ord, printed)) & set(range(32)) - {9, 10}  # nothing that controls a terminal


# As its own process: what a start imports, pipes, terminals


def start(run: Path, *options: str, **keywords) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *keywords.pop("python", ()), str(SCRIPT), "--checkpoint", str(run), *options],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **keywords},
    )


def test_a_sentence_waits_for_no_heavy_import(tiny_run: Path, tmp_path: Path, translator: Translator):
    """From another folder, in a locale that knows no Czech."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    process = start(
        tiny_run, "I am a boy.", python=("-X", "importtime"), cwd=tmp_path, env=environment, encoding="utf-8"
    )
    out, err = process.communicate(timeout=120)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in err.splitlines()}
    assert (process.returncode, out) == (0, translator.translate(["I am a boy."])[0] + "\n")
    assert "torch" in imported and not imported & set(HEAVY)


def test_a_filter_answers_line_by_line_and_stops_with_its_reader(tiny_run: Path, translator: Translator):
    process = start(tiny_run)
    for sentence in ("I am a boy.", "The girl was at home."):  # who waits for each answer gets it
        process.stdin.write(sentence + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == translator.translate([sentence])[0] + "\n"
    process.stdout.close()  # as head does
    process.stdin.write("I am a girl.\n" * 3)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == ""


def test_a_dumb_terminal_gets_plain_text(tiny_run: Path, translator: Translator):
    mine, its = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), its)
    process = start(tiny_run, **streams, env={**os.environ, "TERM": "dumb"}, preexec_fn=lambda: os.login_tty(0))
    os.close(its)
    everything = b""

    def wait_for(text: str) -> None:
        nonlocal everything
        shown, end = b"", time.monotonic() + 30
        while text.encode() not in shown:
            assert select.select([mine], [], [], max(0, end - time.monotonic()))[0], (text, shown)
            shown += os.read(mine, 4096)
        everything += shown
        time.sleep(0.3)  # a prompt is shown a moment before Python listens

    wait_for("> ")
    os.write(mine, b"I am a boy.\n")
    wait_for(translator.translate(["I am a boy."])[0] + "\r\n> ")
    os.write(mine, b"half\x03")
    wait_for("^C\r\n> ")
    os.write(mine, b"\x03")
    wait_for("/quit or Ctrl-D leaves\r\n> ")
    os.write(mine, b"\x04")
    assert process.wait(timeout=60) == 0
    os.close(mine)
    assert b"\x1b" not in everything and b"Traceback" not in everything
