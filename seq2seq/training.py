"""Training: batches through the model, a schedule that counts steps, dev scores as it goes, and a folder to resume from."""

from __future__ import annotations

import json
import math
import os
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grad_norm_

from corpora.records import Pair
from corpora.storage import Picked

from .agreement import coherent
from .batching import Batch, Example, collate, plan
from .checkpoint import BEST, HISTORY, LAST, Run, fitting, read_tensors, store, weights_of, write_tensors
from .config import Diverged, Lost, UserError, check, from_json, option
from .loss import cross_entropy
from .model import PAD, Model
from .scoring import Score, score
from .search import SearchSettings
from .tokenizer import Tokenizer
from .translator import Translator

Item = TypeVar("Item")

SAMPLES = 2  # translations shown at each evaluation
CHUNK = 100_000  # pairs that are encoded at once, or a few less: what memory a corpus takes does not grow beyond that


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained."""

    vocabulary: int = option(4000, "word pieces, both languages together", minimum=260)
    batch_tokens: int = option(1700, "word pieces in a batch, on its longer side", minimum=8)
    learning_rate: float = option(2e-3, "highest learning rate of AdamW", minimum=0)
    warmup: int = option(400, "steps over which the rate rises; then it falls to 0 along a cosine", minimum=0)
    max_steps: int = option(3000, "steps in all, which the schedule counts", minimum=1)
    anneal: float = option(
        0.0, "share of the steps, the last ones, over which dropout falls to 0; 0: it stays", minimum=0, maximum=1
    )
    minutes: float = option(0.0, "stop after so many minutes; 0: no limit", minimum=0)
    weight_decay: float = option(0.01, "AdamW's decay", minimum=0)
    label_smoothing: float = option(0.1, "probability spread over all pieces", minimum=0)
    clip: float = option(1.0, "largest norm of the gradient; 0: any", minimum=0)
    evaluate_every: int = option(500, "steps between evaluations on dev", minimum=1)
    patience: int = option(8, "evaluations without a better dev score before training stops", minimum=1)
    seed: int = option(1, "seed of weights, order and dropout", minimum=0, maximum=2**32 - 1)
    precision: str = option(
        "auto", "number format; auto measures which is faster here", choices=("auto", "float32", "bf16")
    )

    def __post_init__(self) -> None:
        check(self)
        if not self.label_smoothing < 1:
            raise UserError(f"--label-smoothing must be below 1, not {self.label_smoothing}")


@dataclass(frozen=True)
class Recipe:
    """A named set of settings."""

    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    loading: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "default": Recipe(),  # about 10 minutes on two cores
    "demo": Recipe(  # under 3 minutes, the same weights everywhere: short sentences, no attention, float32
        model={"attention": "none", "embedding": 128, "units": 256, "dropout": 0.05},
        training={
            "vocabulary": 3000, "batch_tokens": 800, "learning_rate": 4e-3, "warmup": 200, "max_steps": 3000,
            "precision": "float32",
        },
        loading={"max_words": 8},
    ),
}  # fmt: skip


def options(run: Run) -> dict[str, Any]:
    """Every option of train.py that decided what was trained, by name; those that came later have their default."""
    training = asdict(from_json(TrainingSettings, run.training))
    return {**asdict(run.model), **training, **run.loading, "corpus": run.corpora}


# Several processes, as torchrun starts them: each has the whole model and takes its part of every batch


def rank_and_world() -> tuple[int, int]:
    """Which process of a training this is, and of how many."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def join() -> None:
    """Wait for all processes of this training; nothing to do where there is one. Lost: they do not come together.
    UserError: nothing says where."""
    if rank_and_world()[1] == 1:
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
    failed = list[Exception]()

    def meet() -> None:
        try:
            distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        except Exception as error:  # whatever it is, the thread that waits has to know
            failed.append(error)

    meeting = Thread(target=meet, daemon=True)
    try:
        meeting.start()
        meeting.join()  # and not meet(): no signal is heard during it, and torchrun sends one when a process is lost
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted while waiting for the other processes of this training") from None
    for error in failed:
        if isinstance(error, RuntimeError):
            raise Lost(f"the processes of this training do not come together ({first_line(error)})") from error
        raise UserError(
            f"WORLD_SIZE says {rank_and_world()[1]} processes: start them with torchrun ({error})"
        ) from error


