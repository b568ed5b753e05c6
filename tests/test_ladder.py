"""The ladder's verdicts, on results written by hand; and the whole command on the demo run, with what it leaves behind."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from seq2seq.config import UserError
from seq2seq.probing import __main__ as command
from seq2seq.probing.causal import Causal, Control, Effect
from seq2seq.probing.ladder import (
    NO,
    NOT_MEASURED,
    UNDECIDED,
    YES,
    Rung,
    above,
    all_of,
    hypotheses,
    necessary,
    replicated,
    specific,
    sufficient,
)
from seq2seq.probing.report import answer, page, summary
from seq2seq.probing.statistics import Estimate, holm

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"


def of(value: float, half: float = 0.05) -> Estimate:
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), 40, 16)


def effect(name: str, flipped: Estimate, kept: Estimate, chrf: float = 100.0, number: float = 1.0) -> Effect:
    nothing = of(0.0)
    return Effect(
        name, "decoder.0.cell", 2, "once", "masculine → feminine", 1, flipped, flipped, kept, nothing, 0.01, nothing,
        replace(nothing, value=chrf), nothing, of(number), nothing,
    )  # fmt: skip


def caused(
    flipped: Estimate, kept: Estimate, chance: float = 0.0, pushed: float = 0.0, others: float = 0.9, **outside: float
) -> Causal:
    names = ("interchange, c → h", "mean, held", "resample")
    controls = [
        Control(name, "masculine → feminine", 2, 100, flipped.value, rate, rate, 0.01)
        for name, rate in (("matched sets", chance), ("random directions", pushed))
    ]
    effects = [effect(name, flipped, kept, **outside) for name in names]
    return Causal(
        "decoder.0.cell",
        [3, 5],
        [0.0] * 16,
        [],
        effects,
        controls,
        {"mean, held": others, "resample": 0.9},
        [],
        16,
        100,
        1,
    )


# Verdicts


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.9], YES),
        ([0.9, 0.6], NO),
        ([0.77], UNDECIDED),
        ([0.9, 0.77], UNDECIDED),
        ([0.8], UNDECIDED),
        ([], NOT_MEASURED),
    ],
)
def test_all_have_to_lie_above_the_bar_with_their_whole_interval(values, verdict):
    assert above([of(value) for value in values], 0.75) == verdict


def test_the_worst_verdict_counts():
    assert all_of(YES, YES) == YES == all_of(YES, NOT_MEASURED)
    assert all_of(YES, UNDECIDED) == UNDECIDED and all_of(UNDECIDED, NO, YES) == NO
    assert all_of(NOT_MEASURED) == NOT_MEASURED


@pytest.mark.parametrize(
    ("kept", "others", "verdict"),
    [(0.5, 0.9, YES), (0.5, 0.3, UNDECIDED), (0.9, 0.9, NO), (0.73, 0.9, UNDECIDED)],  # of .3: any units would do
)
def test_units_are_necessary_where_agreement_breaks_without_them_and_not_without_others(kept, others, verdict):
    assert necessary(caused(of(1.0), of(kept), others=others)).verdict == verdict


@pytest.mark.parametrize(
    ("flipped", "chance", "pushed", "same_gender", "verdict"),
    [
        (0.95, 0.01, 0.04, 0.0, YES),
        (0.95, 0.10, 0.00, 0.0, UNDECIDED),  # random sets do it, too
        (0.95, 0.01, 0.06, 0.0, UNDECIDED),  # so does any push as long
        (0.95, 0.01, 0.00, 0.2, UNDECIDED),  # so does any other noun
        (0.87, 0.01, 0.00, 0.0, NO),  # the rate itself decides
        (0.30, 0.01, 0.00, 0.0, NO),
        (0.30, 0.10, 0.00, 0.2, NO),
    ],
)
def test_units_suffice_where_their_exchange_changes_the_czech_and_its_controls_do_not(
    flipped, chance, pushed, same_gender, verdict
):
    assert sufficient(caused(of(flipped), of(0.5), chance, pushed), of(same_gender)).verdict == verdict


@pytest.mark.parametrize(("draws", "decides"), [(20, False), (98, False), (99, True), (100, True)])
def test_random_sets_too_few_for_a_corrected_p_decide_no_hypothesis(draws, decides):
    reading = SimpleNamespace(cells=[], transfer=None)
    causal = SimpleNamespace(controls=[SimpleNamespace(name="matched sets", draws=draws, p=1 / (draws + 1))])
    found = hypotheses(reading, causal, None, None)
    assert [(each.name, each.holds) for each in found] == [("P2", True)] * decides


@pytest.mark.parametrize(("outside", "verdict"), [({}, YES), ({"chrf": 80.0}, NO), ({"number": 0.5}, NO)])
def test_units_are_specific_where_nothing_else_changes(outside, verdict):
    assert specific(caused(of(1.0), of(0.5), **outside)).verdict == verdict


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [([1] * 5, YES), ([0] * 5, NO), ([1, 1, 1, 1, 0], UNDECIDED), ([1] * 4, NOT_MEASURED)],
)
def test_replication_takes_five_runs_and_counts_those_that_pass_every_rung(passed, verdict):
    first = Rung("L1 decodable", "", YES, "", "")
    ladders = [[first, Rung("L2 selective", "", YES if each else NO, "", "")] for each in passed]
    found = replicated(ladders)
    assert found.verdict == verdict and f"{sum(passed)} of {len(passed)}" in found.decided_by


def test_holm_corrects_the_smallest_most_and_keeps_the_order():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


# The whole command


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The command on the demo run: the result, what it printed, and the folder that it wrote."""
    out, results, printed = tmp_path_factory.mktemp("report"), [], []
    line = ["probing", str(DEMO), "--quick", "--out", str(out)]
    kept = lambda found, *rest, save=command.save: results.extend(found) or save(found, *rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", line)
        patch.setattr(command, "save", kept)
        patch.setattr("builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words))))
        command.main()
    return results[0], "\n".join(printed), out


def test_the_demo_flips_its_boy_and_every_rung_has_a_verdict(quick):
    result, printed, _ = quick
    sentences = dict(result.boy_to_girl)
    assert sentences[1].startswith("Jsem kluk") and sentences[result.units] == "Jsem kluk, která se ráda učí."
    assert [rung.name.split()[0] for rung in result.ladder] == ["L1", "L2", "L3", "L4", "L5", "L6"]
    assert {rung.verdict for rung in result.ladder} <= {YES, NO, UNDECIDED, NOT_MEASURED}
    whole = [each for each in result.flips if each.k == result.units and each.family == "lexical"]
    assert all(each.all_words.value > 0.9 for each in whole)
    assert "L7" in printed


def test_the_terminal_is_told_in_thirty_lines_that_end_in_the_rungs(quick):
    result, _, _ = quick
    lines = summary(result).splitlines()
    assert len(lines) + 1 <= 30  # and the seventh rung
    assert [line.split()[0] for line in lines[-6:]] == ["L1", "L2", "L3", "L4", "L5", "L6"]


def test_the_page_of_a_real_run_says_what_its_results_say(quick):
    result, _, out = quick
    content = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert content["results"][0]["answer"] == answer(result)
    assert (out / "report.html").read_text(encoding="utf-8") == page(content)
    assert result.sentences[0].translation == "Jsem kluk, který se rád učí."
    turned = [slider.stops[-1].said for slider in result.sliders if len(slider.units) > 1]
    assert turned == ["Jsem kluk, která se ráda učí.", "Jsem holka, který se rád učí."]


# What is refused


def refused(monkeypatch, *line: str) -> str:
    monkeypatch.setattr(sys, "argv", ["probing", *line])
    with pytest.raises(UserError) as error:
        command.main()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_runs_of_two_recipes_are_not_reported_together(tiny_model, make_run, monkeypatch, tmp_path):
    one, same, two = (make_run(tiny_model("late", layers, seed=layers)) for layers in (1, 1, 2))
    runs = [command.load(folder).run for folder in (one, same, two)]
    seeds = [replace(run, training={**run.training, "seed": seed}) for seed, run in enumerate(runs)]
    command.same_recipe([one, same], seeds[:2])
    for other in ({"precision": "bf16"}, {"corpus_digest": "another"}):
        with pytest.raises(UserError, match="seed only"):
            command.same_recipe([one, same], [seeds[0], replace(seeds[1], **other)])
    with pytest.raises(UserError, match="same training seed"):
        command.same_recipe([one, same], runs[:2])
    assert "layers 2" in refused(monkeypatch, str(one), str(two), "--out", str(tmp_path))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["--sites", "decoder.0.nonsense"], "decoder.0.nonsense"),
        (["--sites", "attention.weights"], "attention.weights"),
        (["--held-out", "some.tsv"], "--pairs"),
        (["--pairs", "some.tsv", "--study", "gradients"], "--pairs"),
        (["--pairs", "some.tsv", "--trace", "traces"], "not allowed with"),
        (["--said"], "but with --trace: give that, too"),
        (["--study", "gender", "--said"], "leave one of them out"),
        (["--pairs", "some.tsv", "--out", "there"], "--held-out"),
        (["--seed", "-1"], "between 0 and"),
        (["--jobs", "0"], "1 or more"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(line, named, monkeypatch):
    assert named in refused(monkeypatch, str(DEMO), *line)


@pytest.mark.parametrize("asked", ["study", "retention", "gradients", "compare", "self-test", "trace", "pairs"])
def test_no_option_is_ignored(asked, monkeypatch, tmp_path):
    """Each option but --seed is one of those that are read, or it is refused and what would read it is named."""
    where = str(tmp_path / "out")
    given = {"corpus": "x", "out": where, "sites": "x", "figures": None, "quick": None, "jobs": "1", "sentence": "x"}
    given |= {
        "limit": "1",
        "said": None,
        "seeds": "2",
        "held-out": "x",
        "multi30k": "x",
        "max-steps": "1",
        "max-words": "1",
    }
    assert {each.replace("-", "_") for each in given} == {e for reads in command.READS.values() for e in reads} - {
        "checkpoints"
    }
    mode = {"self-test": ["--self-test"], "trace": ["--trace", where], "pairs": ["--pairs", "x"], "study": []}.get(
        asked, ["--study", asked]
    )
    called = {**command.STUDIES, **{name[2:]: each for name, each in command.INSTEAD.items()}, "study": command.gender}[
        asked
    ]
    for name, value in given.items():
        if name.replace("-", "_") not in command.READS[called]:
            line = [*mode, f"--{name}", *([value] if value else [])]
            assert f"--{name} is not read with" in refused(monkeypatch, *line)
    if "checkpoints" not in command.READS[called]:
        assert "CHECKPOINT is not read with" in refused(monkeypatch, str(DEMO), *mode)


def test_a_command_without_a_run_says_what_to_try(monkeypatch):
    assert "checkpoints/demo" in refused(monkeypatch)
