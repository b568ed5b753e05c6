"""Training: an update is textbook, the schedule is what it says, and a run that stops goes on as if it had not."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, pairwise
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from corpora.records import Agreeing, Factors, Noun, Pair, Span
from seq2seq import checkpoint, training
from seq2seq.batching import collate
from seq2seq.checkpoint import BEST, LAST, read_tensors
from seq2seq.config import Diverged, UserError
from seq2seq.model import PAD
from seq2seq.training import Training, TrainingSettings, encode
from seq2seq.translator import Translator

TINY = TrainingSettings(
    batch_tokens=60, learning_rate=0.01, warmup=3, max_steps=14, evaluate_every=5, precision="float32"
)  # some six batches an epoch


@pytest.fixture
def begin(tiny_model, tokenizer, pairs, tmp_path):
    """A factory of trainings of one tiny model; the generator starts from the seed each time."""

    def make(folder: Path = tmp_path, seed: int = 1, dev=pairs[:4], chunk: int = training.CHUNK, **changes) -> Training:
        torch.manual_seed(seed)
        model = tiny_model(seed=seed, dropout=0.3)
        return Training(model, tokenizer, pairs, dev, dataclasses.replace(TINY, **changes), "float32", folder, chunk)

    return make


def run(made: Training, stop: int | None = None) -> str:
    """Train to the end, or press Ctrl-C during the step `stop`."""

    def progress(step, loss, speed):
        made.interrupted = step == stop

    return made.run(progress, lambda evaluation: None)


# One update


def test_an_update_is_textbook(begin, pairs, tokenizer, tiny_model):
    """Forward, label-smoothed cross-entropy a piece, clipped gradient and AdamW, as torch has them."""
    made, model = begin(), tiny_model()
    made.dropout = lambda: 0.0
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=TINY.weight_decay)
    for step in range(4):
        batch = collate(encode(tokenizer, pairs[3 * step : 3 * step + 3]))
        logits = model(batch.source, batch.source_lengths, batch.target_in).flatten(0, 1)
        gold, about = batch.target_out.flatten(), {"ignore_index": PAD}
        cross_entropy(logits, gold, label_smoothing=TINY.label_smoothing, **about).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), TINY.clip)
        optimizer.param_groups[0]["lr"] = made.rate()
        optimizer.step()
        optimizer.zero_grad()
        plain, count = made.step(batch)
        assert count == int((gold != PAD).sum())
        assert plain == pytest.approx(float(cross_entropy(logits, gold, reduction="sum", **about).detach()), rel=1e-4)
    torch.testing.assert_close(dict(made.model.state_dict()), dict(model.state_dict()), rtol=1e-3, atol=1e-4)


def test_dropout_stays_or_falls_to_nothing_at_the_end(begin):
    drawn = []
    for anneal in (0.0, 0.4):
        made, rates = begin(anneal=anneal, max_steps=10), []
        for made.steps in range(10):
            rates.append(made.dropout())
        drawn.append(rates)
    assert drawn[0] == [1] * 10 and drawn[1] == pytest.approx([1] * 7 + [0.75, 0.5, 0.25])
    made = begin(anneal=1.0, max_steps=4)
    made.model.settings = dataclasses.replace(made.model.settings, word_dropout=0.2)
    made.step(next(made.batches()))
    assert made.model.dropout.rate == made.model.settings.dropout
    made.step(next(made.batches()))
    assert made.model.dropout.rate == pytest.approx(0.75 * made.model.settings.dropout)
    assert made.model.word_dropout.rate == pytest.approx(0.15)


def test_the_rate_rises_over_the_warm_up_and_falls_along_a_cosine(begin):
    made, rates = begin(warmup=10, max_steps=110), []
    for made.steps in range(111):
        rates.append(made.rate())
    assert rates[:10] == pytest.approx([0.001 * (step + 1) for step in range(10)])
    assert rates[10] == 0.01 and rates[60] == pytest.approx(0.005) and rates[110] == pytest.approx(0)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))


def test_the_precision_asked_for_is_taken_and_auto_measures_without_a_trace(begin, pairs, tokenizer, capsys):
    made = begin()
    for precision in ("float32", "bf16"):
        settings = dataclasses.replace(TINY, precision=precision)
        assert training.choose_precision(made.model, tokenizer, pairs, settings) == precision
    assert capsys.readouterr().out == ""
    before = torch.get_rng_state()
    chosen = training.choose_precision(made.model, tokenizer, pairs, dataclasses.replace(TINY, precision="auto"))
    assert f"precision {chosen} (float32 " in capsys.readouterr().out
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.grad is None for parameter in made.model.parameters())


def test_bf16_learns_too(begin, tmp_path):
    made = begin(max_steps=30, evaluate_every=30)
    made.precision = "bf16"
    losses = []
    made.run(lambda step, loss, speed: losses.append(loss), lambda evaluation: None)
    assert losses[-1] < losses[0]
    assert {value.dtype for value in made.model.state_dict().values()} == {torch.float32}


# All updates


@pytest.fixture(scope="module")
def unbroken(tiny_model, tokenizer, pairs, tmp_path_factory) -> Path:
    """The folder of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("unbroken")
    torch.manual_seed(1)
    run(Training(tiny_model(seed=1, dropout=0.3), tokenizer, pairs, pairs[:4], TINY, "float32", folder))
    return folder


