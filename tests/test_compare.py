"""The study of all cells: equal networks, a training that goes on where it stopped, comparisons with known answers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy
import pytest

from corpora.agreement import load as agreement
from corpora.records import CorpusError
from seq2seq import checkpoint
from seq2seq.cells import CELLS
from seq2seq.config import UserError, settings
from seq2seq.model import Model, ModelSettings
from seq2seq.probing import __main__ as command
from seq2seq.probing import gradients
from seq2seq.probing.compare import measuring, page, training
from seq2seq.probing.compare.comparison import AGREEMENT, EXACT, compare
from seq2seq.probing.compare.measuring import EVERYWHERE, Measured, Preferred, Seat, Slope, conditions, measure, revived
from seq2seq.probing.compare.training import FULL, QUICK, Job, equal_units, plan, weights
from seq2seq.probing.family import Size as Stimuli
from seq2seq.probing.statistics import Estimate, holm
from seq2seq.training import RECIPES
from seq2seq.translator import load

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"
PAIRS = agreement("test")[::20]


def run(cell: str, seed: int, outputs: list[str]) -> Measured:
    rate, slope = Estimate(0.5, 0.4, 0.6, 9, 9), Slope("trained", "random pieces", Estimate(-0.1, -0.2, 0, 9, 9))
    fresh = replace(slope, weights="untrained")
    seat = Seat("decoder.1.cell", "memory", 2, rate, 0.5)
    return Measured(
        f"{cell}-{seed}", cell, seed, 8, 1000, 1e-3, "0" * 16, 100.0, outputs, [slope, fresh],
        [Preferred("all", rate)], rate, [seat], [], [],
        {"how long <it> is kept": "too few"},
    )  # fmt: skip


# What is trained


@pytest.mark.parametrize("size", [FULL, QUICK], ids=lambda size: size.name)
def test_all_cells_have_equally_many_weights(size):
    own = settings(ModelSettings, RECIPES["demo"].model, size.options)
    wanted = weights(own, 3000)
    for cell in CELLS:
        units = equal_units(cell, size.options)
        assert abs(weights(replace(own, cell=cell, units=units), 3000) / wanted - 1) <= training.EQUAL
        assert cell != "lstm" or units == own.units


def test_weights_are_those_of_the_network():
    shape = ModelSettings(cell="grid", layers=2, units=12, embedding=6)
    assert weights(shape, 50) == sum(each.numel() for each in Model(shape, 50).parameters())


def test_a_network_too_small_to_be_equalled_is_refused(monkeypatch):
    monkeypatch.setattr(training, "EQUAL", 0.0)
    with pytest.raises(UserError, match="no gru network comes within 0%"):
        equal_units("gru", QUICK.options)


def test_a_plan_has_every_cell_and_seed_alike_but_for_units_and_rate(monkeypatch):
    monkeypatch.setattr(training, "equal_units", lambda cell, options: 8)
    jobs = plan(FULL, 3, None, None, "captions")
    assert len({each.name for each in jobs}) == len(jobs) == 3 * len(CELLS) + 3
    assert {each.cell for each in jobs[: len(CELLS)]} == set(CELLS), "the first seed of all cells first"
    own, real = jobs[: 3 * len(CELLS)], jobs[3 * len(CELLS) :]
    changing = {"cell", "units", "seed", "learning_rate"}
    [alike] = {json.dumps({k: v for k, v in each.settings.items() if k not in changing}) for each in own}
    assert json.loads(alike)["max_steps"] == FULL.steps and json.loads(alike)["layers"] == 2
    assert [each.cell for each in real] == list(training.REAL_TEXT)
    assert all(each.settings["corpus"] == ["captions"] and each.settings["seed"] == 1 for each in real)


def test_a_run_is_trained_once_goes_on_where_it_stopped_and_keeps_its_settings(pairs, tmp_path, capsys):
    """The real thing: train.py as a process."""
    for split, part in (("train", pairs), ("dev", pairs[:4]), ("test", pairs[:4])):
        for side, texts in (("en", [each.source for each in part]), ("cs", [each.target for each in part])):
            (tmp_path / f"{split}.{side}").write_text("".join(f"{text}\n" for text in texts))
    options = {"corpus": str(tmp_path), "cell": "gru", "units": 8, "embedding": 6, "vocabulary": 400, "max_steps": 2}
    job, folder = Job("gru-1", "gru", options), tmp_path / "gru-1"
    training.check(job, folder)
    assert training.train(job, folder) is None
    training.check(job, folder)
    finished = (folder / checkpoint.BEST).read_bytes()
    assert "step 2 " in capsys.readouterr().out
    assert training.train(job, folder) is None and not capsys.readouterr().out, "it is not trained again"
    (folder / checkpoint.SCORES).unlink()
    assert training.train(job, folder) is None
    assert "resumed at step 2" in capsys.readouterr().out and (folder / checkpoint.SCORES).is_file()
    assert (folder / checkpoint.BEST).read_bytes() == finished
    with pytest.raises(UserError, match=r"--max-steps 2, this study asks for 3"):
        training.check(replace(job, options={**options, "max_steps": 3}), folder)


def test_how_a_training_ended_decides_what_follows(tmp_path, monkeypatch):
    """A training that diverged is a result; one that was refused ends the study, in its own words."""
    monkeypatch.setattr(training, "TRAIN", tmp_path / "train.py")
    with pytest.raises(UserError, match="it needs the whole repository"):
        training.train(Job("none", "gru", {}), tmp_path / "none")
    for status, said in ((3, "loss nan"), (2, "--units must be even")):
        training.TRAIN.write_text(f"print('train.py: {said}')\nraise SystemExit({status})\n")
        if status == training.DIVERGED:
            assert training.train(Job("wild", "gru", {}), tmp_path / "wild") == "loss nan"
        else:
            with pytest.raises(UserError, match="training bad ended with status 2: --units must be even"):
                training.train(Job("bad", "gru", {}), tmp_path / "bad")


def test_an_interrupted_study_lets_the_training_save(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "TRAIN", tmp_path / "train.py")
    saves = f"lambda *_: (open({str(tmp_path / 'saved')!r}, 'w').close(), exit(130))"
    training.TRAIN.write_text(
        f"import signal, time\nsignal.signal(signal.SIGTERM, {saves})\nprint('begun', flush=True)\ntime.sleep(60)\n"
    )

    def interrupted(text: str, **_: object) -> None:
        if "begun" in text:
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupted)
    with pytest.raises(KeyboardInterrupt):
        training.train(Job("gru-1", "gru", {}), tmp_path / "gru-1")
    assert (tmp_path / "saved").is_file()


# What is measured


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Measured:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradients, "LENGTH", 20)
        patch.setattr(measuring, "test_pairs", lambda run: PAIRS[:12])
        small = replace(QUICK, stimuli=Stimuli("tiny", frames=100, draws=2, recipients=12, events=40, cuts=0))
        return measure(load(DEMO), Job("lstm-1", "lstm", {"corpus": "agreement"}), DEMO, small, 1, lambda *_: None)


def test_the_demo_is_measured(found):
    assert found.understood and found.understood.value > 0.5 and len(found.outputs) == 12
    memory, hidden, *encoder = found.seats
    assert (memory.site, hidden.site) == ("decoder.0.cell", "decoder.0.hidden") and len(encoder) == 2
    assert memory.area.value > 0.9 and all(0 <= each.untrained <= 1 for each in found.seats)
    where = {each.where: each.rate for each in found.preferred}
    assert (
        where[measuring.EVERYWHERE].value > 0.9
        and where[measuring.DONORS[1]].value > 0.9 > 0.1 > where[measuring.DONORS[0]].value
    )
    assert sum(each.n for name, each in where.items() if " words, " in name) == where[measuring.EVERYWHERE].n
    assert {each.direction for each in found.moved} == {"masculine → feminine", "feminine → masculine"}
    assert [each.what for each in found.moved] == [what for what in measuring.PARTS for _ in range(2)]
    eighth, *eighths, last, whole = found.moved[::2]
    assert all(replace(each, what=eighth.what) == eighth for each in eighths), "the demo has one layer"
    assert (
        replace(last, what=whole.what) == whole
        and (eighth.draws, whole.draws) == (2, 0)
        and whole.all_words.value > 0.5
    )
    assert all(len(each.distance) == 5 and not each.kept for each in found.kept), (
        "four words, and no forget gates asked"
    )
    assert found.tokens_per_second > 0 and found.slopes[0].slope.value < 0


def test_what_was_measured_is_read_back_as_it_was(found):
    assert revived(Measured, json.loads(json.dumps(asdict(found)))) == found


def test_a_run_that_understands_nothing_is_not_probed(tiny_run, monkeypatch, tmp_path):
    monkeypatch.setattr(gradients, "LENGTH", 20)
    monkeypatch.setattr(measuring, "test_pairs", lambda run: PAIRS[:2])
    monkeypatch.setattr(measuring, "probed", lambda *_: agreement("probe")[:400])
    monkeypatch.setattr(measuring, "speed", lambda folder: 1.0)
    out = tmp_path / "runs" / "lstm-1"
    out.parent.mkdir()
    out.symlink_to(tiny_run)
    job = Job("lstm-1", "lstm", {"corpus": "agreement"})
    small = replace(QUICK, stimuli=replace(QUICK.stimuli, frames=5))
    got = measuring.measured(job, tmp_path, small, 1)
    assert got.understood is None and not got.seats and not got.moved and not got.kept
    assert "train it on the agreement corpus" in got.not_measured["where gender sits, and what moves it"]
    monkeypatch.setattr(measuring, "measure", None)
    assert measuring.measured(job, tmp_path, small, 1) == got, "it is not measured again"
    path = tmp_path / "measured" / "lstm-1.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["asked"]["measures"] -= 1
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TypeError, match="not callable"):  # what an earlier version measured is measured again
        measuring.measured(job, tmp_path, small, 1)


# What is compared


def test_accuracies_are_of_every_condition_and_differences_have_their_sign():
    right, wrong = [each.target for each in PAIRS], ["ne" for _ in PAIRS]
    made = compare({}, [run("lstm", 1, right), run("tanh", 1, wrong), run("gru", 1, right)], PAIRS, 1)
    assert [each.where for each in made.accuracies if each.cell == "gru" and each.what == AGREEMENT] == [
        *conditions(PAIRS)
    ]
    assert all(each.rate.value == (each.cell != "tanh") for each in made.accuracies)
    for each in made.compared:
        assert each.gain.value == (each.cell == "tanh")
        assert each.p is None or (each.p < 0.05) == (each.cell == "tanh")
    known = [each for each in made.compared if each.p is not None]
    assert [each.corrected for each in known] == holm([each.p for each in known])
    assert sum(len(rows) for where, rows in conditions(PAIRS).items() if where != EVERYWHERE) == len(PAIRS)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_difference_is_the_difference_of_the_lemma_means(seed):
    """Independent re-implementation, in two seeds; turned about, its sign turns."""
    said = numpy.random.default_rng(seed).binomial(1, (0.6, 0.4), (len(PAIRS), 2))
    text = lambda column: [pair.target if each[column] else "ne" for pair, each in zip(PAIRS, said)]
    runs = [run(cell, seed, text(column)) for seed in (1, 2) for column, cell in enumerate(("lstm", "gru"))]
    turned = [replace(each, cell={"lstm": "gru", "gru": "lstm"}[each.cell]) for each in runs]
    there, back = (compare({}, each, PAIRS, 1) for each in (runs, turned))
    [own], [other] = ([each for each in made.compared if each.what == EXACT] for made in (there, back))
    lemmas = {pair.factors.lemma for pair in PAIRS}
    of = {name: [a - b for pair, (a, b) in zip(PAIRS, said) if pair.factors.lemma == name] for name in lemmas}
    assert own.gain.value == pytest.approx(numpy.mean([numpy.mean(each) for each in of.values()]))
    assert other.gain.value == pytest.approx(-own.gain.value) and other.p == pytest.approx(own.p, abs=0.05)


# What is shown


class Text(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_the_page_and_the_tables_hold_every_run(tmp_path):
    right = [each.target for each in PAIRS]
    made = compare({"corpus": "a <b>"}, [run("lstm", 1, right), run("tanh", 1, right[::-1])], PAIRS, 1)
    written = page.save(made, tmp_path, "python -m <it>")
    read = Text((tmp_path / "compare.html").read_text(encoding="utf-8"))
    assert "it" not in read.tags and "python -m <it>" in read.text and "how long <it> is kept" in read.text
    content = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))
    assert [each["run"] for each in content["runs"]] == ["lstm-1", "tanh-1"]
    assert {each.name for each in written} >= {"runs.csv", "runs.seats.csv", "accuracies.csv", "compared.csv"}
    said = page.summary(made)
    for row in page.table(made):
        assert all(each in said and each in read.text for each in row)
    assert all(not line.endswith(" ") for line in said.splitlines())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--study", "compare", "checkpoints/demo"], "CHECKPOINT is not read with --study compare"),
        (["--study", "compare", "--seeds", "0"], "--seeds: must be 1 or more"),
        (["--study", "compare", "--max-steps", "-1"], "--max-steps: must be 1 or more"),
        (["checkpoints/demo", "--multi30k", "multi30k"], "but with --study compare"),
        (["--study", "compare", "--quick", "--multi30k", "no/such"], "no/such"),
        (["checkpoints/demo", "--limit", "5"], "but with --trace"),
        (["checkpoints/demo", "--quick", "--out", "/proc/here"], "--out /proc/here cannot be written"),
        (["checkpoints/demo", "--quick", "--out", "README.md"], "README.md is a file"),
    ],
)
def test_what_makes_no_sense_is_refused(line, words, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["probing", *line])
    with pytest.raises((UserError, CorpusError), match=words):
        command.main()
