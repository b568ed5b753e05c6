"""What is timed is what is said: equal work, operations counted right, exponents that are known; times themselves are not tested."""

from __future__ import annotations

import json
import math
import mmap
import sys
from pathlib import Path

import pytest
import sentencepiece
import torch

from seq2seq import fused
from seq2seq.batching import Batch
from seq2seq.config import UserError
from seq2seq.model import BEGIN, END, PAD
from seq2seq.training import loss_of
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import growth, measuring, peers, training


def test_one_tiny_run_writes_what_it_measured(tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    sentences = tmp_path / "in.txt"
    sentences.write_text("The boy is tired.\nThe girl is tired.\n")
    given = ["prompt", "decoding", "prompt", "--quick", "--repetitions", "2", "--run", tiny_run, "--sources", sentences]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, given), "--out", str(tmp_path)])
    benchmarks.main()
    written, printed = json.loads((tmp_path / "results.json").read_text()), capsys.readouterr().out
    assert list(written["results"]) == list(written["cores used by others"]) == ["prompt", "decoding"]
    for rows in written["results"].values():
        for row in rows:
            assert len(row["values"]) == 2 and all(value > 0 for value in row["values"])
            assert row["name"] in printed and row["unit"] in printed
    [greedy, beam] = written["results"]["decoding"][2:]
    assert beam["ratios"] == [a / b for a, b in zip(beam["values"], greedy["values"])]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["speed"], "no part 'speed': there are training, decoding"),
        (["--repetitions", "0"], "must be 1 or more, not 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, said, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *given])
    with pytest.raises(UserError, match=said):
        benchmarks.given()


def test_the_report_is_made_only_when_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert "report" not in benchmarks.given()[0]
    assert set(benchmarks.given()[0]) == {*benchmarks.PARTS} - {"report"}


def test_works_are_done_in_turn_and_each_comes_first_as_often():
    done = list[str]()
    taken = measuring.in_turn({name: lambda name=name: done.append(name) for name in "abc"}, 3)
    assert "".join(done) == "cababcbcacab"  # a turn that warms up, then three
    assert {name: len(each) for name, each in taken.items()} == dict.fromkeys("abc", 3)


def test_memory_is_that_of_this_process():
    before = measuring.memory("VmRSS")
    held = mmap.mmap(-1, 100 << 20)  # new pages: what a tensor takes may be left over from an earlier one
    for page in range(0, len(held), mmap.PAGESIZE):
        held[page] = 1
    now = measuring.memory("VmRSS")
    assert now - before == pytest.approx(100, abs=10) and measuring.memory("VmHWM") >= now
    held.close()


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_an_exponent_is_found_again(slope):
    sizes = growth.doubled(3, 96)
    assert sizes == [3, 6, 12, 24, 48, 96]
    found = growth.exponent(sizes, [7 * size**slope for size in sizes])
    assert found.value == pytest.approx(slope) and found.low == pytest.approx(slope) == pytest.approx(found.high)
    noisy = growth.exponent(
        sizes, [7 * size**slope * factor for size, factor in zip(sizes, [1, 1.1, 0.9, 1, 1.1, 0.9])]
    )
    assert noisy.low < slope < noisy.high


@pytest.mark.parametrize("attention", ["none", "late", "words"])
def test_the_products_are_those_of_an_update(tiny_model, ragged: Batch, attention):
    """Multiply-adds from the equations: two directions of half the units, the decoder, the bridge of two states, the readout
    and the real pieces' scores, with attention its keys and the readout's other half, with words what they pass."""
    model = tiny_model(attention, units=32, embedding=16).train()
    _, counted = training.products(model, [ragged], "float32")
    (B, S), T = ragged.source.shape, ragged.target_in.shape[1]
    E, H, V = 16, 32, model.vocabulary
    real = int((ragged.target_out != PAD).sum())
    by_hand = 2 * 4 * (H // 2) * (E + H // 2) * B * S + 4 * H * (E + H) * B * T + 2 * H * H * B + V * E * real
    by_hand += (2 * H * E * B * T + H * H * B * S) if model.attention else H * E * B * T
    by_hand += E * E * B * T if attention == "words" else 0
    assert counted == 6 * by_hand


def test_equal_training_with_torch_in_its_place(tiny_model, ragged: Batch, monkeypatch):
    """The other arm has the same loss and gradient and nothing of our own LSTM."""
    ours, plain = tiny_model(), tiny_model()
    for layer in (*plain.encoder, *plain.decoder):
        layer.cell = training.ByTorch
    loss, _ = loss_of(ours, ragged, 0.1)
    loss.backward()
    monkeypatch.setattr(fused, "lstm", lambda *_: pytest.fail("our own LSTM, where torch's is measured"))
    other, _ = loss_of(plain, ragged, 0.1)
    other.backward()
    assert math.isclose(loss.item(), other.item(), rel_tol=1e-5)
    for a, b in zip(ours.parameters(), plain.parameters()):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def peer_pieces(tmp_path_factory) -> Path:
    """A sentencepiece model numbered as the peers number theirs."""
    path = tmp_path_factory.mktemp("peers") / "spm.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["The boy is tired.", "Kluk je unavený."] * 5), model_writer=file, vocab_size=30,
            hard_vocab_limit=False, unk_id=0, pad_id=1, bos_id=2, eos_id=3, minloglevel=2,
        )  # fmt: skip
    return path


def test_the_peers_pieces_keep_their_words_and_change_their_numbers(peer_pieces: Path):
    theirs = training.PeerTokenizer(peer_pieces)
    assert [theirs.theirs[n] for n in (PAD, BEGIN, END)] == [1, 2, 3]
    assert [theirs.ours[n] for n in theirs.theirs] == [0, 1, 2, 3]
    assert theirs.decode(theirs.encode("The boy je tired.")) == "The boy je tired."
    assert not {PAD, BEGIN, END} & set(theirs.encode("The boy 水 je tired."))


FAKE = """
import json, pathlib, sys
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
work = pathlib.Path(sys.argv[2])
said = {"generation_s": [9.0, 0.5], "score": {"bleu": 12.5}}
for beam in ("greedy", "beam5"):
    (work / f"{given['--tag']}.{beam}.cs").write_text("Kluk je unavený.\\n")
report = {"train": {"trg_tokens_per_s": int(given["--updates"]), "peak_rss_mib": 7}, "greedy": said, "beam5": said}
(work / f"{given['--tag']}.report.json").write_text(json.dumps(report))
"""


def test_a_peers_report_is_read(tmp_path: Path, peer_pieces: Path):
    (tmp_path / "bench_joeynmt.py").write_text(FAKE)
    found = peers.theirs("JoeyNMT", Path(sys.executable), tmp_path, Path("unused"), peer_pieces.parent, 300)
    pieces = len(training.PeerTokenizer(peer_pieces).encode("Kluk je unavený.")) + 1
    assert set(found) == set(peers.UNITS)
    assert (found["training"], found["memory"], found["beam 5, BLEU"]) == (300, 7, 12.5)
    assert found["greedy"] == pieces / 0.5
    (tmp_path / "bench_opennmt.py").write_text("import sys; sys.exit('no such file: train.en')")
    with pytest.raises(UserError, match=r"OpenNMT-py ended with status 1: no such file: train\.en"):
        peers.theirs("OpenNMT-py", Path(sys.executable), tmp_path, Path("unused"), tmp_path, 300)


def test_a_peer_that_is_not_installed_is_left_out(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["peers", str(tmp_path), str(tmp_path), "--out", str(tmp_path / "out")])
    with pytest.raises(UserError, match=r"no peer is installed for .*: install one as"):
        peers.main()
    assert capsys.readouterr().out.count("left out") == len(peers.PEERS)
    assert not (tmp_path / "out").exists()
    assert peers.installed(Path(sys.executable)) == []