def history(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def same_tensors(one: Path, other: Path) -> None:
    (a, _), (b, _) = read_tensors(one), read_tensors(other)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def test_a_batch_is_made_while_the_one_before_it_is_used():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2
        raise UserError("the corpus is gone")

    coming = training.ahead(items())
    assert next(coming) == 1 and made.wait(60)
    assert next(coming) == 2
    with pytest.raises(UserError, match="is gone"):
        next(coming)


def test_a_corpus_of_many_chunks_is_gone_through_once_an_epoch_and_resumes_to_the_bit(begin, pairs, tmp_path):
    """Three chunks of four pairs, each spread over the corpus; a run stopped within one goes on within it."""
    assert [list(chunk) for chunk in training.chunks_of(pairs, 5)] == [pairs[n::3] for n in range(3)]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    made, seen = begin(whole, chunk=5), []
    for batch in made.batches():
        if made.epoch == 2:
            break
        seen.append((made.epoch, made.chunk, len(batch.source)))
    assert [sum(n for *at, n in seen if at == [epoch, chunk]) for epoch in (0, 1) for chunk in range(3)] == [4] * 6
    run(begin(whole, chunk=5))
    made = begin(stopped, chunk=5)
    for stop in range(1, 14):
        with pytest.raises(KeyboardInterrupt):
            run(made, stop)
        made = begin(stopped, seed=99, chunk=5)
        made.restore()
    run(made)
    for name in (BEST, LAST):
        same_tensors(whole / name, stopped / name)
    assert [line["epoch"] for line in history(whole)] == [line["epoch"] for line in history(stopped)]


@pytest.mark.parametrize("stops", [(1,), (4,), (5,), (7,), (13,), (14,), (2, 6, 10)], ids=str)
def test_a_run_that_stops_and_goes_on_is_the_unbroken_run_to_the_bit(begin, unbroken, tmp_path, stops):
    """Weights, optimiser, generator, dev scores: wherever it stops, mid-epoch, at an evaluation or at the end."""
    made = begin()
    for stop in stops:
        with pytest.raises(KeyboardInterrupt, match=f"saved at step {stop}; .*--resume"):
            run(made, stop)
        made = begin(seed=99)  # whatever this process did before
        made.restore()
        assert made.steps == stop
    run(made)
    for name in (BEST, LAST):
        same_tensors(unbroken / name, tmp_path / name)
    timed = dict.fromkeys(("minutes", "tokens_per_second", "train_loss"))  # train_loss is over the steps since the stop
    assert [line | timed for line in history(tmp_path)] == [line | timed for line in history(unbroken)]


def test_dropout_and_order_follow_the_seed(begin, unbroken, tmp_path):
    run(begin())
    same_tensors(unbroken / LAST, tmp_path / LAST)
    run(begin(tmp_path / "other", seed=2))
    assert (tmp_path / "other" / LAST).read_bytes() != (tmp_path / LAST).read_bytes()


def test_an_evaluation_says_what_the_model_is_worth(begin, pairs, tokenizer, tmp_path):
    made = begin(dev=pairs)
    made.run(lambda *_: None, lambda evaluation: None)
    lines = history(tmp_path)
    assert [line["step"] for line in lines] == [5, 10, 14] and [line["epoch"] for line in lines] == [1, 2, 3]
    last, model = lines[-1], made.model.eval()
    batch = collate(encode(tokenizer, pairs))
    logits = model(batch.source, batch.source_lengths, batch.target_in).flatten(0, 1)
    assert last["dev_loss"] == pytest.approx(
        cross_entropy(logits, batch.target_out.flatten(), ignore_index=PAD).item(), abs=1e-3
    )
    outputs = Translator(model, tokenizer).translate([pair.source for pair in pairs], beam=1)
    assert last["samples"] == [[pair.source, output] for pair, output in zip(pairs[:2], outputs)]
    assert last["agreement"] is None and last["exact_match"] == 0
    assert all(math.isfinite(last[name]) for name in ("bleu", "chrf", "train_loss", "minutes", "tokens_per_second"))


def test_agreement_is_rated_over_the_sentences_that_have_factors():
    nowhere = Span(0, 0)
    noun = Noun("holka", "girl", "feminine", True, False, nowhere, nowhere)
    word = Agreeing("rád", nowhere, 0, 0, {"masculine": "rád", "feminine": "ráda", "neuter": "rádo"})
    pair = Pair("", "", "", Factors("lexical", "", "", "", "none", 0, (noun,), (word,)))
    assert training.agreement_rate([pair, pair, Pair("", "")], ["ráda čte", "rád čte", "…"]) == 50
    assert training.agreement_rate([Pair("", "")], ["…"]) is None


def test_a_run_that_no_longer_gets_better_stops(begin):
    made = begin(learning_rate=0.0, max_steps=1000, evaluate_every=2, patience=3)
    assert "no better dev score in 3 evaluations, after 8 steps" in run(made)


def test_minutes_only_stop_a_run(begin, unbroken, tmp_path):
    """Time cuts a run short; it does not bend the schedule. Going on without it is the unbroken run."""
    assert "--minutes 1e-09, after 1 steps" in run(begin(minutes=1e-9))
    made = begin()
    made.restore()
    run(made)
    same_tensors(unbroken / LAST, tmp_path / LAST)


@pytest.mark.parametrize("evaluated", [False, True])
def test_a_run_that_diverges_says_so_and_leaves_the_good_weights(begin, pairs, tokenizer, tmp_path, evaluated):
    made, at = begin(), 6 if evaluated else 3

    def poison(step, loss, speed):
        if step == at:
            made.model.bias.data[5] = math.nan

    kept = "the save of step 5 is whole, --out .* --resume" if evaluated else "nothing was saved yet"
    epoch, batch = divmod(at, len(training.plan(encode(tokenizer, pairs), TINY.batch_tokens, (1, 0))))
    where = f"batch {batch + 1} of epoch {epoch + 1}, . pairs, the first '.*'"
    with pytest.raises(Diverged, match=rf"at step {at + 1}: not finite, in {where}; {kept}.*lower --learning-rate"):
        made.run(poison, lambda evaluation: None)
    assert made.steps == at, "the poisoned update was not made"
    saved = [read_tensors(path)[0] for path in tmp_path.glob("*.safetensors")]
    assert len(saved) == 2 * evaluated
    assert all(value.isfinite().all() for tensors in saved for value in tensors.values() if value.is_floating_point())


@pytest.mark.parametrize("stopped", ["asked to stop", "at an evaluation"])
def test_weights_that_are_not_finite_are_never_saved(begin, tmp_path, stopped):
    """The update that spoils them is not the one that meets the loss: a save may be due between."""
    made, last = begin(), 7 if stopped == "asked to stop" else 10

    def poison(step, loss, speed):
        if step == last:
            made.model.bias.data[5] = math.inf
        made.interrupted = step == 7 and stopped == "asked to stop"

    with pytest.raises(Diverged, match=f"bias is not finite after step {last}; the save of step 5 is whole"):
        made.run(poison, lambda evaluation: None)
    _, standing = read_tensors(tmp_path / LAST)
    assert standing["steps"] == 5
    assert all(read_tensors(tmp_path / name)[0]["bias"].isfinite().all() for name in (BEST, LAST))


def test_a_run_that_ended_for_want_of_patience_stays_ended(begin, tmp_path):
    made = begin(learning_rate=0.0, max_steps=1000, evaluate_every=2, patience=3)
    run(made)
    again = begin(learning_rate=0.0, max_steps=1000, evaluate_every=2, patience=3)
    again.restore()
    assert "no better dev score in 3 evaluations, after 8 steps" in run(again)


@pytest.mark.parametrize("renames", range(9))
def test_an_evaluation_whose_saving_is_cut_short_is_saved_by_the_resumed_run(
    begin, unbroken, tmp_path, monkeypatch, renames
):
    """Wherever in the writing of the files of step 10 the run is killed, the end is the unbroken run's."""
    made, rename, done = begin(), os.replace, count()

    def kill(old, new):
        if made.steps == 10 and next(done) == renames:
            raise SystemExit
        rename(old, new)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "replace", kill)
        run(made)
    made = begin(seed=99)
    made.restore()
    assert made.steps == (10 if renames == 8 else 5)
    run(made)
    for name in (BEST, LAST):
        same_tensors(unbroken / name, tmp_path / name)
    checkpoint.verify(tmp_path, *checkpoint.FILES)
    assert [line["step"] for line in history(tmp_path)] == [5, 10, 14]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of its own, half a megabyte large."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"needs the right to mount a small disk, as root has it: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(1024)):
            pass


