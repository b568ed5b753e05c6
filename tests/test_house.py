"""The house: imports flow one way, and each room keeps to its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ORDER = [
    *("config", "taps", "cells", "fused", "recurrent", "attention", "model", "loss"),
    *("tokenizer", "batching", "search", "scoring", "agreement"),
    *("checkpoint", "trace", "translator", "training", "progress"),
    *("probing", "lines", "prompt"),
]  # each may import what stands before it
PACKAGES = ("seq2seq", "corpora")


def modules(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name, in the working tree."""
    return {".".join(path.relative_to(HOUSE).with_suffix("").parts): path for path in (HOUSE / package).rglob("*.py")}


def imports(name: str, path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it; relative ones made whole."""
    package = name.split(".")[:-1]  # of an __init__, the package itself
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            origin = base if node.level else str(node.module)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def test_every_module_has_its_place_in_the_order():
    tops = {name.split(".")[1] for name in modules("seq2seq")} - {"__init__"}
    assert tops <= set(ORDER), "write a new module into ORDER, after all that it imports"


@pytest.mark.parametrize("name", [name for name in modules("seq2seq") if name != "seq2seq.__init__"])
def test_a_module_imports_only_what_stands_before_it(name):
    own = ORDER.index(name.split(".")[1])
    for imported in imports(name, modules("seq2seq")[name]):
        if imported.startswith("seq2seq."):
            other = imported.split(".")[1]
            assert other in ORDER, f"{name} imports {imported}: from the package itself, which is upward"
            assert ORDER.index(other) < own or other == name.split(".")[1] == "probing", f"{name} imports {imported}"


@pytest.mark.parametrize("package", ["seq2seq.probing", "corpora"])
def test_a_package_has_no_circle_of_imports(package):
    own = {name: path for name, path in modules(package.split(".")[0]).items() if name.startswith(package)}
    graph = {
        name: {other for each in imports(name, own[name]) for other in own if f"{each}.".startswith(f"{other}.")}
        for name in own
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", list(modules("corpora")))
def test_corpora_are_strings_only(name):
    for imported in imports(name, modules("corpora")[name]):
        assert imported.split(".")[0] not in ("torch", "seq2seq", "numpy"), f"{name} imports {imported}"


@pytest.mark.parametrize("name", [name for package in PACKAGES for name in modules(package)])
def test_a_module_begins_with_what_it_is_and_leaves_nothing_undone(name):
    text = modules(name.split(".")[0])[name].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a docstring says what the module is"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


def test_no_pickle_is_read_or_written():
    for package in PACKAGES:
        for name, path in modules(package).items():
            used = {imported.split(".")[0] for imported in imports(name, path)}
            assert not used & {"pickle", "shelve", "marshal", "dill", "joblib"}, name
            assert "torch.load(" not in path.read_text() and "torch.save(" not in path.read_text(), name
