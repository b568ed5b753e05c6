"""The README is true: its Python runs, and says what it says it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_python_example_gives_what_its_comments_promise(monkeypatch):
    monkeypatch.chdir(HOUSE)
    [block] = re.findall(r"```python\n(.*?)```", README, re.S)
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