REFUSING_DISKS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object], str]] = {
    "full": (fill, lambda disk: (disk / "filler").unlink(), "No space left on device"),
    "read-only": (
        lambda disk: subprocess.run(["mount", "-o", "remount,ro", disk], check=True),
        lambda disk: subprocess.run(["mount", "-o", "remount,rw", disk], check=True),
        "Read-only file system",
    ),
}


@pytest.mark.parametrize("kind", REFUSING_DISKS)
def test_a_disk_that_refuses_a_save_is_named_and_the_run_goes_on_when_it_takes_files_again(
    begin, unbroken, small_disk, kind
):
    refuse, take, reason = REFUSING_DISKS[kind]
    made, folder = begin(small_disk / "run"), small_disk / "run"
    whole = rf"{re.escape(str(folder))}/.*: {reason}: step 10 is not saved; the save of step 5 is whole, .*--resume"
    with pytest.raises(UserError, match=whole):
        made.run(lambda step, *_: refuse(small_disk) if step == 7 else None, lambda evaluation: None)
    made = begin(folder, seed=99)
    made.restore()
    assert made.steps == 5
    checkpoint.verify(folder, *checkpoint.FILES)
    take(small_disk)
    run(made)
    for name in (BEST, LAST):
        same_tensors(unbroken / name, folder / name)
    assert {path.name for path in folder.iterdir()} == {BEST, LAST, checkpoint.HISTORY, checkpoint.SUMS}


