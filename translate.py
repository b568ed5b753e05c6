#!/usr/bin/env python3
"""Translate English to Czech: a prompt, sentences as arguments, or the lines of a pipe or a file, one out for each in.

python translate.py                                      a prompt; /help lists its commands
python translate.py "I am a girl who likes to learn."    one sentence
head -100 news.en | python translate.py > news.cs        a filter
python translate.py --input news.en --output news.cs --reference by-hand.cs
"""

import signal
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import seq2seq
from corpora.writing import write
from seq2seq import config, lines, scoring
from seq2seq.translator import Translator

DEMO = config.HOUSE / "checkpoints" / "demo"
STANDARD_INPUT = "standard input"


def arguments() -> Namespace:
    parser = config.Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("sentences", nargs="*", metavar="SENTENCE", help="translated each on a line of its own")
    add("--checkpoint", type=Path, default=DEMO, metavar="DIR", help="run folder (default: the demo)")
    add("--beam", type=int, metavar="K", help="hypotheses kept at each step, 1 is greedy (default: the run's)")
    add("--nbest", type=int, metavar="N", help="the N best of each sentence, as lines of score<TAB>text")
    add("--exponent", type=float, metavar="X", help="length normalisation, 0 is none (default: the run's)")
    add("--forced", default="", metavar="CZECH", help="begin every translation with these words, and go on freely")
    add(
        "--set", action="append", default=[], metavar="SITE[UNITS]=VALUES",
        help="overwrite units of the decoder once, as it reads the last piece of --forced (without it: the begin piece): "
        "decoder.0.cell[3,17]=0.81,-0.2; may be repeated",
    )  # fmt: skip
    add("--input", type=Path, metavar="FILE", help="translate the lines of this file")
    add("--output", type=Path, metavar="FILE", help="write here, once all is translated")
    add("--reference", type=Path, metavar="FILE", help="print BLEU and chrF against the lines of this file")
    given = parser.parse_intermixed_args()
    if given.sentences and given.input:
        raise config.UserError("sentences and --input at once: give one of them")
    if not given.sentences and not given.input and sys.stdin is None:
        raise config.UserError("nothing to read: give sentences, --input FILE or a pipe")
    return given


def at_prompt(given: Namespace) -> bool:
    """Whether somebody sits at both ends; then there is no file to write or to compare with."""
    if given.sentences or given.input or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if needy := [name for name in ("output", "reference", "forced", "set") if getattr(given, name)]:
        raise config.UserError(f"--{needy[0]} needs sentences: as arguments, with --input, or from a pipe")
    return True


def read_whole(given: Namespace) -> list[str] | None:
    """All lines, where they are at hand or must be counted; None: take them from the pipe as they come."""
    if given.sentences:
        return given.sentences
    if given.input:
        return lines.read(given.input)
    return lines.split(sys.stdin.buffer.read(), STANDARD_INPUT) if given.output or given.reference else None


def read_references(given: Namespace, whole: Sequence[str]) -> list[str]:
    references = lines.read(given.reference)
    if len(references) != len(whole):
        source = given.input or ("the arguments" if given.sentences else STANDARD_INPUT)
        raise config.UserError(
            f"{source} has {len(whole):,} lines and --reference {given.reference} has {len(references):,}: "
            "give files whose lines belong together"
        )
    if not references:
        raise config.UserError(f"--reference {given.reference} has no lines: there is nothing to score")
    return references


def check_output(given: Namespace) -> None:
    """Refuse, before any work, an output that could not be written or would destroy what is read."""
    path, name = given.output, f"--output {given.output}"
    if path.resolve() in [file.resolve() for file in (given.input, given.reference) if file]:
        raise config.UserError(f"{name} is read, too: choose another name")
    if not path.parent.is_dir():
        raise config.UserError(f"{name}: there is no folder {path.parent}: make it first")
    if path.exists() and not path.is_file():
        raise config.UserError(f"{name} is not a file: choose another name")
    config.writable(path.resolve().parent, "the folder of --output")


def settle(translator: Translator, given: Namespace) -> None:
    """The search that options ask for; what they leave open is the run's own."""
    chosen = {name: value for name in ("beam", "exponent") if (value := getattr(given, name)) is not None}
    translator.settings = replace(translator.settings, **chosen)
    if given.nbest is not None and given.nbest < 1:
        raise config.UserError(f"--nbest must be 1 or more, not {given.nbest}")
    if (given.nbest or 1) > translator.settings.beam:
        raise config.UserError(
            f"--nbest {given.nbest} is more than a beam of {translator.settings.beam} keeps: add --beam {given.nbest}"
        )


def report(best: Sequence[str], references: Sequence[str], translator: Translator, given: Namespace) -> None:
    search = translator.settings
    where = f"{given.reference}, n = {len(best)}, beam {search.beam}, length exponent {search.exponent:g}"
    for score in scoring.score(best, references):
        print(f"{score.name} {score.value:.1f}  ({score.conditions}; {where})", file=sys.stderr)


def show(rows: Iterable[str]) -> None:
    sys.stdout.writelines(rows)
    sys.stdout.flush()


def warn(message: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    given = arguments()
    prompted = at_prompt(given)
    if given.output:
        check_output(given)
    whole = None if prompted else read_whole(given)
    references = read_references(given, whole) if given.reference and whole is not None else []
    translator = seq2seq.load(given.checkpoint)
    settle(translator, given)
    if prompted:
        from seq2seq import prompt  # late: nobody else needs a line editor

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # there Ctrl-C only cancels a line
        return prompt.converse(translator, given.nbest)

    translator.check(given.sentences)
    each = lines.Filter(translator, warn, forced=given.forced, tap=translator.set_once(given.set))
    chunks = lines.arriving(sys.stdin.buffer, STANDARD_INPUT) if whole is None else lines.cut(whole)
    if given.output and whole is not None:
        from seq2seq.progress import lines_done  # late: one sentence need not wait for it

        chunks = lines_done(chunks, len(whole))
    best, kept = [], list[str]()
    put = kept.extend if given.output else show
    for found in map(each, chunks):
        put(f"{row}\n" for answers in found for row in lines.render(answers, given.nbest))
        if references:
            best += [answers[0].text if answers else "" for answers in found]
    if given.output:
        write(given.output.resolve(), "".join(kept))
    if references:
        report(best, references, translator, given)
    each.close()


def command() -> None:
    config.command(main)


if __name__ == "__main__":
    command()
