"""A hand on the state: words forced and units set, from the command line and at the prompt."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

import seq2seq
from corpora.agreement import load as agreement
from corpora.agreement import pinned
from corpora.agreement.lexicon import NOUNS
from seq2seq import prompt
from seq2seq.config import HOUSE, UserError
from seq2seq.model import Model, ModelSettings
from seq2seq.probing.by_hand import exchanged, forms, partner_of
from seq2seq.probing.interventions import Experiment, at_start
from seq2seq.probing.stimuli import Partners, select
from seq2seq.search import SearchSettings
from seq2seq.taps import set_once
from seq2seq.tokenizer import Tokenizer
from seq2seq.translator import Translator

BOY = "I am a boy who likes to learn."


# Words forced, units set


def spelt(site: str, units: list[int], values: torch.Tensor) -> str:
    return f"{site}[{','.join(map(str, units))}]={','.join(map(repr, values.tolist()))}"


@pytest.mark.parametrize(
    "attention, layers, cell", [("none", 1, "lstm"), ("late", 2, "lstm"), ("late", 1, "clockwork")]
)
@pytest.mark.parametrize("beam", [1, 4])
def test_forced_and_set_say_what_an_experiment_says(tiny_model, tokenizer, attention, layers, cell, beam):
    """The same words from the same values, to the letter, wherever the cut and whichever the state."""
    model = tiny_model(attention, layers, cell=cell).double()  # float32 rounds by the size of the batch
    translator = Translator(model, tokenizer)
    stimuli = select(agreement("dev"), tokenizer, "lexical", 2)
    experiment, generator = Experiment(translator, stimuli), torch.Generator().manual_seed(1)
    units, changed = [1, 4, 6], 0
    for site in experiment.states:
        values = 3 * torch.randn(len(stimuli), len(units), generator=generator)
        said = experiment.go_on(range(len(stimuli)), lambda part: at_start(site, values[part], units), beam)  # noqa: B023
        own = experiment.go_on(range(len(stimuli)), beam=beam)
        changed += sum(one != other for one, other in zip(said, own))
        for stimulus, value, wanted, before in zip(stimuli, values, said, own):
            options = {
                "beam": beam,
                "exponent": SearchSettings().exponent,
                "forced": tokenizer.decode(stimulus.pieces[: stimulus.position]),
            }
            tap = translator.set_once([spelt(site, units, value)])
            assert translator.translate([stimulus.pair.source], tap=tap, **options) == [wanted.text]
            assert translator.translate([stimulus.pair.source], **options) == [before.text]
    assert changed


def test_what_is_forced_stands_before_what_is_free(tiny_model, tokenizer):
    translator = Translator(tiny_model(), tokenizer)
    [whole] = translator.translate([BOY], beam=1)
    words = whole.split()
    for cut in range(len(words)):
        prefix = " ".join(words[:cut])
        if tokenizer.encode(prefix) == tokenizer.encode(whole)[: len(tokenizer.encode(prefix))]:
            assert translator.translate([BOY], beam=1, forced=prefix) == [whole]
    for found in translator.nbest([BOY, "", "The girl was at home."], 3, forced="Holka")[::2]:
        assert len(found) == 3 and all(each.text.startswith("Holka") for each in found)


@given(
    st.lists(st.tuples(st.integers(0, 7), st.floats(width=32, allow_nan=False, allow_infinity=False)), min_size=1,
             unique_by=lambda pair: pair[0])
)  # fmt: skip
def test_values_are_taken_to_the_bit(wanted):
    units, values = zip(*wanted)
    value = torch.tensor(values)
    tap = set_once(spelt("decoder.0.cell", list(units), value), {"decoder.0.cell": 8})
    before = torch.ones(2, 8)
    after = before.clone()
    after[:, list(units)] = value
    assert torch.equal(tap("decoder.0.cell", 0, before), after) and torch.equal(before, torch.ones(2, 8))
    assert tap("decoder.0.cell", 1, before) is before and tap("decoder.0.hidden", 0, before) is before


@given(st.text(max_size=30) | st.from_regex(r"decoder\.0\.cell\[.{0,8}\]=.{0,12}", fullmatch=True))
def test_what_sets_nothing_is_refused_in_one_line(text):
    try:
        tap = set_once(text, {"decoder.0.cell": 8})
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert len(tap.units) == len(tap.value) and tap.value.isfinite().all()


# At the prompt: a run that knows gender

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"
Say = Callable[..., list[str]]


@pytest.fixture(scope="module")
def conversation() -> prompt.Conversation:
    """The demo run's, whose gender units are chosen once for all tests."""
    made = prompt.Conversation(seq2seq.load(DEMO), console=Console(file=io.StringIO(), width=100))
    made.gender_units()
    return made


