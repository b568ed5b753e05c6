"""A run's folder: written whole or not at all, and whatever is wrong with it is said in one line."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq import checkpoint
from seq2seq.checkpoint import BEST, LAST, Run, read_tensors, store, write, write_tensors
from seq2seq.config import UserError


@pytest.fixture
def folder(tiny_run, tmp_path) -> Path:
    """A copy of the tiny run, to be damaged."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def refused(folder: Path, *words: str) -> str:
    """The one line that a damaged run is refused with; it names what each of `words` says."""
    with pytest.raises(UserError) as refusal:
        checkpoint.load(folder)
    message = str(refusal.value)
    assert "\n" not in message and str(folder) in message and all(word in message for word in words), message
    return message


# What was written is what is read


def test_a_run_comes_back_as_it_was(tiny_run, tiny_model, tokenizer):
    run, model, loaded = checkpoint.load(tiny_run)
    assert run == Run.load(tiny_run) and run.model == tiny_model().settings and run.corpora == ["twelve"]
    assert loaded.proto == tokenizer.proto and not model.training
    torch.testing.assert_close(dict(model.state_dict()), dict(tiny_model().state_dict()), rtol=0, atol=0)


def test_a_loaded_model_answers_and_learns_like_the_one_saved(tiny_run, tiny_model, ragged):
    losses = []
    for model in (tiny_model(), checkpoint.load(tiny_run)[1]):
        for _ in range(2):
            loss = model(ragged.source, ragged.source_lengths, ragged.target_in).square().mean()
            loss.backward()
            torch.optim.SGD(model.parameters(), lr=0.1).step()
        losses.append(loss.item())
    assert losses[0] == losses[1]


@given(tensors=st.dictionaries(st.text(max_size=8), st.lists(st.floats(width=32), max_size=4)), facts=st.integers())
@settings(max_examples=25)
def test_tensors_and_facts_come_back_to_the_bit(tmp_path, tensors, facts):
    tensors = {name: torch.tensor(values) for name, values in tensors.items() if name != "__metadata__"}
    write_tensors(tmp_path / BEST, tensors, {"steps": facts, "best": -float("inf"), "text": "kůň"})
    loaded, noted = read_tensors(tmp_path / BEST)
    assert noted == {"steps": facts, "best": -float("inf"), "text": "kůň"}
    assert loaded.keys() == tensors.keys()
    assert all(loaded[name].numpy().tobytes() == tensors[name].numpy().tobytes() for name in tensors)


