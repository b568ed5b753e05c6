"""A hand on the state: words forced and units set, from the command line and at the prompt."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpora.agreement import load as agreement
from seq2seq.config import UserError
from seq2seq.probing.interventions import Experiment, at_start
from seq2seq.probing.stimuli import select
from seq2seq.search import SearchSettings
from seq2seq.taps import set_once
from seq2seq.translator import Translator

BOY = "I am a boy who likes to learn."


# Words forced, units set


def spelt(site: str, units: list[int], values: torch.Tensor) -> str:
    return f"{site}[{','.join(map(str, units))}]={','.join(map(repr, values.tolist()))}"


@pytest.mark.parametrize("attention, layers", [("none", 1), ("late", 2)])
@pytest.mark.parametrize("beam", [1, 4])
def test_forced_and_set_say_what_an_experiment_says(tiny_model, tokenizer, attention, layers, beam):
    """The same words from the same values, to the letter, wherever the cut and whichever the state."""
    model = tiny_model(attention, layers).double()  # float32 rounds by the size of the batch
    translator = Translator(model, tokenizer)
    stimuli = select(agreement("dev"), tokenizer, "lexical", 6)
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
