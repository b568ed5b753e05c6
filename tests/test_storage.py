"""Pairs that are not in memory are the same pairs, however they are asked for."""

from __future__ import annotations

import os
import tempfile
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import CorpusError, Pair
from corpora.storage import BLOCK, OnDisk, Picked

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=9)
some_pairs = st.lists(st.builds(Pair, texts, texts, st.just("here")), max_size=20)


def asked(pairs, wanted: list[Pair], numbers: slice) -> None:
    assert list(pairs) == wanted and len(pairs) == len(wanted)
    assert pairs[numbers] == wanted[numbers]
    assert [pairs[n] for n in range(-len(wanted), len(wanted))] == 2 * wanted
    for outside in (len(wanted), -len(wanted) - 1):
        with pytest.raises(IndexError):
            pairs[outside]


@given(some_pairs, st.slices(20))
def test_what_is_on_disk_is_the_list_it_was_made_from(wanted: list[Pair], numbers: slice) -> None:
    asked(OnDisk(iter(wanted), "here"), wanted, numbers)


@given(st.lists(some_pairs, min_size=1, max_size=4), st.slices(20), st.data())
def test_what_is_picked_is_from_the_parts_one_after_the_other(
    parts: list[list[Pair]], numbers: slice, data: st.DataObject
) -> None:
    joined = [pair for part in parts for pair in part]
    picked = data.draw(st.lists(st.sampled_from(range(len(joined))), max_size=20)) if joined else []
    stored = [OnDisk(part, "here") for part in parts]
    asked(Picked(stored, array("q", picked)), [joined[n] for n in picked], numbers)


def test_more_pairs_than_are_read_at_once() -> None:
    wanted = [Pair(f"Sentence {n}.", f"Věta {n}.", "here") for n in range(2 * BLOCK + 1)]
    assert list(OnDisk(wanted, "here")) == wanted


def test_it_leaves_no_file_and_no_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = OnDisk([Pair("A.", "B.")], "here")
    assert kept[0].target == "B." and os.listdir(tmp_path) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(CorpusError, match=r"nowhere: No such file or directory, where here is kept .* TMPDIR"):
        OnDisk([], "here")


def test_a_corpus_that_cannot_be_read_is_not_blamed_on_where_it_is_kept():
    def broken():
        yield Pair("I sang.", "Zpíval jsem.", "mine")
        raise ConnectionError("the network is gone")

    with pytest.raises(ConnectionError, match="network"):
        OnDisk(broken(), "mine")