# Written whole or not at all


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("reason", [OSError("disk full"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, failing, reason):
    write(tmp_path / "file", "old")

    def fail(*_):
        raise reason

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(type(reason)):
        write(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "old"


# Damage is noticed


def test_the_digest_is_over_names_shapes_types_and_bits():
    value = torch.tensor([[1.0, 0.0]])
    four = [value, value.T, value.view(torch.int32), value.flip(1)]
    assert len({checkpoint.digest({"a": each}) for each in four} | {checkpoint.digest({"b": value})}) == 5


@pytest.fixture(scope="module")
def whole(tiny_run, tmp_path_factory) -> Path:
    """A run folder with every file that one can hold."""
    folder = Path(shutil.copytree(tiny_run, tmp_path_factory.mktemp("whole") / "run"))
    store(folder / checkpoint.HISTORY, '{"step": 5}\n')
    store(folder / checkpoint.SCORES, "{}\n")
    write_tensors(folder / LAST, read_tensors(folder / BEST)[0], {"steps": 5})
    assert {path.name for path in folder.iterdir()} == {*checkpoint.FILES, checkpoint.SUMS}
    return folder


def read_all(folder: Path) -> None:
    """Read a run as translate.py and train.py --resume do."""
    checkpoint.load(folder)
    checkpoint.load(folder, LAST)
    checkpoint.read_words(folder / checkpoint.WORDS)


def test_sha256sum_agrees(whole):
    command = ["sha256sum", "--check", "--strict", checkpoint.SUMS]
    checked = subprocess.run(command, cwd=whole, capture_output=True, text=True, check=True)
    assert checked.stdout.count(": OK") == len(checkpoint.FILES) and not checked.stderr


@pytest.mark.parametrize("name", [*checkpoint.FILES, checkpoint.SUMS])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
@settings(max_examples=25)
def test_a_flipped_bit_or_a_missing_end_is_refused_by_name(whole, name, place, bit, cut):
    data = (whole / name).read_bytes()
    where = int(place * len(data))
    try:
        (whole / name).write_bytes(
            data[:where] if cut else bytes([*data[:where], data[where] ^ 1 << bit, *data[where + 1 :]])
        )
        with pytest.raises(UserError) as refusal:
            read_all(whole)
        assert "\n" not in str(refusal.value)
        assert f"{name}: damaged" in str(refusal.value) or (name == checkpoint.SUMS and name in str(refusal.value))
    finally:
        (whole / name).write_bytes(data)
    read_all(whole)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=50)
def test_tensors_guard_themselves_where_no_sums_are(tiny_run, tmp_path, place, bit):
    """A file of tensors that was copied alone, or of the first format: its own digest refuses a flip, or the flip is harmless."""
    data = bytearray((tiny_run / BEST).read_bytes())
    where = int(place * len(data))
    data[where] ^= 1 << bit
    (tmp_path / BEST).write_bytes(data)
    whole, _ = read_tensors(tiny_run / BEST)
    try:
        tensors, _ = read_tensors(tmp_path / BEST)
    except UserError as error:
        assert "\n" not in str(error) and BEST in str(error)
    else:
        assert where < 8 + int.from_bytes(data[:8], "little") and tensors.keys() == whole.keys()
        assert all(torch.equal(tensors[name], whole[name]) for name in whole)


def test_a_run_of_the_first_format_is_read_and_gets_its_sums_when_it_is_written(folder):
    (folder / checkpoint.SUMS).unlink()
    refused(folder, f"{checkpoint.SUMS}: no such file")
    values = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(values | {"format": "seq2seq-run-1"}))
    run, _, _ = checkpoint.load(folder)
    run.save(folder)
    checkpoint.load(folder)
    (folder / BEST).write_bytes((folder / BEST).read_bytes()[:-1])
    refused(folder, BEST, "its digest is not in SHA256SUMS")


@pytest.mark.parametrize("stopped", range(1, 4))
def test_a_writing_that_is_killed_leaves_a_run_that_fits_its_sums(folder, monkeypatch, stopped):
    """Before each of the three renames, and after the last."""
    whole, renames = read_tensors(folder / BEST)[0], iter(range(1, 4))
    rename = os.replace

    def kill(old, new):
        if next(renames) == stopped:
            raise KeyboardInterrupt
        rename(old, new)

    changed = {name: value + 1 for name, value in whole.items()}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", kill)
        write_tensors(folder / BEST, changed)
    _, model, _ = checkpoint.load(folder)
    assert torch.equal(model.bias, (whole if stopped < 3 else changed)["bias"])
    write_tensors(folder / BEST, whole)
    checkpoint.load(folder)
    assert (folder / checkpoint.SUMS).read_text().count(BEST) == 1


class Payload:
    """What would make a file if it were unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("signed", [False, True], ids=["damaged", "signed"])
@pytest.mark.parametrize("name", [*checkpoint.FILES, checkpoint.SUMS])
def test_a_pickle_in_any_file_of_a_run_is_refused_and_does_not_run(whole, sign, tmp_path, name, signed):
    payload = pickle.dumps(Payload(tmp_path / "ran"))
    pickle.loads(payload)
    (tmp_path / "ran").unlink()  # it would have worked
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    for content in (payload, archive(payload)):
        (folder / name).write_bytes(content)
        if signed and name != checkpoint.SUMS:
            sign(folder)
        if signed and name in (checkpoint.HISTORY, checkpoint.SCORES):
            read_all(folder)  # for people: no program reads them
        else:
            with pytest.raises(UserError, match=re.escape(name)):
                read_all(folder)
    assert not (tmp_path / "ran").exists()


def archive(payload: bytes) -> bytes:
    """A pickle as torch.save packs it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("archive/data.pkl", payload)
        file.writestr("archive/version", "3")
    return content.getvalue()


@pytest.mark.parametrize("name", ["run.json", "tokenizer.model", BEST])
def test_a_missing_empty_or_foreign_file_is_refused_by_name(folder, sign, name):
    for content in (b"", b"something else", b"\xff\xfe\x00", b"[]", b'{"a": 1}'):
        (folder / name).write_bytes(content)
        refused(folder, name)
        sign(folder)
        refused(folder, name)
    (folder / name).unlink()
    refused(folder, name)


def test_no_folder_and_an_empty_one_are_refused(tmp_path):
    refused(tmp_path / "nowhere", "no such run folder")
    refused(tmp_path, "no run.json")


def test_files_of_another_run_are_refused(folder, tiny_model, tokenizer, pairs):
    other = type(tokenizer).train((pair.source for pair in pairs), 300)
    store(folder / "tokenizer.model", other.proto)
    refused(folder, f"{len(other)} pieces", f"{len(tokenizer)}")
    store(folder / "tokenizer.model", tokenizer.proto)
    write_tensors(folder / BEST, tiny_model(units=10).state_dict())
    refused(
        folder, BEST, "does not fit run.json", "attention.project.weight is [10, 10] float32, expected [8, 8] float32"
    )
    write_tensors(folder / BEST, tiny_model("none").state_dict())
    refused(folder, "attention.project.weight is absent")
    write_tensors(folder / BEST, tiny_model("words").state_dict())
    refused(folder, "lexical.project.weight is [6, 6] float32, expected no such weight")
    write_tensors(folder / BEST, tiny_model(layers=2).state_dict())
    refused(folder, "bridge.1.cell.bias is [8] float32, expected no such weight")
    write_tensors(folder / BEST, tiny_model().double().state_dict())
    refused(folder, "is [8, 8] float64, expected [8, 8] float32")


def test_safetensors_of_another_program_are_refused(folder, sign, tiny_model):
    from safetensors.torch import save_file

    for facts in (None, {"format": "pt"}):
        save_file(tiny_model().state_dict(), folder / BEST, facts)
        sign(folder)
        refused(folder, "not written by this program")


# run.json, whatever it holds

anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}), st.just([1])
)