def first_line(error: Exception) -> str:
    """What torch says, without the stack that it adds below."""
    return str(error).split("\n")[0]


def leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def total(*values: float) -> list[float]:
    """The sums of some numbers over all processes."""
    sums = torch.tensor(values, dtype=torch.float64)
    if distributed.is_initialized():
        distributed.all_reduce(sums)
    return sums.tolist()


def gathered(tensor: Tensor) -> list[Tensor]:
    """A tensor of each process, in their order."""
    if not distributed.is_initialized():
        return [tensor]
    found = [torch.empty_like(tensor) for _ in range(distributed.get_world_size())]
    distributed.all_gather(found, tensor)
    return found


def device() -> torch.device:
    """The GPU of this process, or the CPU."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    )


def encode(tokenizer: Tokenizer, pairs: Iterable[Pair]) -> list[Example]:
    row = lambda text: array("i", tokenizer.encode(text))  # a list would take ten times the memory
    return [Example(row(pair.source), row(pair.target)) for pair in pairs]


def chunks_of(pairs: Sequence[Pair], most: int = CHUNK) -> list[Sequence[Pair]]:
    """Pairs in as few parts as have at most so many each; every part is spread evenly over all of them, whatever their
    order, and is read when it is used."""
    count = math.ceil(len(pairs) / most)
    return [Picked([pairs], array("q", range(first, len(pairs), count))) for first in range(count)]


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Items of an endless iterator, each made in another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items)
        while True:
            item, coming = coming.result(), thread.submit(next, items)
            yield item


def loss_of(model: Model, batch: Batch, smoothing: float) -> tuple[Tensor, Tensor]:
    """Summed loss over the real target positions: smoothed, to train on, and plain, to report."""
    features, _ = model.decode(batch.target_in, model.encode(batch.source, batch.source_lengths))  # [B, T, E]
    real = batch.target_out != PAD
    return cross_entropy(features[real], model.target_embedding.weight, model.bias, batch.target_out[real], smoothing)


class Objective(nn.Module):
    """What training makes small, as a module that DistributedDataParallel can watch."""

    def __init__(self, model: Model, smoothing: float):
        super().__init__()
        self.model, self.smoothing = model, smoothing

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return loss_of(self.model, batch, self.smoothing)


def faster_precision(model: Model, batch: Batch) -> tuple[str, str]:
    """float32 or bf16, whichever trains on this batch faster here, and the measurement in words (under a second or two)."""
    place = model.device
    finish = torch.cuda.synchronize if place.type == "cuda" else lambda: None
    with torch.random.fork_rng():  # dropout's draws here are not the training's
        # a processor without bf16 takes many times as long for it: a few sentences say so
        for some in (batch.part(0, 16), batch):
            some, seconds = some.to(place), {"float32": math.inf, "bf16": math.inf}
            for _ in range(3):  # in turn, the first warms up; the best of them counts
                for name in seconds:
                    finish()
                    start = time.perf_counter()
                    with torch.autocast(place.type, torch.bfloat16, enabled=name == "bf16"):
                        loss, _ = loss_of(model, some, 0.1)
                    loss.backward()
                    finish()
                    seconds[name] = min(seconds[name], time.perf_counter() - start)
            if max(seconds.values()) > 4 * min(seconds.values()):
                break
    model.zero_grad(set_to_none=True)
    fastest = min(seconds, key=lambda name: seconds[name])
    measured = ", ".join(f"{name} {1000 * each:.0f} ms" for name, each in seconds.items())
    return fastest, f"{measured}, {len(some.source)} sentences"


def choose_precision(model: Model, tokenizer: Tokenizer, pairs: Sequence[Pair], settings: TrainingSettings) -> str:
    """The precision that settings ask for; "auto" measures on one batch, and prints what it saw."""
    if settings.precision != "auto":
        return settings.precision
    some = encode(tokenizer, pairs[:2000])
    numbers = max(plan(some, settings.batch_tokens, (0,)), key=len)
    precision, measured = faster_precision(model, collate([some[number] for number in numbers]))
    print(f"precision {precision} ({measured})")
    return precision


@dataclass(frozen=True)
class Evaluation:
    """What a model was worth on dev, at one step."""

    step: int
    epoch: int
    minutes: float
    train_loss: float  # nats a piece
    dev_loss: float
    bleu: float
    chrf: float
    exact_match: float
    agreement: float | None  # % of dev sentences with factors whose every agreeing word is right
    tokens_per_second: float
    samples: tuple[tuple[str, str], ...] = field(repr=False)  # (source, translation)


@dataclass(frozen=True)
class Standing:
    """Where a run stands: all that its next step depends on, beside tensors."""

    history: list[dict]  # type: ignore[type-arg]  # what each evaluation found
    steps: int = option(MISSING, "updates made", minimum=0)
    epoch: int = option(MISSING, "epochs done", minimum=0)
    place_in_epoch: int = option(MISSING, "batches of this epoch done, or of its chunk", minimum=0)
    stale: int = option(MISSING, "evaluations without a better dev score", minimum=0)
    best: float = option(MISSING, "the best dev score")
    minutes: float = option(MISSING, "time spent", minimum=0)
    chunk: int = option(0, "chunks of this epoch done", minimum=0)

    def __post_init__(self) -> None:
        check(self)


def agreement_rate(pairs: Sequence[Pair], outputs: Sequence[str]) -> float | None:
    """Per cent of the sentences with factors in which every agreeing word is right."""
    judged = [coherent(pair.factors, output) for pair, output in zip(pairs, outputs) if pair.factors]
    return 100 * sum(judged) / len(judged) if judged else None


class Training:
    """One run in the making. `step` makes an update; `run` makes all of them, with evaluations and saves between."""

    def __init__(
        self, model: Model, tokenizer: Tokenizer, train: Sequence[Pair], dev: Sequence[Pair], settings: TrainingSettings,
        precision: str, folder: Path, chunk: int = CHUNK,
    ):  # fmt: skip
        self.model, self.tokenizer, self.settings, self.folder = model, tokenizer, settings, folder
        self.precision, self.place = precision, model.device
        self.rank, self.world = rank_and_world()
        self.objective: nn.Module = Objective(model, settings.label_smoothing)
        self.chunks = chunks_of(train, chunk)
        self.dev, self.dev_examples = list(dev), encode(tokenizer, dev)
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.steps = self.epoch = self.chunk = self.place_in_epoch = self.stale = 0
        self.best = -math.inf
        self.history: list[dict[str, Any]] = []
        self.earlier_minutes = 0.0
        self.saved: int | None = None  # the step of the last save
        self.interrupted = False  # set from outside, read between two steps: a step is never cut in half

    # One update

    def rate(self) -> float:
        """Learning rate of the next step: linear warm-up, then a cosine to 0 at max_steps."""
        warmup, total = self.settings.warmup, self.settings.max_steps
        if self.steps < warmup:
            return self.settings.learning_rate * (self.steps + 1) / warmup
        done = (self.steps - warmup) / max(1, total - warmup)
        return self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def dropout(self) -> float:
        """What share of its rates dropout has at the next step: all, and at the end on a straight line to 0 (Rennie, Goel &
        Thomas 2014)."""
        ending = self.settings.anneal * self.settings.max_steps
        left = self.settings.max_steps - self.steps
        return left / ending if left < ending else 1.0

    def step(self, batch: Batch) -> tuple[float, int]:
        """Update the weights on one batch, of which each process takes its part, or, where there are fewer sentences than
        processes, all; the plain loss, summed, and the number of target pieces, both of the whole batch."""
        parts = self.world if len(batch.source) >= self.world else 1
        part = batch.part(self.rank % parts, parts).to(self.place)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.model.train()
        shape, share = self.model.settings, self.dropout()
        self.model.dropout.rate, self.model.word_dropout.rate = share * shape.dropout, share * shape.word_dropout
        with torch.autocast(self.place.type, torch.bfloat16, enabled=self.precision == "bf16"):
            loss, plain = self.objective(part)
        count = int((batch.target_out != PAD).sum())
        (loss * parts / count).backward()  # the mean over the processes is the gradient of the whole batch
        [plain] = total(float(plain) * parts / self.world)
        norm = clip_grad_norm_(self.model.parameters(), self.settings.clip or math.inf)
        if not (math.isfinite(plain) and math.isfinite(float(norm))):
            chunk = f" (chunk {self.chunk + 1} of {len(self.chunks)})" if len(self.chunks) > 1 else ""
            first = self.tokenizer.decode(batch.source[0, : int(batch.source_lengths[0]) - 1].tolist())
            raise Diverged(
                f"loss {plain / count:g}, gradient {float(norm):g} at step {self.steps + 1}: not finite, in batch "
                f"{self.place_in_epoch} of epoch {self.epoch + 1}{chunk}, {len(batch.source)} pairs, the first {first[:60]!r}; "
                f"{self.kept()}. Try a lower --learning-rate or a lower --clip"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        return plain, count

    def batches(self) -> Iterator[Batch]:
        """Endless batches, going on where the run stopped, each made while the one before it is trained on."""
        for standing, batch in ahead(self.planned()):
            self.epoch, self.chunk, self.place_in_epoch = standing
            yield batch

    def planned(self) -> Iterator[tuple[tuple[int, int, int], Batch]]:
        """Where the run stands after each batch (epoch, chunk, place in it), and the batch. Of an epoch, the first chunk is planned,
        encoded and gone through, then the next; a corpus of one chunk is encoded once."""
        epoch, chunk, place = self.epoch, self.chunk, self.place_in_epoch
        encoded, examples = -1, list[Example]()
        while True:
            while chunk < len(self.chunks):
                if encoded != chunk:
                    examples.clear()  # never two chunks in memory
                    encoded, examples = chunk, encode(self.tokenizer, self.chunks[chunk])
                batches = plan(examples, self.settings.batch_tokens, (self.settings.seed, epoch, chunk))
                while place < len(batches):
                    place += 1
                    yield (epoch, chunk, place), collate([examples[number] for number in batches[place - 1]])
                chunk, place = chunk + 1, 0
            epoch, chunk = epoch + 1, 0

    # All updates

    def run(self, progress: Callable[[int, float, float], None], evaluated: Callable[[Evaluation], None]) -> str:
        """Train to the end of the schedule, of patience or of time; returns why it ended. `progress` hears of each step
        (step, loss a piece, target pieces a second), `evaluated` of each evaluation. Of several processes the first one
        evaluates and writes. Lost: one of the others has ended."""
        try:
            if self.world > 1:
                self.objective = DistributedDataParallel(self.objective)
            return self.updates(progress, evaluated)
        except RuntimeError as error:
            if self.world == 1 or isinstance(error, Diverged):
                raise
            raise Lost(f"a process of this training was lost ({first_line(error)}); {self.kept()}") from error

    def updates(self, progress: Callable[[int, float, float], None], evaluated: Callable[[Evaluation], None]) -> str:
        started = time.perf_counter()
        loss = pieces = 0.0
        spent, why = 0.0, "the schedule's last step"  # seconds in updates alone, without evaluations
        batches = self.batches()
        minutes = lambda: self.earlier_minutes + (time.perf_counter() - started) / 60
        while self.steps < self.settings.max_steps and self.stale < self.settings.patience:
            clock = time.perf_counter()
            summed, count = self.step(next(batches))
            spent += time.perf_counter() - clock
            loss, pieces = loss + summed, pieces + count
            progress(self.steps, summed / count, pieces / spent)
            timeup = self.settings.minutes and time.perf_counter() - started >= 60 * self.settings.minutes
            interrupted, timeup = total(self.interrupted, timeup)  # what one process hears, all do after the same step
            if self.steps % self.settings.evaluate_every == 0 or self.steps == self.settings.max_steps or timeup:
                if self.rank == 0:
                    evaluation = self.evaluate(minutes(), loss / pieces, pieces / spent)
                    self.keep(evaluation)
                    evaluated(evaluation)
                loss = pieces = spent = 0.0
                self.stale = int(total(self.stale if self.rank == 0 else 0)[0])
                self.save(minutes())
            if interrupted:  # after the evaluation that was due: a resumed run would not come back to it
                self.save(minutes())
                raise KeyboardInterrupt(
                    f"interrupted and saved at step {self.steps}; --out {self.folder} --resume goes on"
                )
            if timeup:
                why = f"--minutes {self.settings.minutes:g}"
                break
        if self.stale >= self.settings.patience:
            why = f"no better dev score in {self.stale} evaluations"
        return f"{why}, after {self.steps:,} steps, {self.epoch + 1} epoch{'s' * (self.epoch > 0)} and {minutes():.1f} minutes"

    @torch.inference_mode()
    def evaluate(self, minutes: float, train_loss: float, speed: float) -> Evaluation:
        self.model.eval()
        total = pieces = 0.0
        for start in range(0, len(self.dev_examples), 64):
            batch = collate(self.dev_examples[start : start + 64]).to(self.place)
            total += float(loss_of(self.model, batch, 0.0)[1])
            pieces += int((batch.target_out != PAD).sum())
        outputs = outputs_of(Translator(self.model, self.tokenizer), self.dev, beam=1)
        bleu, chrf, exact = score(outputs, [pair.target for pair in self.dev])
        samples = tuple((pair.source, output) for pair, output in list(zip(self.dev, outputs))[:SAMPLES])
        return Evaluation(
            step=self.steps, epoch=self.epoch + 1, minutes=round(minutes, 2), train_loss=round(train_loss, 4),
            dev_loss=round(total / pieces, 4), bleu=round(bleu.value, 2), chrf=round(chrf.value, 2),
            exact_match=round(exact.value, 2), agreement=agreement_rate(self.dev, outputs),
            tokens_per_second=round(speed), samples=samples,
        )  # fmt: skip

    def keep(self, evaluation: Evaluation) -> None:
        """Note an evaluation, and save the weights if they are the best so far. Where the run stands is saved after it:
        when this is cut short, the resumed run makes the evaluation and saves it again."""
        self.history.append(asdict(evaluation))
        worth = evaluation.bleu - 1e-3 * evaluation.dev_loss  # of equal BLEU, the smaller loss
        if worth > self.best:
            self.best, self.stale = worth, 0
            with self.saving():
                write_tensors(self.folder / BEST, self.model.state_dict(), {"step": self.steps})
        else:
            self.stale += 1
        lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in self.history]
        with self.saving():
            store(self.folder / HISTORY, "".join(lines))

    # Where a run stands

    def kept(self) -> str:
        """What of the run is safe, for a message."""
        if self.saved is None:
            return "nothing was saved yet"
        return f"the save of step {self.saved:,} is whole, --out {self.folder} --resume goes on from it"

    @contextmanager
    def saving(self) -> Iterator[None]:
        """What the file system refuses becomes a UserError that says what is safe."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{error.filename}: {error.strerror}: step {self.steps:,} is not saved; {self.kept()}"
            ) from error

    def save(self, minutes: float) -> None:
        """Everything that the next step depends on, in one file. Diverged: a weight is not finite; nothing is saved."""
        for name, parameter in self.model.named_parameters():
            if not parameter.isfinite().all():
                raise Diverged(
                    f"{name} is not finite after step {self.steps:,}; {self.kept()}. Try a lower --learning-rate"
                )
        tensors = dict(self.model.state_dict())
        for kind, state in self.generators().items():
            tensors |= {generator(kind, rank): each for rank, each in enumerate(gathered(state))}
        names: dict[Tensor, str] = {parameter: name for name, parameter in self.model.named_parameters()}
        for weight, kept in self.optimizer.state.items():
            tensors |= {f"optimizer.{names[weight]}.{key}": value for key, value in kept.items()}
        standing = Standing(
            self.history, self.steps, self.epoch, self.place_in_epoch, self.stale, self.best, minutes, self.chunk
        )
        if self.rank == 0:
            with self.saving():
                write_tensors(self.folder / LAST, tensors, asdict(standing))
        self.saved = self.steps

    def generators(self) -> dict[str, Tensor]:
        """The state of this process's random generators, which draw its dropout."""
        states = {"cpu": torch.get_rng_state()}
        return states | ({"cuda": torch.cuda.get_rng_state(self.place)} if self.place.type == "cuda" else {})

    def restore(self) -> None:
        """Go back to the last save. UserError: its file is damaged, or another network's."""
        path = self.folder / LAST
        tensors, facts = read_tensors(path)
        try:
            standing = from_json(Standing, facts)
        except UserError as error:
            raise UserError(f"{path}: holds no state to resume from ({error})") from error
        self.model.load_state_dict(weights_of(self.model, tensors, path))
        torch.manual_seed(self.settings.seed + self.rank)  # for a process or a kind of device that the save had not
        for kind, wanted in self.generators().items():
            name = generator(kind, self.rank)
            if name not in tensors and name != generator("cpu", 0):
                continue
            [state] = fitting({name: wanted}, tensors, path).values()
            try:
                torch.set_rng_state(state) if kind == "cpu" else torch.cuda.set_rng_state(state, self.place)
            except RuntimeError as error:
                raise UserError(f"{path}: {name} is no generator's state ({error})") from error
        for name, parameter in self.model.named_parameters() if standing.steps else ():
            moments = {"step": torch.tensor(0.0), "exp_avg": parameter, "exp_avg_sq": parameter}
            found = fitting({f"optimizer.{name}.{key}": value for key, value in moments.items()}, tensors, path)
            self.optimizer.state[parameter] = dict(zip(moments, (value.to(self.place) for value in found.values())))
        self.steps, self.epoch = standing.steps, standing.epoch
        self.chunk, self.place_in_epoch = standing.chunk, standing.place_in_epoch
        self.stale, self.best, self.history = standing.stale, standing.best, standing.history
        self.earlier_minutes, self.saved = standing.minutes, standing.steps


