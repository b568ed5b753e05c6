"""The report: a page that carries its results, and shows nothing else; single sentences as the model has them; the same by command.

The browser's tests need Chromium (Debian: apt-get install chromium), and are skipped, with that reason, without it.
"""

from __future__ import annotations

import json
import math
import random
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import seq2seq
import translate
from corpora.agreement import load as agreement
from corpora.agreement import pinned
from seq2seq.cells import CELLS
from seq2seq.probing import causal, examples, gates, ladder, paths, persistence, plots, register, report
from seq2seq.probing.family import Flips, UnitMap
from seq2seq.probing.ladder import NO, UNDECIDED, YES, Rung
from seq2seq.probing.stimuli import GENDERS, Stimulus, other, select
from seq2seq.probing.study import Result
from seq2seq.translator import Translator

HOUSE = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium")
HOSTILE = "A </script><b>\"girl\"</b> & a 'boy' 🙂 &lt; 1"
WAYS = [f"{gender} → {other(gender)}" for gender in GENDERS]


# A result of everything, made up but for the single sentences


def specimen(kind: Any, random: random.Random) -> Any:
    """A value of a type: of a dataclass its fields', of a list two, of what may be missing one that is there."""
    arguments = get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{each.name: specimen(hints[each.name], random) for each in fields(kind)})
    match get_origin(kind) or kind:
        case origin if origin in (Union, UnionType):
            return specimen(next(each for each in arguments if each is not NoneType), random)
        case origin if origin is list:
            return [specimen(arguments[0], random) for _ in range(2)]
        case origin if origin is tuple:
            return tuple(specimen(each, random) for each in arguments)
        case origin if origin is dict:
            return {f"{HOSTILE} {n}": specimen(arguments[1], random) for n in range(2)}
    made = {bool: True, int: random.randrange(1, 90), float: random.random(), str: f"{HOSTILE} {random.random():.3f}"}
    return made.get(kind, 7)


def made_up(translator: Translator, stimuli: Sequence[Stimulus], run: str, seed: int) -> Result:
    """A result with every section, its sentences and sliders the translator's own."""
    draw = random.Random(seed)
    of = lambda dataclass, /, **known: replace(specimen(dataclass, draw), **known)
    model, H = translator.model, 8
    site, chosen = "decoder.1.cell", [1, 2]
    numbers = lambda: [draw.random() for _ in range(H)]
    found = of(
        Result,
        run=run,
        site=site,
        units=H,
        best=[4, 2, 7],
        layers=[UnitMap(s, numbers(), 31) for s in (site, "encoder.1.forward.cell")],
    )
    reading = found.reading
    reading = replace(reading, steps=[replace(each, areas=numbers(), p=numbers()) for each in reading.steps])
    kinds = [
        "interchange, c → h",
        "interchange, c only",
        "interchange, h only",
        "zero",
        "mean, held",
        "clamp, dose 0",
        "clamp, dose 1",
    ]
    effect = lambda name, way: of(causal.Effect, name=name, direction=way, site=site, units=2, beam=1)
    caused = replace(
        found.causal,
        site=site,
        chosen=chosen,
        alone=numbers(),
        effects=[effect(*each) for each in product(kinds, WAYS)],
        controls=[of(causal.Control, name="matched sets", direction=way) for way in WAYS],
        ablated={"mean, held": 0.9},
    )
    curves = [
        of(
            persistence.Curve,
            of="chosen units",
            partner=f"of the {which} gender",
            place=place,
            intervener="no noun",
            half_life=None,
        )
        for which, place in product(("other", "same"), ("decoder.1", "encoder.1.forward"))
    ]
    asked = [(1, 1, 1, 1), (1, 1, 2, 1), (1, 1, 2, 2), (1, 1, 1, 2), (2, 1, 2, 1)]
    readings = [of(register.Reading, step=step, **dict(zip(("noun_fitted", "clause_fitted", "noun_read", "clause_read"), each)))
                for each, step in product(asked, range(3))]  # fmt: skip
    tested = replace(
        found.register,
        sites=[replace(each, readings=readings) for each in found.register.sites],
        swaps=[of(register.Swap, clause=1), of(register.Swap, clause=2, first_verb=None, random_mean=None)],
    )
    window = list(gates.WINDOW)
    moves = [
        of(
            gates.Trajectory,
            kind=kind,
            gate=gate,
            words=window,
            random=numbers()[:4],
            chosen=[of(causal.Estimate) for _ in window],
        )
        for kind, gate in product((*gates.CHANGES, *gates.KEEPS), gates.GATES)
    ]
    story = replace(found.gates, sites=[replace(each, trajectories=moves) for each in found.gates.sites])
    parts = lambda: [of(paths.Path, name=name) for name in ("the cell", "the hidden state")]
    cuts = [of(paths.Decomposition, cut="at the noun", direction=way, parts=parts()) for way in WAYS]
    places = [place for layer in (model.encoder[-1], model.decoder[-1]) for place in layer.places]
    units = {place: [0, 2] for place in places}
    forms = {
        "který": "masculine",
        "rád": "masculine",
        "zpíval": "masculine",
        "která": "feminine",
        "tančila": "feminine",
    }
    walked = [examples.sentence(translator, pair.source, pair.target, units, forms) for pair in pinned()]
    both = replace(
        examples.sentence(translator, HOSTILE, "Kluk zpíval a holka tančila. 🙂", units, forms), translation=HOSTILE
    )
    pair = select(pinned(), translator.tokenizer, "lexical", 1)
    return replace(
        found, reading=reading, causal=caused, persistence=curves, register=tested, gates=story, paths=cuts,
        facts={"size": HOSTILE, "training seed": seed, "seed": 1, "corpus": ["a", HOSTILE], "stimuli": {"lexical": 3}},
        flips=[of(Flips, family="lexical", k=k, direction=way) for k, way in product((1, 2, 8), WAYS)],
        understood={"lexical": of(causal.Estimate), "open": of(causal.Estimate)},
        sentences=[*walked, both],
        ladder=[of(Rung, name=f"L{n} rung", verdict=verdict) for n, verdict in enumerate((YES, NO, UNDECIDED) * 2, 1)],
        sliders=examples.sliders(translator, HOSTILE, pair, stimuli, [[3], chosen], seed),
    )  # fmt: skip