def test_what_holds_no_state_is_refused(begin, tiny_run, tmp_path):
    (tmp_path / LAST).write_bytes((tiny_run / BEST).read_bytes())
    with pytest.raises(UserError, match=f"{LAST}: holds no state to resume from"):
        begin().restore()


# After the last update


def test_the_length_exponent_is_the_best_on_dev(begin, tokenizer, pairs):
    translator = Translator(begin().model.eval(), tokenizer)
    chosen, table = training.choose_search(translator, pairs[:2], beam=2)
    tried = {float(each.split(": ")[0]): float(each.split(": ")[1]) for each in table.split(", ")}
    assert chosen.beam == 2 and tried[chosen.exponent] == max(tried.values())


def test_final_scores_carry_their_conditions(begin, tokenizer, pairs):
    for score in training.final_scores(Translator(begin().model.eval(), tokenizer), pairs[:3], "twelve test", 8):
        assert "twelve test, n = 3, beam 5, length exponent 1" in score.conditions


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"max_steps": 0}, "--max-steps must be 1 or more, not 0"),
        ({"precision": "fp8"}, "--precision 'fp8' is not known: choose auto, float32, bf16"),
        ({"label_smoothing": 1.0}, "--label-smoothing must be below 1"),
        ({"minutes": -1.0}, "--minutes must be 0"),
        ({"learning_rate": float("nan")}, "--learning-rate must be"),
        ({"vocabulary": 100}, "--vocabulary must be 260 or more"),
    ],
)
def test_settings_that_cannot_train_are_refused_by_name(wrong, named):
    with pytest.raises(UserError, match=named):
        TrainingSettings(**wrong)
