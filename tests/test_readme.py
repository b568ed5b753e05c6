"""The README is true: its Python runs, and says what it says it says."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

from seq2seq.probing.__main__ import main

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


def test_a_trace_is_read_as_it_says(monkeypatch, tmp_path):
    demo = str(HOUSE / "checkpoints" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["probing", demo, "--trace", "traces", "--limit", "20", "--sites", "decoder.0.cell"]
    )
    main()
    names: dict[str, Any] = {"numpy": numpy, "pandas": pytest.importorskip("pandas")}
    exec(PYTHON[1], names)
    assert names["cell"].shape == (len(names["nouns"]), 256) and len(names["nouns"]) >= 20


def test_the_python_example_gives_what_its_comments_promise(monkeypatch):
    monkeypatch.chdir(HOUSE)
    [block, _] = PYTHON
    names: dict[str, object] = {}
    promised = 0
    for line in block.splitlines():
        code, _, comment = line.partition("  # ")
        if comment.startswith('["'):
            promised += 1
            assert eval(code, names) == ast.literal_eval(comment), line
        else:
            exec(code, names)
    assert promised == 2


@pytest.mark.parametrize(
    "path", re.findall(r"\]\(([\w/.]+)\)", README) + re.findall(r"`((?:corpora|checkpoints)/\w[\w/.]*\.\w+)`", README)
)
def test_every_file_that_it_names_is_there(path):
    assert (HOUSE / path).exists()
