"""Taps: watching changes nothing, changing reaches what comes later and nothing else, an unknown site is an error."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from seq2seq.batching import Batch
from seq2seq.probing.interventions import FromWord
from seq2seq.search import SearchSettings, search
from seq2seq.taps import Chain, Patch, Recorder, TapError, along, anywhere, in_encoder

same = partial(torch.testing.assert_close, rtol=0, atol=1e-12)


@pytest.fixture(scope="session")
def ragged(ragged: Batch) -> Batch:
    """The first few pieces of each sentence: every site is run by itself here."""
    lengths = torch.tensor([4, 6, 3, 5])
    cut = lambda pieces: torch.where(torch.arange(6) < lengths[:, None], pieces[:, :6], 0)
    return Batch(cut(ragged.source), lengths, cut(ragged.target_in), cut(ragged.target_out))


def everything(model, batch, tap=None):
    """All that a run of the model makes, and the gradient of a mixture of it in every parameter."""
    memory = model.encode(batch.source, batch.source_lengths, tap)
    features, states = model.decode(batch.target_in, memory, tap)
    made = {"memory": memory.states[memory.mask], "logits": model.logits(features)[batch.target_in != 0]}
    for layer, state in enumerate(memory.initial):
        made |= {f"bridge {layer} {name}": value for name, value in state.items()}
    for name, value in states[0].items():  # the final states after the longest target
        made[f"final {name}"] = value
    mixture = sum((value * torch.linspace(-1, 1, value.numel()).view_as(value)).sum() for value in made.values())
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(mixture, list(parameters.values()))
    return made, dict(zip(parameters, gradients))


def test_watching_changes_nothing(any_model, ragged):
    untapped, tapped = everything(any_model, ragged), everything(any_model, ragged, Recorder())
    same(tapped[0], untapped[0])
    same(tapped[1], untapped[1])


def test_the_recorder_sees_every_site_at_every_position(any_model, ragged):
    recorder = Recorder()
    any_model(ragged.source, ragged.source_lengths, ragged.target_in, recorder)
    assert sorted(recorder.values) == sorted(any_model.sites())
    for site in any_model.sites():
        length = (ragged.source if site.startswith("encoder.") else ragged.target_in).shape[1]
        assert sorted(recorder.values[site]) == list(range(length))
        assert recorder[site].shape[:2] == (len(ragged.source), length)


def recorded(model, batch, tap=None):
    """Every value of every site by (site, position), and the logits."""
    recorder = Recorder()
    with torch.no_grad():
        logits = model(batch.source, batch.source_lengths, batch.target_in, Chain(tap, recorder) if tap else recorder)
    return {(site, t): value for site, steps in recorder.values.items() for t, value in steps.items()}, logits


def test_clamping_a_site_to_what_it_was_changes_nothing(any_model, ragged):
    before, logits = recorded(any_model, ragged)

    class Clamp:
        def __init__(self, site):
            self.sites = frozenset([site])

        def __call__(self, site, position, value):
            return before[site, position].clone() if site in self.sites else value

    for site in any_model.sites():
        after, clamped = recorded(any_model, ragged, Clamp(site))
        assert torch.equal(clamped, logits), site
        assert all(torch.equal(after[where], before[where]) for where in before), site


def out_of_reach(patched: str, at: int, site: str, position: int) -> bool:
    """Whether the value at (site, position) is made before, or without, the one that was patched."""
    part, layer, *direction = patched.split(".")[:-1] + [""] * patched.startswith("attention")
    own_part, own_layer, *own_direction = site.split(".")[:-1] + [""] * site.startswith("attention")
    order = ("encoder", "decoder", "attention")
    if part != own_part:
        return order.index(own_part) < order.index(part)
    if own_layer < layer or (own_layer == layer and own_direction != direction):
        return True
    return own_direction == direction and (position > at if direction == ["backward"] else position < at)


def test_a_patch_reaches_what_comes_later_and_nothing_else(any_model, ragged):
    before, logits = recorded(any_model, ragged)
    for site in any_model.sites():
        at = 2  # inside the shortest sentence
        patch = Patch(site, before[site, at] + 1.0, positions=torch.full((len(ragged.source),), at))
        after, changed = recorded(any_model, ragged, patch)
        assert patch.written == len(ragged.source)
        assert (changed != logits).any(), f"{site} is dead"
        for where in before:
            if out_of_reach(site, at, *where):
                assert torch.equal(after[where], before[where]), f"{site} at {at} reached {where}"
        if not site.startswith("encoder."):
            assert torch.equal(changed[:, :at], logits[:, :at])


@pytest.mark.parametrize("tap", [Patch("decoder.9.cell", 0.0), Recorder(["decoder.cell"]), Chain(Patch("cell", 1.0))])
def test_an_unknown_site_is_an_error_that_lists_the_known_ones(tap, tiny_model, ragged):
    model = tiny_model()
    memory = model.encode(ragged.source, ragged.source_lengths)
    for use in (
        lambda: model.encode(ragged.source, ragged.source_lengths, tap),
        lambda: model.decode(ragged.target_in, memory, tap),
        lambda: search(model, memory, 3, SearchSettings(), tap=tap),
    ):
        with pytest.raises(TapError, match=r"no site '.*cell'.*decoder\.0\.cell"):
            use()


def test_a_patch_writes_its_units_at_its_positions_and_counts_the_rows():
    value, positions = torch.zeros(3, 4), torch.tensor([5, -1, 7])
    patch = Patch("here", 1.0, units=[0, 2], positions=positions)
    assert patch("elsewhere", 5, value) is value
    assert patch("here", 6, value) is value and patch.written == 0
    assert patch("here", 5, value).tolist() == [[1, 0, 1, 0], [0] * 4, [0] * 4] and patch.written == 1
    assert patch("here", 7, value).tolist() == [[0] * 4, [0] * 4, [1, 0, 1, 0]] and patch.written == 2
    assert value.eq(0).all(), "the model's own value is left as it was"


def test_a_patch_covers_all_hypotheses_of_a_sentence():
    each = torch.tensor([[1.0], [2.0]])
    patch = Patch("here", each, units=[1], positions=torch.tensor([0, 0]))
    assert patch("here", 0, torch.zeros(6, 2))[:, 1].tolist() == [1, 1, 1, 2, 2, 2]
    assert patch.written == 6


def test_a_chain_is_as_wide_as_its_widest_tap():
    patch, plain = Patch("encoder.0.forward.cell", 0.0), lambda site, position, value: value + 1
    assert in_encoder(Chain(plain)) and in_encoder(Chain(patch)) and not in_encoder(Chain(Patch("decoder.0.cell", 0.0)))
    assert anywhere(Chain(plain, patch)) and not anywhere(Chain(patch))
    value = torch.zeros(1, 1)
    assert FromWord(Chain(plain, patch), lambda site: torch.tensor([0]))("encoder.0.forward.input", 0, value) == 1, (
        "not skipped"
    )
    assert Patch("decoder.0.cell", 0.0, positions=torch.tensor([], dtype=torch.long)).until == 0


def test_taps_in_a_chain_see_what_the_one_before_returned():
    recorder = Recorder(["here"])
    chain = Chain(lambda site, position, value: value + 1, lambda site, position, value: value * 10, recorder)
    assert along(chain, "here", torch.ones(2, 3, 1)).eq(20).all()
    assert recorder["here"].shape == (2, 3, 1) and recorder["here"].eq(20).all()
    assert chain.sites == {"here"}