@pytest.fixture
def say(conversation: prompt.Conversation) -> Iterator[Say]:
    """Says lines at the prompt: the lines that answer the last one. Greedy, so that one decoding can be told from another."""
    before = conversation.console, conversation.last, conversation.translator.settings

    def speak(*lines: str, **options) -> list[str]:
        for line in lines:
            paper = io.StringIO()
            conversation.console = Console(**{"file": paper, "width": 100, "highlight": False, **options})
            conversation.answer(line)
        return paper.getvalue().splitlines()

    speak("/beam 1")
    yield speak
    conversation.console, conversation.last, conversation.translator.settings = before


def after(lines: list[str]) -> str:
    """The translation that a change ended in, its marks left out."""
    [line] = [line for line in lines if line.startswith("now: ")]
    return " ".join(line.removeprefix("now: ").replace("[", "").replace("]", "").split())


def test_flip_is_the_interchange_of_the_study(conversation, say):
    boy, girl = select(pinned(), conversation.translator.tokenizer, "lexical", 1)
    experiment = Experiment(conversation.translator, [boy, girl])
    units = [torch.tensor(conversation.gender_units().units)]
    for own, donor in ((0, 1), (1, 0)):
        pair = experiment.stimuli[own].pair
        assert say(pair.source) == [pair.target]
        [[wanted]] = experiment.interchange([Partners(own, donor)], units)
        shown = say("/flip")
        assert after(shown) == wanted.text != pair.target
        assert repr(experiment.stimuli[donor].pair.target) in shown[0] and "exchanged" in shown[0]


def test_what_differs_is_marked_and_stands_under_what_it_was(say):
    _, was, now = say(BOY, "/flip")
    assert was == "was: Jsem kluk, [který] se [rád]  učí." and now == "now: Jsem kluk, [která] se [ráda] učí."
    assert "[" not in "".join(say("/flip", force_terminal=True, no_color=False)[1:]).replace("\x1b[", "")
    assert "[která]" in say("/flip", force_terminal=True, no_color=True)[2]
    assert max(map(len, say("/flip", width=20)[1:])) <= 20


@pytest.mark.parametrize("dose", [0.5, 1, 3])
def test_steering_sets_what_a_clamp_is_defined_as(conversation, say, dose):
    known, translator = conversation.gender_units(), conversation.translator
    [target] = say(BOY)
    same, different = (known.means[gender][known.units] for gender in ("masculine", "feminine"))
    word = known.noun(target)
    own = translator.trace(BOY, target, [known.site]).values[known.site][0, word.last + 1, known.units]
    value = (1 - dose) * own + dose * different if dose <= 1 else different + (dose - 1) * (different - same)
    tap = translator.set_once([spelt(known.site, known.units, value)])
    assert after(say(f"/steer fem {dose}")) == translator.translate([BOY], tap=tap, forced="Jsem kluk")[0]
    assert say("/steer fem 0")[-1] == "nothing changed"


def test_gender_units_are_those_furthest_apart(conversation, say):
    known = conversation.gender_units()
    apart = (known.means["feminine"] - known.means["masculine"]).abs()
    assert len(known.units) == len(apart) // 8
    assert torch.equal(apart.topk(len(known.units)).indices.sort().values, torch.tensor(known.units).sort().values)
    how, _, *rows = say("/units")
    assert f"{known.nouns} nouns in {known.sentences} sentences" in how and known.nouns >= 20
    for unit, row in zip(known.units, rows):
        shown = [float(value) for value in row.split()[1:]]
        assert row.startswith(f"{known.site}[{unit}]")
        assert shown == pytest.approx([float(known.means[g][unit]) for g in ("masculine", "feminine")], abs=0.006)


def test_what_gates_shows_is_the_equation_of_the_cell(say):
    say(BOY)
    for word in ("Jsem", "KLUK", "který", "."):
        rows = [[float(value) for value in row.split()[2:]] for row in say(f"/gates {word}")[3:]]
        assert len(rows) == prompt.UNITS
        for before, i, f, g, o, c, h in rows:
            assert c == pytest.approx(f * before + i * g, abs=0.07)  # two places, and a cell of up to ten
            assert h == pytest.approx(o * torch.tensor(c).tanh().item(), abs=0.02)


