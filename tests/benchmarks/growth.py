"""Growth: how time and memory rise with the corpus, a sentence, the network, the beam, and the units probed.

The sizes of a series double, and are timed in turn. Memory is measured in a process of its own for each size, once: its peak
beyond what it had before the work. The exponent b of size^b is the slope of a regression of log value on log size over all
repetitions, with Student's 95 % interval; what every size has to pay makes it smaller than it would be far out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import takewhile
from pathlib import Path
from statistics import median

import matplotlib
import numpy
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

import seq2seq
import train
from corpora.writing import write
from seq2seq.batching import Example, collate
from seq2seq.model import Model, ModelSettings
from seq2seq.probing.interventions import Experiment
from seq2seq.probing.plots import LOOKS, STYLE
from seq2seq.probing.statistics import max_statistic
from seq2seq.probing.stimuli import partners, probed, select
from seq2seq.training import Training, TrainingSettings, device
from tests.benchmarks.measuring import Setting, alone, in_turn, memory, short, show
from tests.benchmarks.memory import SETTINGS, write_corpus

Work = Callable[[], object]
SENTENCES, PIECES = 32, 20  # of an update whose other sizes stay


def prepared(pairs: int, run: Path, place: Path) -> Work:
    """Read a corpus, learn a tokenizer, begin a run, and make all batches of an epoch."""
    file = place / f"{pairs}.tsv"
    if not file.exists():
        alone(write_corpus, file, pairs)

    def work() -> None:
        with redirect_stdout(StringIO()):
            training, _ = train.start({**SETTINGS, "corpus": [str(file)]}, Path(tempfile.mkdtemp(dir=place)))
        for _ in takewhile(lambda _: training.epoch == 0, training.batches()):
            pass

    return work


def updates(run: Path, pieces: int, **shape: int) -> Work:
    """Two updates of a default network, or one of another shape, on sentences of so many pieces on either side."""
    torch.manual_seed(1)
    tokenizer = seq2seq.load(run).tokenizer
    model = Model(ModelSettings(**shape), len(tokenizer)).to(device())
    rows = torch.randint(4, len(tokenizer), (2, SENTENCES, pieces - 1)).tolist()
    batch = collate([Example(*each) for each in zip(*rows)])
    training = Training(model, tokenizer, [], [], TrainingSettings(), "float32", Path("unused"))
    return lambda: [training.step(batch) for _ in range(2)]


def translated(beam: int, run: Path, place: Path) -> Work:
    """Translate 64 sentences."""
    translator = seq2seq.load(run)
    sentences = [pair.source for pair in probed(translator)[:64]]
    return lambda: translator.translate(sentences, beam)


def exchanged(units: int, run: Path, place: Path) -> Work:
    """So many units, each exchanged alone in 32 sentences."""
    translator = seq2seq.load(run)
    stimuli = select(probed(translator), translator.tokenizer, "lexical", 40)
    pairs = partners(stimuli, range(len(stimuli)), same_gender=False)[:32]
    experiment = Experiment(translator, stimuli)
    return lambda: experiment.interchange(pairs, [[unit] for unit in range(units)])


def tested(units: int, run: Path, place: Path) -> Work:
    """Test the AUC of so many units over 64 nouns, corrected for all of them."""
    random = numpy.random.default_rng(1)
    values, feminine = random.standard_normal((64, units)), numpy.arange(64) % 2 == 0
    return lambda: max_statistic([values], feminine, 1)


@dataclass(frozen=True)
class Series:
    """One thing that grows while the others stay."""

    name: str
    make: Callable[[int, Path, Path], Work]  # size, run folder, a place for files → the work to be measured
    first: int
    last: int
    bar: str = ""  # of the exponent of time


SERIES = {
    each.name: each
    for each in (
        Series("corpus, pairs", prepared, 2000, 64_000, "≤ 1.05"),
        Series("sentence, pieces", lambda size, run, place: updates(run, size), 8, 256),
        Series("network, units", lambda size, run, place: updates(run, PIECES, units=size), 64, 1024),
        Series("beam", translated, 1, 32, "≤ 1"),
        Series("units exchanged", exchanged, 8, 256, "≤ 1"),
        Series("units tested", tested, 64, 4096, "≤ 1"),
    )
}


def doubled(first: int, last: int) -> list[int]:
    """first, 2 · first, 4 · first … last."""
    return [first << step for step in range((last // first).bit_length())]


@dataclass(frozen=True)
class Exponent:
    """b of size^b with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def exponent(sizes: Sequence[float], values: Sequence[float]) -> Exponent:
    """The slope of log value on log size, with Student's interval; three points or more, not all of one size."""
    line = stats.linregress(numpy.log(sizes), numpy.log(values))
    reach = float(stats.t.ppf(0.975, len(sizes) - 2) * line.stderr)
    return Exponent(float(line.slope), float(line.slope) - reach, float(line.slope) + reach)


