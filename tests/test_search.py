"""Search against a greedy loop, against all sentences there are, and against teacher forcing."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from seq2seq.batching import sources
from seq2seq.config import UserError
from seq2seq.model import BEGIN, END, PAD, Model, ModelSettings
from seq2seq.search import SearchSettings, search
from seq2seq.taps import Patch, Recorder

V = 6  # pad, begin, end, and three pieces to say
SAID = range(3, V)


@pytest.fixture(params=[("none", 36), ("late", 7)], ids=["none", "late"])
def model(request) -> Model:
    """A model with opinions, by a lucky seed: translations differ and end at different times, hypotheses compete."""
    attention, seed = request.param
    torch.manual_seed(seed)
    model = Model(ModelSettings(attention=attention, units=8, embedding=6, dropout=0.0), V).double().eval()
    for parameter in model.parameters():
        parameter.data *= 3
    model.bias.data[END] += 1.5
    return model


def encoded(model: Model):
    """Five sentences of the three pieces, ragged."""
    return model.encode(*sources([[3, 4], [5, 5, 3, 4], [4], [3, 3, 5], [5, 4, 4]]))


def same(found, expected) -> None:
    """The same hypotheses; a product over fewer rows may round its last bit differently."""
    for ours, theirs in zip(found, expected, strict=True):
        assert [each.pieces for each in ours] == [each.pieces for each in theirs]
        assert [each.score for each in ours] == pytest.approx([each.score for each in theirs], rel=1e-12)


def log_p(model: Model, memory, row: int, pieces) -> float:
    """log p of a finished sentence, by teacher forcing; pad and begin are never said, but keep their probability."""
    features, _ = model.decode(torch.tensor([[BEGIN, *pieces]]), memory.rows(torch.tensor([row])))
    each = model.logits(features)[0].log_softmax(1)
    return each[range(len(pieces) + 1), [*pieces, END]].sum().item()


def test_a_beam_of_one_is_greedy(model):
    memory = encoded(model)
    found = search(model, memory, 8, SearchSettings(1))
    for row, [hypothesis] in enumerate(found):
        said, states, one = [BEGIN], memory.rows(torch.tensor([row])).initial, memory.rows(torch.tensor([row]))
        while said[-1] != END:
            logits, states = model.step(torch.tensor([said[-1]]), states, one, len(said) - 1)
            logits[0, [PAD, BEGIN]] = -torch.inf
            said.append(int(logits.argmax()) if len(said) <= 8 else END)
        assert list(hypothesis.pieces) == said[1:-1]
    assert len({len(best.pieces) for [best] in found}) > 3, "another seed, so that sentences leave one by one"


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_a_wide_beam_is_exhaustive_search(model, exponent):
    memory, limit = encoded(model), 3
    every = [pieces for n in range(limit + 1) for pieces in product(SAID, repeat=n)]
    for row, found in enumerate(search(model, memory, limit, SearchSettings(len(every), exponent))):
        scored = {pieces: log_p(model, memory, row, pieces) / (len(pieces) + 1) ** exponent for pieces in every}
        assert [each.pieces for each in found] == sorted(every, key=scored.__getitem__, reverse=True)
        assert [each.score for each in found] == pytest.approx([scored[each.pieces] for each in found])


def slow_beam(model: Model, memory, row: int, limit: int, K: int, exponent: float) -> list[tuple[int, ...]]:
    """Beam search by the book: every extension of every live hypothesis, scored by teacher forcing."""
    live, done = [((), 0.0)], []
    for length in range(limit + 1):
        grown = []
        for pieces, score in live:
            features, _ = model.decode(torch.tensor([[BEGIN, *pieces]]), memory.rows(torch.tensor([row])))
            following = model.logits(features)[0, -1].log_softmax(0)
            allowed = [END, *SAID] if length < limit else [END]
            grown += [((*pieces, piece), score + following[piece].item()) for piece in allowed]
        best = sorted(grown, key=lambda each: -each[1])[: 2 * K]
        done += [each for each in best[:K] if each[0][-1] == END]
        live = [each for each in best if each[0][-1] != END][:K]
        if len(done) >= K:
            break
    return [pieces[:-1] for pieces, score in sorted(done, key=lambda each: -each[1] / len(each[0]) ** exponent)][:K]


@pytest.mark.parametrize("beam", [1, 2, 3, 5])
def test_a_beam_is_beam_search_by_the_book(model, beam):
    memory = encoded(model)
    for row, found in enumerate(search(model, memory, 8, SearchSettings(beam, 1.2))):
        assert [each.pieces for each in found] == slow_beam(model, memory, row, 8, beam, 1.2)


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_hypotheses_are_different_in_order_and_carry_their_log_probability(model, beam):
    memory = encoded(model)
    for row, found in enumerate(search(model, memory, 8, SearchSettings(beam, 1.4))):
        assert len(found) == len({each.pieces for each in found}) == beam
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
        for each in found:
            assert each.log_probability == pytest.approx(log_p(model, memory, row, each.pieces))
            assert each.score == pytest.approx(each.log_probability / (len(each.pieces) + 1) ** 1.4)


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_company_and_a_watcher_change_nothing(model, beam):
    """Without a tap finished sentences leave the batch; with one they stay. Nobody notices."""
    memory, settings = encoded(model), SearchSettings(beam)
    together = search(model, memory, 8, settings)
    same(search(model, memory, 8, settings, tap=Recorder()), together)
    for row in range(5):
        same(search(model, memory.rows(torch.tensor([row])), 8, settings), together[row : row + 1])


@pytest.mark.parametrize("beam", [1, 3])
def test_a_forced_prefix_is_respected(model, beam):
    memory = encoded(model)
    forced = torch.tensor([[3, 5], [4, PAD], [PAD, PAD], [5, 5], [3, 3]])
    for found, prefix in zip(search(model, memory, 8, SearchSettings(beam), forced=forced), forced.tolist()):
        wanted = tuple(piece for piece in prefix if piece != PAD)
        assert found and all(each.pieces[: len(wanted)] == wanted for each in found)


def test_forcing_what_would_have_been_said_changes_nothing(model):
    memory, settings = encoded(model), SearchSettings(1)
    free = search(model, memory, 8, settings)
    forced = torch.nn.utils.rnn.pad_sequence([torch.tensor([*best.pieces, END]) for [best] in free], True, PAD)
    for length in range(forced.shape[1] + 1):
        same(search(model, memory, 8, settings, forced=forced[:, :length]), free)


def test_a_patch_changes_what_is_said_from_its_position_on(model):
    memory, settings = encoded(model), SearchSettings(1)
    free = search(model, memory, 8, settings)
    patch = Patch("decoder.0.cell", torch.linspace(-9, 9, 40).view(5, 8), positions=torch.tensor([1, 1, 1, 1, -1]))
    changed = search(model, memory, 8, settings, tap=patch)
    assert patch.written == 4
    same(changed[4:], free[4:])
    assert any(new[0].pieces != old[0].pieces for new, old in zip(changed[:4], free))
    assert all(new[0].pieces[:1] == old[0].pieces[:1] for new, old in zip(changed, free))


@pytest.mark.parametrize("beam", [1, 3])
def test_a_tap_that_is_over_is_let_go_and_nothing_else_changes(model, beam):
    """Once a patch has acted, sentences that are done are left out; a tap that never says so keeps them all."""
    memory, settings = encoded(model), SearchSettings(beam)
    patch = lambda: Patch(
        "decoder.0.cell", torch.linspace(-9, 9, 40).view(5, 8), positions=torch.tensor([1, 0, 1, 2, -1])
    )
    kept, calls, acting = [], [], patch()

    def watched(site: str, position: int, value: torch.Tensor) -> torch.Tensor:
        calls.append(position)
        kept.append(len(value))
        return acting(site, position, value)

    whole = search(model, memory, 8, settings, tap=watched)
    assert max(calls) > 2 and set(kept) == {5, 5 * beam}, "one hypothesis each at first"
    same(search(model, memory, 8, settings, tap=patch()), whole)


def test_the_limit_holds(model):
    memory = encoded(model)
    assert {each.pieces for found in search(model, memory, 0, SearchSettings(1)) for each in found} == {()}
    assert max(len(each.pieces) for found in search(model, memory, 2, SearchSettings(5)) for each in found) <= 2


@pytest.mark.parametrize(("wrong", "named"), [({"beam": 0}, "--beam must be 1"), ({"exponent": -1.0}, "--exponent")])
def test_settings_that_make_no_search_are_refused(wrong, named):
    with pytest.raises(UserError, match=named):
        SearchSettings(**wrong)