def test_strips_of_the_gender_units_stand_under_the_words(conversation, say):
    known = conversation.gender_units()
    [target] = say(BOY)
    values = conversation.translator.trace(BOY, target, [known.site]).words(known.site, 0)
    _, header, *rows = say("/trace")
    assert header.split() == ["Jsem", "kluk", ",", "který", "se", "rád", "učí", "."]
    for unit, row in zip(known.units, rows):
        higher = known.means["feminine"][unit] > known.means["masculine"][unit]
        assert row.split()[:2] == [f"{known.site}[{unit}]", "f+" if higher else "f−"]
        assert row.split()[2:] == [f"{value:+.2f}" for value in values[:, unit].tolist()]


SAID = {
    "/flip from": "say one word of the translation after from",
    "/flip from kluk který": "say one word of the translation after from",
    "/flip from pes": "the translation has no word 'pes': it has Jsem kluk",
    "/flip kluk": "/flip takes from WORD, not 'kluk'",
    "/flip from který": "at 'který' 32 units of decoder.0.cell steered to the mean of feminine nouns, dose 1",
    "/steer": "/steer takes fem or masc",
    "/steer neuter": "/steer takes fem or masc",
    "/steer fem much": "give a dose from 0 to 100, not 'much'",
    "/steer fem nan": "give a dose from 0 to 100, not 'nan'",
    "/steer fem -1": "give a dose from 0 to 100, not '-1'",
    "/steer fem 1 2": "/steer takes fem or masc",
    "/steer masc 2 from se": "at 'se' 32 units of decoder.0.cell steered to the mean of masculine nouns, dose 2",
    "/gates": "name a word of: Jsem kluk",
    "/gates 👩": "the translation has no word '👩'",
}


@pytest.mark.parametrize("line", SAID)
def test_what_is_said_of_odd_arguments(say, line):
    say(BOY)
    assert SAID[line] in say(line)[0]


def test_without_a_noun_it_asks_for_a_word(conversation, say):
    conversation.last = ("They sing.", "Zpívají.")
    assert say("/flip") == [
        "the translation has no noun that the lexicon knows: say from which word, as in /flip from WORD"
    ]
    assert "nothing tells the gender of 'Zpívají'" in say("/flip from zpívají")[0]


def test_a_run_that_knows_no_gender_says_so(tiny_run):
    paper = io.StringIO()
    made = prompt.Conversation(seq2seq.load(tiny_run), console=Console(file=paper, width=100))
    made.last = ("The girl was at home.", "Holka byla doma.")
    for line in ("/units", "/flip", "/steer fem", "/trace"):
        made.answer(line)
    lines = paper.getvalue().splitlines()
    assert "once …" in lines[0] and len({*lines[1:5]}) == 1 and "says only" in lines[1]
    assert lines[5] == "so the 5 of 8 units that change most:"


def test_words_that_training_never_saw_are_marked(say):
    [marked, _] = say("The zebra was at home, zebra.")
    assert marked == "The [zebra] was at home, [zebra].  (marked: never seen in training)"
    assert len(say("The girl was at home.")) == 1


# Nouns and their partners


def test_exchanging_the_noun_makes_the_partner_sentence_of_the_corpus():
    frames: dict[tuple[str, str], dict[str, str]] = {}
    for pair in agreement("dev"):
        if pair.factors.family == "lexical" and not pair.factors.nouns[0].plural:
            frames.setdefault((pair.factors.template, pair.factors.frame), {})[pair.factors.nouns[0].english] = (
                pair.source
            )
    nouns = [noun for noun in NOUNS if partner_of(noun)]
    compared = 0
    for sentences in frames.values():
        for noun in nouns:
            if noun.english in sentences and (partner := partner_of(noun)).english in sentences:
                compared += 1
                assert exchanged(sentences[noun.english], noun, partner) == sentences[partner.english]
    assert compared > 20


def test_articles_follow_the_partner():
    nouns = {noun.english: noun for noun in NOUNS}
    assert exchanged("A host met the hosts.", nouns["host"], nouns["hostess"]) == "A hostess met the hosts."
    assert exchanged("An heir and he.", nouns["heir"], nouns["heiress"]) == "An heiress and she."


