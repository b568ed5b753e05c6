"""Settings as frozen dataclasses: the same fields are command-line options, JSON in the run folder, and Python arguments."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from corpora import CorpusError

Settings = TypeVar("Settings")

INSTALLED = Path(__file__).parents[1] / "seq2seq_commands"  # where a wheel puts what stands beside the packages here
HOUSE = INSTALLED if INSTALLED.is_dir() else Path(__file__).parents[1]


class UserError(ValueError):
    """The user's input was wrong: the message is one line that says what was wrong and what to do (exit status 2)."""


class Lost(RuntimeError):
    """Another process of a training over several of them came to an end (exit status 4)."""


class Diverged(RuntimeError):
    """Training met a loss or gradient that is not finite (exit status 3)."""


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A settings field with its default, its help text, and what values it takes."""
    return field(default=default, metadata={"help": help, "choices": choices, "minimum": minimum, "maximum": maximum})


def check(settings: Any) -> None:
    """Raise UserError where a field is outside its choices or its range; call it in `__post_init__`."""
    for each in fields(settings):
        value, takes = getattr(settings, each.name), each.metadata
        choices, minimum, maximum = takes.get("choices"), takes.get("minimum"), takes.get("maximum")
        name = "--" + each.name.replace("_", "-")
        if choices and value not in choices:
            raise UserError(f"{name} {value!r} is not known: choose {', '.join(choices)}")
        if minimum is not None and not value >= minimum:
            raise UserError(f"{name} must be {minimum} or more, not {value}")
        if maximum is not None and not value <= maximum:
            raise UserError(f"{name} must be {maximum} or less, not {value}")


def from_json(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Settings from a JSON object; a missing, unknown or wrongly typed field is a UserError that names it."""
    if not isinstance(values, Mapping):
        raise UserError(f"settings should be a JSON object, not {values!r}")
    types = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if name not in known:
            raise UserError(f"unknown setting {name!r}")
        wanted = get_origin(types[name]) or types[name]  # of list[str], list
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise UserError(f"setting {name!r} should be {wanted.__name__}, not {value!r}")
        if wanted is list and not all(type(each) in get_args(types[name]) for each in value):
            raise UserError(f"setting {name!r} should be {types[name]}, not {value!r}")
    missing = [
        name for name, each in known.items() if name not in values and each.default is each.default_factory is MISSING
    ]
    if missing:
        raise UserError(f"setting {missing[0]!r} is missing")
    return kind(**values)


class Parser(argparse.ArgumentParser):
    """argparse that refuses in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see --help)")

    def add_settings(self, kind: type, title: str) -> None:
        """One option for each field of a settings dataclass; what is not given stays out of the namespace."""
        group, types = self.add_argument_group(title), get_type_hints(kind)
        for each in fields(kind):
            name, default = "--" + each.name.replace("_", "-"), each.default
            shared: dict[str, Any] = {
                "default": argparse.SUPPRESS,
                "help": f"{each.metadata['help']}{choices(each.metadata['choices'])} (default: {default})",
            }
            if types[each.name] is bool:
                group.add_argument(name, action=argparse.BooleanOptionalAction, **shared)
            else:
                group.add_argument(name, type=types[each.name], metavar=types[each.name].__name__.upper(), **shared)


def choices(known: tuple[str, ...] | None) -> str:
    return f": {', '.join(known)}" if known else ""


def settings(kind: type[Settings], *sources: Mapping[str, Any]) -> Settings:
    """A settings dataclass from mappings, the last that names a field winning; other keys are left alone."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: source[name] for source in sources for name in names if name in source})


def writable(folder: Path, name: str = "--out") -> None:
    """Before hours of work: nothing is made. UserError: the folder that an option names cannot be written."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise UserError(f"{name} {folder}: {there} is a file, name a folder")
    try:
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise UserError(f"{name} {folder} cannot be written ({error.strerror}): name another folder") from error


def command(main: Callable[[], None], name: str | None = None) -> NoReturn:
    """Run a command: 0 done, 2 the user's input was wrong, 3 the run diverged, 4 a process was lost, 130 interrupted; one
    line says which."""
    name = name or os.path.basename(sys.argv[0])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being asked to end is Ctrl-C from elsewhere
    try:
        main()
        sys.stdout.flush()
    except (UserError, CorpusError) as error:
        stop(2, f"{name}: {error}")
    except Diverged as error:
        stop(3, f"{name}: {error}")
    except Lost as error:
        stop(4, f"{name}: {error}")
    except KeyboardInterrupt as error:
        stop(130, f"\n{name}: {str(error) or 'interrupted'}")
    except BrokenPipeError:  # the reader of our output (head, less) has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        stop(2, f"{name}: {error.filename or 'file'}: {error.strerror or error}")
    sys.exit(0)


def called(script: str) -> str:
    """What a user types to run train.py or translate.py: installed, they have names of their own."""
    return f"seq2seq-{script.removesuffix('.py')}" if HOUSE == INSTALLED else f"python {script}"


def stop(status: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)