def generator(kind: str, rank: int) -> str:
    """The name of a generator's state in a file of tensors."""
    return f"generator.{kind}.{rank}" if rank else f"generator.{kind}"


def outputs_of(translator: Translator, pairs: Sequence[Pair], beam: int | None = None, **options: Any) -> list[str]:
    """The translation of each pair's source; nothing, which is wrong, where it is too long to be translated."""
    return translator.translate(
        ["" if translator.refusal(pair.source) else pair.source for pair in pairs], beam, **options
    )


def choose_search(translator: Translator, dev: Sequence[Pair], beam: int = 5) -> tuple[SearchSettings, str]:
    """The length exponent with the best BLEU on dev, and the table it was chosen from."""
    tried = {}
    for exponent in (0.6, 1.0, 1.4, 1.8):
        outputs = outputs_of(translator, dev, beam, exponent=exponent)
        tried[exponent] = score(outputs, [pair.target for pair in dev])[0].value
    best = max(tried, key=lambda exponent: tried[exponent])
    return SearchSettings(beam, best), ", ".join(f"{exponent:g}: {value:.2f}" for exponent, value in tried.items())


def final_scores(translator: Translator, pairs: Sequence[Pair], where: str, longest: int) -> list[Score]:
    """BLEU, chrF, exact match and, where pairs have factors, agreement; each with corpus, split, n and search.
    `longest` says how many words a sentence may have had to be among the pairs."""
    outputs, settings = outputs_of(translator, pairs), translator.settings
    conditions = f"{where}, n = {len(pairs)}, beam {settings.beam}, length exponent {settings.exponent:g}"
    conditions += f", sentences of at most {longest} words"
    scores = score(outputs, [pair.target for pair in pairs])
    agreement = agreement_rate(pairs, outputs)
    if agreement is not None:
        scores.append(Score("agreement", agreement, "every agreeing word right"))
        scores += by_cell(pairs, outputs)
    return [Score(each.name, each.value, f"{each.conditions}; {conditions}") for each in scores]


def by_cell(pairs: Sequence[Pair], outputs: Sequence[str]) -> list[Score]:
    """Agreement in each cell of distance and intervener."""
    cells: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        if pair.factors:
            cells[pair.factors.distance, pair.factors.intervener].append(number)
    scores = []
    for (distance, intervener), numbers in sorted(cells.items()):
        rate = agreement_rate([pairs[number] for number in numbers], [outputs[number] for number in numbers])
        name = f"agreement at distance {distance}, intervener {intervener}"
        scores.append(Score(name, rate or 0.0, f"every agreeing word right, {len(numbers)} of the pairs"))
    return scores