def test_every_form_leads_to_a_noun_that_has_it():
    for form, noun in forms().items():
        assert form in {each.lower() for each in noun.forms.values()}
        assert (partner := partner_of(noun)) is None or {noun.gender, partner.gender} == {"masculine", "feminine"}
    assert forms()["kluka"].english == "boy" and forms()["holku"].english == "girl"


def test_a_piece_that_two_signs_share_is_not_looked_at_twice(monkeypatch):
    tokenizer = Tokenizer.train(["Ahoj!! Boy!!", "Girl!! Kluk!!"] * 50, 280)
    translator = Translator(Model(ModelSettings(units=8, embedding=6), len(tokenizer)).eval(), tokenizer)
    words = tokenizer.align(tokenizer.encode("Boy!!"))
    assert words[-1].first == words[-2].first and [word.text for word in words[-2:]] == ["!", "!"]
    conversation, drawn = prompt.Conversation(translator, 1), []
    monkeypatch.setattr(conversation, "said", lambda: ("Boy!!", "Kluk"))
    monkeypatch.setattr(
        conversation, "draw", lambda rows, columns, values, form: drawn.extend(zip(rows, values[:, 0].tolist()))
    )
    conversation.show_attention("")
    looked = dict(drawn)  # the two signs are one row here
    assert sum(looked.values()) == pytest.approx(1) and min(looked.values()) > 0


# Keys


def test_commands_and_their_arguments_are_completed(conversation, say):
    say(BOY)
    complete = conversation.completions
    assert complete("/") == sorted(conversation.commands) and complete("/fl") == ["/flip"]
    assert complete("/steer ") == ["fem", "masc"] and complete("/steer fem f") == ["from"]
    assert complete("/flip from k") == complete("/gates k") == ["kluk", "který"]
    assert complete("/steer fem 2 from se") == ["se"]
    for line in ("/fl", "/flip from k", "/steer "):  # a completion replaces what of the last word has been typed
        found = prompt.Arguments(conversation).get_completions(Document(line), CompleteEvent())
        typed = [line[: len(line) + each.start_position] + each.text for each in found]
        assert typed == [f"{line.rpartition(' ')[0]} {option}".lstrip() for option in complete(line)]
    assert complete("I am a b") == complete("/what ") == complete("/flip from kluk ") == []


ENTER, LEAVE = "\r", "\x04"
SESSION = [  # what is typed, what is shown
    (BOY, "Jsem kluk, který se rád učí."),
    ("/flip", "now: Jsem kluk, [která] se [ráda] učí."),
    ("/steer fem 2", "steered to the mean of feminine nouns, dose 2"),
    ("/units", "furthest apart"),
    ("/trace", "f+: higher for feminine nouns"),
    ("/gates kluk", "as 'kluk' was read"),
    ("/attention", "this run has no attention"),
    ("/gates 😀", "the translation has no word '😀'"),
    ("/flip from\x01\x1b[D", "say one word of the translation after from"),
    ("/what", "no command '/what'"),
    (f"\x1b[200~{'boy ' * 5000}\x1b[201~", "is too long"),
    ("zebra 😀", "[zebra] 😀"),
    ("/beam 0", "give a number from 1 to 100"),
    ("/nbest 2", "nbest 2"),
    ("/help", "any other line is translated"),
]


def test_a_session_is_answered_line_by_line(conversation, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(prompt, "Conversation", lambda *_: conversation)
    monkeypatch.setattr(conversation, "console", Console(highlight=False, width=200))
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("".join(typed + ENTER for typed, _ in SESSION) + LEAVE)
        prompt.converse(conversation.translator)
    shown = capsys.readouterr().out
    for _, wanted in SESSION:  # each after the one before it
        assert wanted in shown, (wanted, shown)
        shown = shown[shown.index(wanted) :]


def test_being_asked_to_end_ends_the_prompt(tiny_run):
    """There Ctrl-C cancels a line; a SIGTERM is not to be taken for it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, HOUSE / "translate.py", "--checkpoint", tiny_run]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "dumb"})
    os.close(theirs)
    try:
        shown = b""
        while prompt.PROMPT.encode() not in shown:
            shown += os.read(ours, 1000)
        time.sleep(1)  # a signal that comes just before it begins to read is heard after the line only
        running.terminate()
        assert running.wait(timeout=60) == 130
    finally:
        running.kill()
        os.close(ours)
