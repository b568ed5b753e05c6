"""A run and its folder. Tensors are safetensors, the rest is JSON: no pickle is read or written.

    run.json             settings, corpora, precision, search; what made the run
    tokenizer.model      the sentencepiece model
    words.txt            the source words that training saw, one a line
    best.safetensors     the weights that scored best on dev
    last.safetensors     weights, optimiser and generator at the last save: where --resume goes on
    history.jsonl        a line an evaluation
    scores.json          dev and test scores of the best weights
    SHA256SUMS           the digest of each of them, as `sha256sum --check SHA256SUMS` reads it

Every file is written under a temporary name and renamed, so it is complete or absent. What does not fit its digest is not
used: tensors when they are read, all other files of a run when any of them is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from corpora.writing import write

from .config import UserError, called, check, from_json, option
from .model import Model, ModelSettings
from .search import SearchSettings
from .tokenizer import Tokenizer

FORMATS = ("seq2seq-run-1", "seq2seq-run-2")  # the first had no SHA256SUMS; what is written is the last
RUN, TOKENIZER, WORDS, HISTORY, SCORES = "run.json", "tokenizer.model", "words.txt", "history.jsonl", "scores.json"
BEST, LAST = "best.safetensors", "last.safetensors"
SMALL, FILES = (RUN, TOKENIZER, WORDS, HISTORY, SCORES), (RUN, TOKENIZER, WORDS, HISTORY, SCORES, BEST, LAST)
SUMS = "SHA256SUMS"
SUM = re.compile(rf"([0-9a-f]{{64}})  ({'|'.join(map(re.escape, FILES))})\n")


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(folder: Path) -> dict[str, list[str]] | None:
    """The digests that each file of a run may have; None where there is no SHA256SUMS."""
    path = folder / SUMS
    if not path.is_file():
        return None
    text, sums = path.read_bytes().decode("latin-1"), dict[str, list[str]]()
    if not text or SUM.sub("", text):
        raise UserError(f"{path}: damaged, not a list of a run's files and their digests; restore it or train again")
    for digest, name in SUM.findall(text):
        sums.setdefault(name, []).append(digest)
    return sums


def write_sums(folder: Path, sums: Mapping[str, list[str]]) -> None:
    write(folder / SUMS, "".join(f"{digest}  {name}\n" for name in sorted(sums) for digest in sums[name]))


def store(path: Path, data: bytes | str) -> None:
    """Put a file of a run in place. Its new digest is listed beside the old one first, and alone afterwards: whenever the
    writing ends, every file fits the list."""
    content = data.encode() if isinstance(data, str) else data
    folder, name, new = path.parent, path.name, hashlib.sha256(content).hexdigest()
    sums = read_sums(folder)
    if sums is None:  # a new run, or one of the first format
        sums = {each: [file_digest(folder / each)] for each in FILES if (folder / each).is_file()}
    old = [digest for digest in sums.get(name, []) if path.is_file() and digest == file_digest(path)]
    write_sums(folder, {**sums, name: [*old, new]})
    write(path, content)
    write_sums(folder, {**sums, name: [new]})


def tidy(folder: Path) -> None:
    """Remove what writings that were killed have left behind. Only for the one who writes this run."""
    for name in (*FILES, SUMS):
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def verify(folder: Path, *names: str) -> None:
    """UserError: one of these files of a run is there, but it is not the one that SHA256SUMS lists."""
    for name in names:
        for _ in range(2):  # a training that goes on may have replaced it between the two readings
            if not (folder / name).is_file():
                break
            found, sums = file_digest(folder / name), read_sums(folder)
            if sums is None or found in sums.get(name, []):
                break
        else:
            raise UserError(f"{folder / name}: damaged, its digest is not in {SUMS}; restore it or train again")


def digest(tensors: Mapping[str, Tensor], facts: str = "") -> str:
    """sha256 over names, shapes, types and bytes: a damaged weight is noticed."""
    state = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        state.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
        state.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return state.hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any] | None = None) -> None:
    """Tensors, with a digest over them and a JSON object beside them."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    written = json.dumps(facts or {})
    note = {"format": FORMATS[-1], "digest": digest(tensors, written), "facts": written}
    store(path, save(tensors, note))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and their JSON object, or a UserError that says why not."""
    if not path.is_file():
        raise UserError(
            f"{path}: no such file: this run's training never got as far as saving it; begin it anew, without --resume"
        )
    verify(path.parent, path.name)
    try:
        with safe_open(path, framework="pt") as file:
            note = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no mapping
            facts = json.loads(note.get("facts", "{}"))
    except (SafetensorError, ValueError) as error:
        raise UserError(f"{path}: damaged or no safetensors file ({error}); restore it or train again") from error
    if note.get("format") not in FORMATS:
        raise UserError(f"{path}: not written by this program (format {note.get('format')!r}, not {FORMATS[-1]!r})")
    if not isinstance(facts, dict):
        raise UserError(f"{path}: damaged, its facts are not a JSON object; restore it or train again")
    if note.get("digest") != digest(tensors, note.get("facts", "")):
        raise UserError(f"{path}: damaged, its digest does not match its weights; restore it or train again")
    return tensors, facts


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: damaged, not JSON ({error})") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: damaged, not a JSON object")
    return content


def read_words(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(f"{path}: no such file; restore it or train again")
    try:
        return path.read_text(encoding="utf-8").split()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: damaged, not UTF-8 ({error}); restore it or train again") from error


@dataclass(frozen=True)
class Run:
    """What made a run: everything but its tensors."""

    model: ModelSettings
    training: dict[str, Any]  # the training settings, as JSON
    corpora: list[str]
    vocabulary: int
    precision: str = option(MISSING, "what it is trained in", choices=("float32", "bf16"))
    corpus_digest: str = option(MISSING, "sha256 of the pairs")
    command: str = option(MISSING, "what began it")
    loading: dict[str, Any] = field(default_factory=dict)  # how the corpora were read: limit, length filter
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        check(self)

    def save(self, folder: Path) -> None:
        content = {"format": FORMATS[-1], **asdict(self)}
        store(folder / RUN, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read run.json, once every small file of the run fits its digest; anything odd in it is named."""
        path = folder / RUN
        if folder.is_file():
            raise UserError(f"{folder} is a file: name the folder of a run")
        if not folder.is_dir():
            raise UserError(f"{folder}: no such run folder; {called('train.py')} --out {folder} makes one")
        if not path.is_file():
            raise UserError(
                f"{folder}: no run.json in it, so it is not a run folder; {called('train.py')} --out makes one"
            )
        verify(folder, *SMALL)
        values = read_json(path)
        format = values.pop("format", None)
        if format not in FORMATS:
            raise UserError(f"{path}: not a run of this program's format {FORMATS[-1]}")
        if format != FORMATS[0] and not (folder / SUMS).is_file():
            raise UserError(f"{folder / SUMS}: no such file; restore it or train again")
        try:
            for name, kind in (("model", ModelSettings), ("search", SearchSettings)):
                if name in values:
                    values[name] = from_json(kind, values[name])
            return from_json(cls, values)
        except UserError as error:
            raise UserError(f"{path}: damaged ({error}); restore it or train again") from error