@dataclass(frozen=True)
class Grown:
    """What one series took: for each size the seconds of every repetition, and the memory."""

    name: str
    bar: str
    sizes: list[int]
    seconds: list[list[float]]
    megabytes: list[float]  # beyond what the process had before; at least 1

    @property
    def of_time(self) -> Exponent:
        return exponent(*zip(*((size, each) for size, row in zip(self.sizes, self.seconds) for each in row)))

    @property
    def of_memory(self) -> Exponent:
        return exponent(self.sizes, self.megabytes)


def needed(name: str, size: int, run: Path, place: Path) -> float:
    """Megabytes that one size takes."""
    work = SERIES[name].make(size, run, place)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: what preparing took is not the work's
    before = memory("VmRSS")
    work()
    return max(1.0, memory("VmHWM") - before)


def grow(series: Series, setting: Setting, place: Path) -> Grown:
    """All sizes of a series."""
    sizes = doubled(series.first, 4 * series.first if setting.quick else series.last)
    works = {str(size): series.make(size, setting.run, place) for size in sizes}
    taken = in_turn(works, setting.repetitions)
    megabytes = [alone(needed, series.name, size, setting.run, place) for size in sizes]
    return Grown(series.name, series.bar, sizes, list(taken.values()), megabytes)


def draw(axes: Axes, grown: Grown, values: Sequence[Sequence[float]], found: Exponent, look: int) -> None:
    """The median of each size with its spread, and the exponent."""
    middle = numpy.array([median(each) for each in values])
    reach = [middle - [min(each) for each in values], [max(each) for each in values] - middle]
    axes.errorbar(grown.sizes, middle, yerr=reach, capsize=2, elinewidth=0.8, **LOOKS[look])
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(grown.sizes[::2], [f"{size:,}" for size in grown.sizes[::2]])
    axes.set_title(f"exponent {found}", fontsize=8)
    axes.set_xlabel(grown.name)


def plot(found: Sequence[Grown], path: Path) -> None:
    """Time above, memory below, a column for each series."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(2.4 * len(found), 4.5), layout="constrained")
        rows = figure.subplots(2, len(found), squeeze=False)
        for above, below, grown in zip(*rows, found):
            draw(above, grown, grown.seconds, grown.of_time, 0)
            draw(below, grown, [[each] for each in grown.megabytes], grown.of_memory, 1)
        rows[0, 0].set_ylabel("seconds")
        rows[1, 0].set_ylabel("MB beyond the start")
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    write(path, text.getvalue())


def measure(setting: Setting) -> list[Grown]:
    """Every series; a table, and growth.svg in the output folder."""
    with tempfile.TemporaryDirectory() as place:
        found = [grow(series, setting, Path(place)) for series in SERIES.values()]
    rows = [
        (each.name, f"{each.sizes[0]:,} … {each.sizes[-1]:,}", *(short(median(each.seconds[n])) for n in (0, -1)),
         str(each.of_time), each.bar, *(short(each.megabytes[n]) for n in (0, -1)), str(each.of_memory))
        for each in found
    ]  # fmt: skip
    heads = ("what grows", "sizes", "s", "s", "exponent of time", "bar", "MB", "MB", "exponent of memory")
    show(f"growth, {setting.repetitions} repetitions", heads, rows)
    plot(found, setting.out / "growth.svg")
    print(f"wrote {setting.out / 'growth.svg'}")
    return found
