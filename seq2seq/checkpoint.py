"""A run and its folder. Tensors are safetensors, the rest is JSON: no pickle is read or written.

    run.json             settings, corpora, precision, search; what made the run
    tokenizer.model      the sentencepiece model
    words.txt            the source words that training saw, one a line
    best.safetensors     the weights that scored best on dev
    last.safetensors     weights, optimiser and generator at the last save: where --resume goes on
    history.jsonl        a line an evaluation
    scores.json          dev and test scores of the best weights

Every file is written under a temporary name and renamed, so it is complete or absent.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .config import UserError, check, from_json, option
from .model import Model, ModelSettings
from .search import SearchSettings
from .tokenizer import Tokenizer

FORMAT = "seq2seq-run-1"
BEST, LAST = "best.safetensors", "last.safetensors"


def write(path: Path, data: bytes | str) -> None:
    """Put a file in place whole: temporary name, flush, rename."""
    content = data.encode() if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    note = {"format": FORMAT, "digest": digest(tensors, written), "facts": written}
    write(path, save(tensors, note))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and their JSON object, or a UserError that says why not."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; is this a run folder whose training got as far as saving?")
    try:
        with safe_open(path, framework="pt") as file:
            note = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no mapping
            facts = json.loads(note.get("facts", "{}"))
    except (SafetensorError, ValueError) as error:
        raise UserError(f"{path}: damaged or no safetensors file ({error}); restore it or train again") from error
    if note.get("format") != FORMAT:
        raise UserError(f"{path}: not written by this program (format {note.get('format')!r}, not {FORMAT!r})")
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
    corpus_digest: str
    command: str
    loading: dict[str, Any] = field(default_factory=dict)  # how the corpora were read: limit, length filter
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self):
        check(self)

    def save(self, folder: Path) -> None:
        write(folder / "run.json", json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Read run.json; anything odd in it is named."""
        path = folder / "run.json"
        if not folder.is_dir():
            raise UserError(f"{folder}: no such run folder; train.py --out {folder} makes one")
        if not path.is_file():
            raise UserError(f"{folder}: no run.json in it, so it is not a run folder; train.py --out makes one")
        values = read_json(path)
        if values.pop("format", None) != FORMAT:
            raise UserError(f"{path}: not a run of this program's format {FORMAT}")
        try:
            for name, kind in (("model", ModelSettings), ("search", SearchSettings)):
                if name in values:
                    values[name] = from_json(kind, values[name])
            return from_json(cls, values)
        except UserError as error:
            raise UserError(f"{path}: damaged ({error}); restore it or train again") from error


def read_weights(model: Model, path: Path) -> None:
    """Load weights by name; a wrong name or shape is a UserError that names it."""
    tensors, _ = read_tensors(path)
    load_weights(model, tensors, path)


def load_weights(model: Model, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load the weights among a file's tensors, which may hold an optimiser's and a generator's state, too."""
    weights = {name: value for name, value in tensors.items() if not name.startswith(("optimizer.", "generator."))}
    own = {name: list(value.shape) for name, value in model.state_dict().items()}
    theirs = {name: list(value.shape) for name, value in weights.items()}
    for name in sorted(own.keys() | theirs.keys()):
        if own.get(name) != theirs.get(name):
            found, wanted = theirs.get(name, "absent"), own.get(name, "no such weight")
            raise UserError(f"{path}: does not fit run.json: {name} is {found}, expected {wanted}")
    model.load_state_dict(dict(weights))


def read_tokenizer(folder: Path, run: Run) -> Tokenizer:
    path = folder / "tokenizer.model"
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
    try:
        model = Model(run.model, run.vocabulary)
    except RuntimeError as error:
        why = str(error).splitlines()[0]
        raise UserError(f"{folder / 'run.json'}: no network of this size can be made here ({why})") from error
    read_weights(model, folder / weights)
    return run, model.eval(), tokenizer