def fitting(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The tensors of a file that bear the wanted names; an absent one, or another shape or type, is a UserError that says so."""
    for name in sorted(wanted):
        found, expected = (described(each.get(name)) for each in (tensors, wanted))
        if found != expected:
            raise UserError(f"{path}: does not fit run.json: {name} is {found}, expected {expected}")
    return {name: tensors[name] for name in wanted}


def described(tensor: Tensor | None) -> str:
    return "absent" if tensor is None else f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def weights_of(model: Model, tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The weights among a file's tensors, which may hold an optimiser's and a generator's state, too."""
    wanted = model.state_dict()
    for name in sorted(tensors):
        if name not in wanted and not name.startswith(("optimizer.", "generator.")):
            found = described(tensors[name])
            raise UserError(f"{path}: does not fit run.json: {name} is {found}, expected no such weight")
    return fitting(wanted, tensors, path)


def read_tokenizer(folder: Path, run: Run) -> Tokenizer:
    path = folder / TOKENIZER
    if not path.is_file():
        raise UserError(f"{path}: no such file; restore it or train again")
    tokenizer = Tokenizer.load(path)
    if len(tokenizer) != run.vocabulary:
        raise UserError(f"{path}: has {len(tokenizer)} pieces, run.json says {run.vocabulary}; is it another run's?")
    return tokenizer


def load(folder: str | Path, weights: str = BEST) -> tuple[Run, Model, Tokenizer]:
    """A run's settings, its model with weights in evaluation mode, and its tokenizer."""
    folder = Path(folder)
    run = Run.load(folder)
    tokenizer = read_tokenizer(folder, run)
    tensors = read_tensors(folder / weights)[0]
    largest = max((side for tensor in tensors.values() for side in tensor.shape), default=0)
    if max(run.vocabulary, run.model.embedding, run.model.units) > largest:  # before memory is taken for such a network
        raise UserError(f"{folder / weights}: does not fit run.json: no weight has more than {largest} rows or columns")
    model = Model(run.model, run.vocabulary)
    model.load_state_dict(weights_of(model, tensors, folder / weights))
    return run, model.eval(), tokenizer
