"""The wheel works far from the repository: `python -m tests.wheel` builds it, installs it and runs its commands elsewhere."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

HOUSE = Path(__file__).parent.parent
MOVED = ("train.py", "translate.py", "checkpoints/")  # what pyproject.toml puts into seq2seq_commands
GIRL, CZECH = "I am a girl who likes to learn.", "Jsem holka, která se ráda učí."
PIP = f"{shlex.quote(sys.executable)} -m pip"


def ran(folder: Path, line: str) -> str:
    """What a command line prints, run in a folder."""
    return subprocess.run(shlex.split(line), cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(place: Path) -> Path:
    """A wheel of what git knows, which holds every file of the packages and no other."""
    names = ran(HOUSE, "git ls-files -z").split("\0")[:-1]
    for name in names:
        (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HOUSE / name, place / "source" / name)
    ran(place / "source", f"{PIP} wheel --quiet --no-deps --wheel-dir {place} .")
    [wheel] = place.glob("*.whl")
    found = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {name for name in names if name.startswith(("seq2seq/", "corpora/"))}
    wanted |= {f"seq2seq_commands/{name}" for name in names if name.startswith(MOVED)}
    assert found == wanted, f"the wheel and git differ in {sorted(found ^ wanted)}"
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel in it, which borrows the dependencies of this one; the folder of its commands."""
    venv.create(folder)
    python = folder / "bin" / "python"
    ran(folder, f"{PIP} --python {python} install --quiet --no-deps {wheel}")
    library = ran(folder, f"{python} -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'").strip()
    (Path(library) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place, empty = Path(temporary), Path(temporary) / "empty"
        empty.mkdir()
        wheel = build(place)
        commands = install(wheel, place / "environment")
        house = ran(empty, f"{commands / 'python'} -c 'from seq2seq.config import HOUSE; print(HOUSE)'").strip()
        assert house.startswith(temporary), f"{house} is not what was installed"
        said = ran(empty, f"{commands}/seq2seq-train --recipe demo --limit 100 --max-steps 30 --out run")
        assert "after 30 steps" in said and "translate with: seq2seq-translate --checkpoint run" in said, said
        assert (czech := ran(empty, f"{commands}/seq2seq-translate {shlex.quote(GIRL)}")) == f"{CZECH}\n", czech
        ran(empty, f"{commands}/seq2seq-translate --checkpoint run {shlex.quote(GIRL)}")
        ran(empty, f"{commands}/seq2seq-probe {house}/checkpoints/demo --quick")
        assert "</html>" in (empty / "reports" / "gender" / "report.html").read_text(encoding="utf-8")
        (HOUSE / "dist").mkdir(exist_ok=True)
        shutil.copy(wheel, HOUSE / "dist")
    size = (HOUSE / "dist" / wheel.name).stat().st_size / 1e6
    print(f"dist/{wheel.name}, {size:.1f} MB: trains, translates and probes from an empty folder")


if __name__ == "__main__":
    main()