def fields(values: dict) -> list[tuple[dict, str]]:
    """Each (object, key) of run.json and of the settings in it."""
    inner = [(values[name], key) for name in ("model", "search") for key in values[name]]
    return [(values, key) for key in values] + inner


@given(data=st.data())
def test_a_wrong_value_in_run_json_is_refused_or_takes_effect(folder, sign, data):
    """Never another exception, and never a value that is read as something else; what is not said has its default."""
    values = json.loads((folder / "run.json").read_text())
    place, key = data.draw(st.sampled_from(fields(values)))
    place[key] = data.draw(anything)
    (folder / "edited").mkdir(exist_ok=True)
    (folder / "edited" / "run.json").write_text(json.dumps(values))
    sign(folder / "edited")
    try:
        run = Run.load(folder / "edited")
    except UserError as error:
        assert "\n" not in str(error) and "run.json" in str(error)
    else:
        run.save(folder / "edited")
        read = json.loads((folder / "edited" / "run.json").read_text())
        assert all(read[name] | values[name] == read[name] for name in ("model", "search"))
        assert {**read, "model": 0, "search": 0} == {**values, "model": 0, "search": 0}


def test_a_missing_key_in_run_json_is_refused_by_name_or_has_a_default(folder, sign):
    whole = (folder / "run.json").read_text()
    for number in range(len(fields(json.loads(whole)))):
        values = json.loads(whole)
        place, key = fields(values)[number]
        del place[key]
        (folder / "run.json").write_text(json.dumps(values))
        sign(folder)
        if key in ("model", "training", "corpora", "vocabulary", "precision", "corpus_digest", "command"):
            refused(folder, "run.json", f"setting '{key}' is missing")
        elif key == "format":
            refused(folder, "run.json", "format")


@pytest.mark.parametrize(
    ("place", "key", "value", "named"),
    [
        ("", "format", "seq2seq-run-0", "format"),
        ("", "model", None, "JSON object"),
        ("", "vocabulary", "400", "'vocabulary' should be int, not '400'"),
        ("", "corpora", "twelve", "'corpora' should be list"),
        ("", "precision", "fp8", "--precision 'fp8' is not known: choose float32, bf16"),
        ("", "colour", "red", "unknown setting 'colour'"),
        ("model", "units", 8.0, "'units' should be int, not 8.0"),
        ("model", "units", True, "'units' should be int, not True"),
        ("model", "units", 2 * 10**12, "no weight has more than 340 rows or columns"),
        ("model", "units", 16, "does not fit run.json"),
        ("model", "units", 10**6, "does not fit run.json"),  # two terabytes, had they been allocated
        ("model", "layers", 10**9, "--layers must be 64 or less"),
        ("model", "cell", "lsmt", "--cell 'lsmt' is not known"),
        ("model", "dropout", float("nan"), "--dropout"),
        ("search", "beam", 0, "--beam must be 1 or more"),
    ],
)
def test_what_is_wrong_in_run_json_is_named(folder, sign, place, key, value, named):
    values = json.loads((folder / "run.json").read_text())
    (values[place] if place else values)[key] = value
    (folder / "run.json").write_text(json.dumps(values))
    sign(folder)
    refused(folder, "run.json", named)