@pytest.fixture(scope="module")
def translator(tiny_model, tokenizer) -> Translator:
    return Translator(tiny_model("none", 2, bidirectional=True), tokenizer)


@pytest.fixture(scope="module")
def results(translator) -> list[Result]:
    stimuli = select(agreement("probe")[:1000], translator.tokenizer, "lexical", 12)
    return [made_up(translator, stimuli, f"runs/{seed} {HOSTILE}", seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report")
    report.save(results, out, f"python -m seq2seq.probing {HOSTILE}")
    return out


# Without a browser


class Scripts(HTMLParser):
    """The text of every script of a page, by its id; and what the page would fetch."""

    def __init__(self, page: str):
        super().__init__()
        self.inside, self.texts, self.fetched = None, {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.inside = (known.get("id"), "") if tag == "script" else None
        if tag == "script":
            self.texts[known.get("id")] = ""
        self.fetched += [value for name, value in known.items() if name in ("src", "href", "srcset", "data")]

    def handle_data(self, text):
        if self.inside:
            self.texts[self.inside[0]] += text

    def handle_endtag(self, tag):
        self.inside = None


def test_the_page_carries_its_results_and_asks_for_nothing_else(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    found = Scripts(page)
    assert json.loads(found.texts["results"]) == json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert all(each.startswith("#") or each == "data:," for each in found.fetched)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|https?://(?!www\.w3\.org/2000/svg)", page)
    assert len(page.encode()) < 5_000_000


@settings(max_examples=20)
@given(some.text())
def test_no_text_gets_out_of_the_data(text):
    found = Scripts(report.page({"command": text}))
    assert json.loads(found.texts["results"]) == {"command": text} and len(found.texts) == 2


def test_the_page_says_the_bars_that_the_ladder_has():
    said = dict(
        re.findall(
            r'^  (L\d): "(.*)",$', (HOUSE / "seq2seq/probing/page/sentences.js").read_text(encoding="utf-8"), re.M
        )
    )
    share = "{:.0%}".format
    assert share(ladder.READABLE).replace("%", " %") in said["L1"] and f"{ladder.READABLE:g}"[1:] in said["L3"]
    assert f"below {share(ladder.BROKEN).replace('%', ' %')}" in said["L4"]
    assert [share(causal.FLIPPED), share(ladder.CHANCE), share(ladder.PUSHED)] == [
        each.replace(" ", "") for each in re.findall(r"\d+ %", said["L5"])
    ]
    assert re.findall(r"\d+", said["L6"]) == [f"{ladder.UNTOUCHED:g}", f"{100 * ladder.SAME_NUMBER:g}"]
    story = (HOUSE / "seq2seq/probing/page/readings.js").read_text(encoding="utf-8")
    assert f"more than {100 * register.CHANGED:g} %" in story and f"at most {100 * gates.LEFT_ALONE:g} %" in story


WAYS_OUT = [  # what was found to suffice: units and the weaker direction on other nouns → what is said
    (
        [(7, 0.79), (8, 0.86)],
        "the 8 found to suffice on other nouns change 86.0\u00a0% here, in the weaker direction, below",
    ),
    ([(8, 0.95), (6, 0.91)], "the 6 found to suffice on other nouns change 91.0\u00a0% here, in the weaker direction"),
    ([(1, 0.95)], "a gender unit, one alone suffices"),
    ([(None, 0.0)], "a distributed code"),
]


@pytest.mark.parametrize(("found", "said"), WAYS_OUT)
def test_the_fewest_units_are_told_by_what_they_do_on_other_nouns(results, found, said):
    rate = lambda value: replace(results[0].causal.exchange[0].all_words, value=value)
    both = lambda value: {"a": rate(1.0), "b": rate(value)}
    enough = lambda count, value: ([*range(count)], both(value)) if count else (None, {})
    sets = [causal.Smallest("own effect", [], *enough(*each)) for each in found]
    whole = [replace(rung, verdict=YES) for rung in results[0].ladder]
    told = report.answer(replace(results[0], ladder=whole, causal=replace(results[0].causal, smallest=sets)), results)
    assert said in told and ("below the bar" in told) == said.endswith("below") and "0 of 2 runs" in told
    failed = re.findall(r"corrected p", told)
    assert len(failed) == sum(not each.holds for each in results[0].hypotheses)


def test_results_are_saved_as_tables_too(folder):
    names = {path.name for path in (folder / "csv").iterdir()}
    assert {"result.csv", "flips.csv", "ladder.csv", "sliders.stops.csv", "sentences.walks.units.csv"} <= names


@pytest.mark.filterwarnings("ignore:Glyph")  # the fonts that measure a label know no emoji; the SVG names none
def test_figures_for_print_say_n_seed_and_control(results, tmp_path):
    written = plots.save(results, tmp_path)
    names = {path.stem for path in written}
    assert len(names) == len(written) == 2 * 9 + 1 and "runs" in names
    for path in written:
        drawn = ElementTree.parse(path).getroot()
        said = " ".join("".join(drawn.itertext()).split())
        assert re.search(r"\d+ (sentences|feminine)", said) and "ontrol" in said and "seed" in said
        assert re.search(r"of 1\.|intervals 1\.", said)


# Single sentences


@pytest.mark.parametrize("layers", [1, 2])
def test_a_step_is_what_the_equations_make_of_the_step_before(tiny_model, tokenizer, layers):
    model = tiny_model("late", layers, bidirectional=True)
    places = [place for layer in (model.encoder[-1], model.decoder[-1]) for place in layer.places]
    found = examples.sentence(
        Translator(model, tokenizer),
        "I am a boy who sings.",
        "Jsem kluk, který zpívá.",
        {each: [0, 3] for each in places},
        {},
    )
    assert [walk.place for walk in found.walks] == places
    for walk in found.walks:
        names = found.source_words if walk.side == "source" else found.target_words
        assert {word for word in walk.words if word is not None} == set(range(len(names)))
        for unit in walk.units:
            c, h = unit.before["cell"], unit.before["hidden"]
            assert walk.side == "target" or (c, h) == (0, 0)
            for step in range(len(walk.pieces)):
                now = {name: values[step] for name, values in unit.values.items()}
                for gate, push in unit.pushes.items():
                    drive = push.word[step] + push.hidden[step] + push.bias
                    squashed = math.tanh(drive) if gate == "candidate" else 1 / (1 + math.exp(-drive))
                    assert squashed == pytest.approx(now[gate], abs=1e-5)
                assert now["cell"] == pytest.approx(now["forget"] * c + now["input"] * now["candidate"], abs=1e-5)
                assert now["hidden"] == pytest.approx(now["output"] * math.tanh(now["cell"]), abs=1e-5)
                c = now["cell"]
                between = min(abs(now["forget"] - 0.5), abs(now["input"] - 0.5)) < 0.1
                assert (unit.cases[step] == "between") == between
                keeps, writes = unit.cases[step] in ("kept", "added to"), unit.cases[step] in ("replaced", "added to")
                assert between or (keeps, writes) == (now["forget"] > 0.5, now["input"] > 0.5)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_walked_through_by_its_own_states_and_gates(tiny_model, tokenizer, cell):
    model = tiny_model("late", 2, cell=cell, bidirectional=False)
    units = {"encoder.1.forward": [1], "decoder.1": [0, 3]}
    found = examples.sentence(Translator(model, tokenizer), "The boy sings.", "Kluk zpívá.", units, {})
    for walk in found.walks:
        assert [each.unit for each in walk.units] == units[walk.place] and walk.memory == CELLS[cell].memory
        for unit in walk.units:
            assert set(unit.values) == {*CELLS[cell].states, *CELLS[cell].gates}
            assert all(len(values) == len(walk.pieces) for values in unit.values.values())


def test_a_shown_number_stands_for_its_float32(translator):
    values = torch.randn(200, generator=torch.Generator().manual_seed(1)) * 10.0 ** torch.arange(200).sub(100).div(4)
    assert torch.tensor(examples.exact(values)).equal(values)


def test_dose_nought_changes_nothing_and_each_stop_says_what_it_sets(results):
    for slider in results[0].sliders:
        plain, *turned, donor = slider.stops
        assert (plain.dose, donor.dose) == (0, None) and plain.changed == []
        assert [stop.dose for stop in turned] == list(examples.DOSES[1:])
        one, two, three = (stop.values for stop in slider.stops if stop.dose in (1, 2, 3))
        assert [c - b for b, c in zip(two, three)] == pytest.approx([b - a for a, b in zip(one, two)], abs=1e-4)
        for stop in slider.stops:
            assert stop.said.startswith(slider.forced) and len(stop.values) == len(slider.units)
            before, now = plain.said.split(), stop.said.split()
            assert stop.changed or now == [word for word in before if word in now]


def test_the_command_beside_a_slider_says_the_same(monkeypatch, capsys):
    """Ten shown outputs of the demo run, drawn at random, through the command line."""
    demo = seq2seq.load(HOUSE / "checkpoints" / "demo")
    fit = [each for each in select(agreement("probe"), demo.tokenizer, "lexical", 40) if each.fitted]
    pair = select(pinned(), demo.tokenizer, "lexical", 1)
    sets = [[40], [98, 3], list(range(0, 256, 8))]
    sliders = examples.sliders(demo, str(HOUSE / "checkpoints" / "demo"), pair, fit, sets, 1)
    stops = [stop for slider in sliders for stop in slider.stops]
    for stop in random.Random(1).sample(stops, 10):
        python, script, *rest = shlex.split(stop.command)
        assert (python, script) == ("python", "translate.py")
        monkeypatch.setattr(sys, "argv", [script, *rest])
        translate.main()
        assert capsys.readouterr().out.strip() == stop.said


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e '.[test]'")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened_from(browser, folder: Path) -> Iterator[Any]:
    """A report's page, opened from disk; at the end nothing was fetched and the console is empty."""
    opened, trouble = browser.new_page(viewport={"width": 1024, "height": 900}), []
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on(
        "request",
        lambda request: (
            trouble.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None
        ),
    )
    opened.set_default_timeout(300_000)  # on a busy machine
    opened.goto((folder / "report.html").as_uri())
    opened.wait_for_selector("html[data-ready]")
    yield opened
    assert not trouble


@pytest.fixture(scope="module")
def page(browser, folder) -> Iterator[Any]:
    with opened_from(browser, folder) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1024, "dark"), (1920, "light")])
def test_it_fits_the_screen_and_no_serious_barrier_is_found(page, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: pip install -e '.[test]'").Axe()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]


CUT = """() => [...document.querySelectorAll(".drawing svg")].flatMap((svg) =>
  [...svg.querySelectorAll("text, .name span")].filter((each) => {
    const own = each.getBoundingClientRect(), room = (each.closest("foreignObject") ?? svg).getBoundingClientRect();
    return own.left < room.left - 1 || own.right > room.right + 1 || own.top < room.top - 1 || own.bottom > room.bottom + 1;
  }).map((each) => each.textContent))"""


@pytest.mark.parametrize("width", [360, 700, 1920])
def test_no_text_of_a_drawing_is_cut(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(200)
    assert page.evaluate(CUT) == []


def test_the_genders_colours_stand_for_genders_only_and_no_line_hides_another(page):
    for name in ("decay", "register", "swaps", "seeds"):
        assert page.locator(f"[data-figure={name}] :is(.masculine, .feminine)").count() == 0
    first = "lines => lines.map(each => each.querySelector('.point').getBoundingClientRect()).map(({x, width}) => x + width / 2)"
    places = page.locator("[data-figure=register] .drawing g").evaluate_all(first)
    assert len(places) == 3 and places == sorted(set(places))


WALK = """() => {
  for (const each of document.querySelectorAll("details")) {
    each.open = true;
    each.dispatchEvent(new Event("toggle"));
  }
  const data = [...document.querySelectorAll("[data-path]")];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), rest = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest("script, style, [data-path], .tick") && /[0-9]/.test(node.data)) rest.push(node.data);
  }
  return {data: data.map((each) => [JSON.parse(each.dataset.path), each.dataset.form ?? "text", each.textContent]), rest};
}"""
SCALE = {"percent": (100, 0.05), "one": (1, 0.05), "two": (1, 0.005), "signed": (1, 0.005), "three": (1, 0.0005)}


def equals(value: Any, form: str, text: str) -> bool:
    """Whether a text on the page is this value, to as many digits as it shows."""
    if value is None:
        return text == "–"
    if form == "after" and value < 0:
        return text == "at the end"
    if form in ("text", "after"):
        if isinstance(value, list):
            return text in (str(value), ",".join(map(str, value)))
        return text == str(value) or float(text.replace("−", "-")) == value
    number = float(text.replace("−", "-").replace(",", "").replace("\u00a0%", ""))
    if form == "small":
        return number == pytest.approx(
            value, abs=0.0005 if value >= 0.001 else 0.05 * 10 ** math.floor(math.log10(value or 1))
        )
    scale, half = SCALE[form]
    return abs(number - scale * value) <= half * (1 + 1e-9)


def strings(node: Any) -> Iterator[str]:
    """Every text of the results, names of fields included."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from (key, *strings(value))
    elif isinstance(node, Sequence):
        for value in node:
            yield from strings(value)


def at(node: Any, path: Sequence[str]) -> Any:
    for key in path:
        node = len(node) if key == "length" else node[int(key) if isinstance(node, list) else key]
    return node


def one_line(text: str) -> str:
    return " ".join(text.split())


def walked(opened, content) -> int:
    """Every number on the page, compared with the results; how many."""
    found = opened.evaluate(WALK)
    for path, form, text in found["data"]:
        value = int(path[-1]) if form == "index" else at(content, path)
        assert equals(value, "text" if form == "index" else form, text), (path, form, text, value)
    sources = (each.read_text(encoding="utf-8") for each in (HOUSE / "seq2seq/probing/page").iterdir())
    prose, known = one_line("".join(sources).replace("&nbsp;", " ")), set(strings(content))
    for text in found["rest"]:  # what is no result is the authors' own words
        assert text in known or one_line(text) in prose, text
    return len(found["data"])


def test_every_number_on_the_page_is_in_the_results(page, folder):
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert walked(page, content) > 1000


def test_what_comes_from_outside_is_text(page, results):
    assert results[0].run in page.inner_text("#runs")
    assert page.locator("main b", has_text="girl").locator("xpath=self::b[text()='\"girl\"']").count() == 0
    assert HOSTILE in page.inner_text("[data-figure=switch]")
    assert HOSTILE in page.inner_text("[data-figure=command]")


def first_letters(page, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def test_every_control_works(page, results):
    slider = results[0].sliders
    box = page.locator("[data-figure=slider]")
    assert box.locator(".czech").inner_text().strip() == slider[0].stops[0].said, (
        "nothing is turned before anyone drags"
    )
    box.locator("select").select_option(label="3")
    knob = box.locator("input[type=range]")
    for stop, wanted in enumerate(slider[0].stops):
        knob.fill(str(stop))
        assert box.locator(".czech").inner_text().strip() == wanted.said
        assert box.locator("code").inner_text() == wanted.command
        assert box.locator(".changed").count() == len(wanted.changed)
    box.locator("input[type=radio]").nth(1).check(force=True)
    knob.fill("0")
    assert box.locator(".czech").inner_text().strip() == slider[1].stops[0].said
    cell = page.locator("[data-figure=cell]")
    walk = results[0].sentences[0].walks[-1]
    for step in range(1, len(walk.pieces)):
        cell.locator("button[name=next]").click()
        assert cell.locator(".node[aria-pressed=true]").count() == 1
        assert walk.units[0].cases[step] in cell.locator(".node[aria-pressed=true]").inner_text()
    assert cell.locator("button[name=next]").is_disabled()
    cell.locator("button[name=previous]").focus()
    page.keyboard.press("Enter")
    assert cell.locator("button[name=next]").is_enabled()
    page.get_by_label("Find unit").fill("5")
    said, layers = page.locator("[data-figure=units] .now"), results[0].layers
    assert page.locator(".unit.found").count() == len(layers) == said.locator("> *").count()
    assert f"AUC for feminine {layers[0].areas[5]:.2f}; own effect" in said.inner_text()
    page.set_viewport_size({"width": 900, "height": 900})  # drawn anew
    page.wait_for_timeout(200)
    assert page.locator(".unit.found").count() == len(layers)
    page.get_by_label("Find unit").fill("8")
    assert page.locator(".unit.found").count() == 0 and "No layer" in said.inner_text()
    units = page.locator("[data-figure=units] details")
    units.evaluate("each => { each.open = true; each.dispatchEvent(new Event('toggle')); }")
    for ordered in (sorted, lambda values: sorted(values, reverse=True)):
        units.locator("th button").nth(1).click()
        column = first_letters(page, "[data-figure=units] tbody td:nth-child(2)")
        assert column == [f"{value:.2f}" for value in ordered(results[0].reading.steps[0].areas)]
    with page.expect_download() as download:
        page.locator("[data-figure=flips] button", has_text="CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(results[0].flips) and repr(results[0].flips[0].all_words.value) in lines[1]
    strip = page.locator("[data-figure=strips]")
    strip.locator("input[value=forget]").check(force=True)
    assert "forget" in strip.locator("caption").first.inner_text()
    for name in ("decay", "register", "gates"):
        choose = page.locator(f"[data-figure={name}] select")
        choose.select_option(index=choose.locator("option").count() - 1)
    seen = set()
    for _ in range(3):
        page.locator("#theme").click()
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == 2


def test_another_run_is_one_choice_away(page, results, folder):
    page.locator("#runs select").select_option(index=1)
    assert page.inner_text("[data-figure=answer]") == report.answer(results[1], results)
    walked(page, json.loads((folder / "results.json").read_text(encoding="utf-8")))
    page.locator("#runs select").select_option(index=0)


def test_layers_that_differ_in_their_gates_show_what_they_have(browser, tiny_model, tokenizer, tmp_path):
    """Without attention nobody reads the depth of a grid's last encoder layer, so it has none."""
    grid = Translator(tiny_model("none", 2, cell="grid", bidirectional=True), tokenizer)
    stimuli = select(agreement("probe")[:1000], tokenizer, "lexical", 12)
    result = made_up(grid, stimuli, "grid", 1)
    report.save([result], tmp_path, "")
    encoder, *_, decoder = result.sentences[0].walks
    with opened_from(browser, tmp_path) as page:
        strips, cell = page.locator("[data-figure=strips]"), page.locator("[data-figure=cell]")
        for name in decoder.units[0].values:
            strips.locator(f"input[value={name}]").check(force=True)
            had = name in encoder.units[0].values
            assert had != name.startswith("depth_")
            assert strips.locator("table.strip").count() == 2 + 2 * had
            assert strips.locator(".missing").count() == (not had)
        assert {*decoder.units[0].values} <= set(first_letters(page, "[data-figure=cell] th"))
        assert cell.locator("tbody tr").count() == len(decoder.pieces)
