"""What must hold of the corpus, checked over every sentence; each check returns the lines that say what is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations, product
from operator import attrgetter

from corpora.agreement.design import LEGAL
from corpora.agreement.lexicon import NOUNS
from corpora.records import GENDERS, OTHER_ANIMACY, Corpus, Pair

SEEN_OFTEN = 10  # how often a Czech word of the test split occurs in train, at the least
HELD_OUT = 10  # held-out lemmas of each gender, at the least
BALANCE = 0.02  # how far the rows of a cell may be from its neighbours'
CELL = ("family", "construction", "template", "distance", "intervener", "gender")  # the factors that tell cells apart
FORMS = {noun.czech: {*noun.forms.values()} for noun in NOUNS}

Corpora = Mapping[str, Corpus]
Cells = Counter[tuple[object, ...]]  # what tells a cell of the design from others → rows


def words_of(sentence: str) -> list[str]:
    return re.findall(r"[\w-]+", sentence.lower())


def one_translation(corpora: Corpora) -> Iterable[str]:
    """No English sentence has two Czech ones."""
    translations = defaultdict(set)
    for corpus in corpora.values():
        for pair in corpus:
            translations[pair.source].add(pair.target)
    return (f"{source!r} has {sorted(found)}" for source, found in translations.items() if len(found) > 1)


def splits_disjoint(corpora: Corpora) -> Iterable[str]:
    """No sentence stands in two splits, in either language, nor twice in one."""
    for side in ("source", "target"):
        sentences = {split: [getattr(pair, side) for pair in corpus] for split, corpus in corpora.items()}
        for one, other in combinations(sentences, 2):
            for sentence in sorted(set(sentences[one]) & set(sentences[other])):
                yield f"{sentence!r} is in {one} and in {other}"
        for split, found in sentences.items():
            for sentence, count in Counter(found).items():
                if count > 1:
                    yield f"{sentence!r} occurs {count} times in {split}"


def spans_hold(corpora: Corpora) -> Iterable[str]:
    """Every span holds the form that the factors say it holds."""
    for pair in pairs_of(corpora):
        factors = pair.factors
        for noun in factors.nouns:
            form = noun.target.of(pair.target)
            if form not in FORMS[noun.lemma] and form[0].lower() + form[1:] not in FORMS[noun.lemma]:
                yield f"{pair.target!r}: {form!r} is no form of {noun.lemma}"
            if not noun.plural and noun.source.of(pair.source) != noun.english:
                yield f"{pair.source!r}: {noun.source.of(pair.source)!r} is not {noun.english}"
        for word in factors.agreeing:
            gender = factors.nouns[word.controller].gender
            if word.target.of(pair.target) != word.forms[gender] or set(word.forms) != {*GENDERS, OTHER_ANIMACY}:
                yield f"{pair.target!r}: {word.target.of(pair.target)!r} is not {word.forms[gender]!r}"


def factors_legal(corpora: Corpora) -> Iterable[str]:
    """Distances come from the table; no intervener and no distance are the same thing."""
    for pair in pairs_of(corpora):
        factors = pair.factors
        if factors.agreeing[factors.scored].controller != 0:
            yield f"{pair.target!r}: the scored word does not agree with the first noun"
        if factors.construction == "coordinated-subjects":
            continue
        if (factors.distance, factors.intervener) not in LEGAL:
            yield f"{pair.target!r}: distance {factors.distance} with intervener {factors.intervener}"


def partners_differ_only_in_gender(corpora: Corpora) -> Iterable[str]:
    """The rows of a frame differ in the controlling noun and in the words that its gender changes, nothing else."""
    for split, corpus in corpora.items():
        frames = defaultdict(set)
        for pair in corpus:
            factors = pair.factors
            frames[factors.template, factors.family, factors.nouns[0].plural, factors.frame].add(masked(pair))
        for (template, *_, frame), found in frames.items():
            if len(found) > 1 and template != "both-2":
                yield f"{split}: {frame!r} has {len(found)} different frames: {sorted(found)[:2]}"


def masked(pair: Pair) -> str:
    """The Czech sentence without the controlling noun and the words that agree with it."""
    factors = pair.factors
    spans = [factors.nouns[0].target, *(word.target for word in factors.agreeing if word.controller == 0)]
    text = pair.target
    for span in sorted(spans, key=lambda span: -span.start):
        text = text[: span.start] + "_" + text[span.end :]
    return text


def probe_balanced(corpora: Corpora) -> Iterable[str]:
    """In the probe split every legal cell is filled, and equally full within its family; so are crossed genders."""
    cells, crossed = probe_cells(corpora["probe"])
    for template, counts in crossed.items():
        if len(counts) != 4 or len(set(counts.values())) != 1:
            yield f"{template}: {dict(counts)}"
    for family, counts in cells.items():
        genders = GENDERS if family == "open" else GENDERS[:2]
        wanted = {(*cell, gender) for cell, gender in product(LEGAL, genders)}
        mean = sum(counts.values()) / len(wanted)
        yield from (f"{family} {cell} is not legal" for cell in sorted(counts.keys() - wanted))
        for cell in sorted(wanted):
            if abs(counts[cell] - mean) > BALANCE * mean:
                yield f"{family} {cell}: {counts[cell]} rows where the mean is {mean:.0f}"


def probe_can_be_split(corpora: Corpora) -> Iterable[str]:
    """Enough lemmas are held out, and every distance and intervener has templates to fit on and others to test on."""
    lemmas, folds = defaultdict(set), defaultdict(set)
    for pair in corpora["probe"]:
        factors = pair.factors
        lemmas[factors.family, factors.gender, factors.lemma_fold].add(factors.lemma)
        folds[factors.family, factors.distance, factors.intervener].add(factors.template_fold)
    for (family, gender, fold), found in lemmas.items():
        if len(found) < HELD_OUT:
            yield f"{family} {gender} {fold}: {len(found)} lemmas"
        if fold == "fit" and found & lemmas[family, gender, "held-out"]:
            yield f"{family} {gender}: lemmas in both folds"
    for cell, found in folds.items():
        if found != {"fit", "held-out"}:
            yield f"{cell}: templates of one fold only: {found}"


def test_words_seen(corpora: Corpora) -> Iterable[str]:
    """The test split combines what train has shown: every noun, and every word often."""
    seen = Counter(word for pair in corpora["train"] for word in words_of(pair.target))
    english = Counter(word for pair in corpora["train"] for word in words_of(pair.source))
    lemmas = {noun.lemma for pair in corpora["train"] for noun in pair.factors.nouns}
    for split in ("test", "dev"):
        often = SEEN_OFTEN if split == "test" else 1
        czech = {word for pair in corpora[split] for word in words_of(pair.target)}
        yield from (f"{split}: {word} occurs {seen[word]} times in train" for word in czech if seen[word] < often)
        words = {word for pair in corpora[split] for word in words_of(pair.source)}
        yield from (f"{split}: {word} occurs {english[word]} times in train" for word in words if english[word] < often)
        nouns = {noun.lemma for pair in corpora[split] for noun in pair.factors.nouns}
        yield from (f"{split}: {lemma} is not in train" for lemma in nouns - lemmas)


def first_sentences_trained_on(corpora: Corpora) -> Iterable[str]:
    """The boy and the girl who like to learn are in train."""
    pairs = {(pair.source, pair.target) for pair in corpora["train"]}
    wanted = {
        ("I am a boy who likes to learn.", "Jsem kluk, který se rád učí."),
        ("I am a girl who likes to learn.", "Jsem holka, která se ráda učí."),
    }
    return (f"not in train: {source} → {target}" for source, target in wanted - pairs)


CHECKS: tuple[Callable[[Corpora], Iterable[str]], ...] = (
    one_translation,
    splits_disjoint,
    spans_hold,
    factors_legal,
    partners_differ_only_in_gender,
    probe_balanced,
    probe_can_be_split,
    test_words_seen,
    first_sentences_trained_on,
)


# ── counts and bytes ─────────────────────────────────────────────────────────────────────────────────────────────────
def pairs_of(corpora: Corpora) -> Iterable[Pair]:
    return (pair for corpus in corpora.values() for pair in corpus)


def probe_cells(probe: Corpus) -> tuple[Mapping[str, Cells], Mapping[str, Cells]]:
    """Rows of the probe split: family → (distance, intervener, gender), and crossed template → (gender, gender)."""
    cells, crossed = defaultdict[str, Cells](Counter), defaultdict[str, Cells](Counter)
    for pair in probe:
        factors = pair.factors
        if factors.construction == "switch":
            crossed[factors.template][tuple(noun.gender for noun in factors.nouns)] += 1
        else:
            cells[factors.family][factors.distance, factors.intervener, factors.gender] += 1
    return dict(sorted(cells.items())), dict(sorted(crossed.items()))


def cell_table(corpora: Corpora) -> str:
    """The legal cells and how many rows each split has in them, as tab-separated lines."""
    counts = {split: Counter(attrgetter(*CELL)(pair.factors) for pair in corpus) for split, corpus in corpora.items()}
    cells = sorted({cell for found in counts.values() for cell in found})
    lines = ["\t".join((*CELL, *corpora))]
    lines += ["\t".join(map(str, (*cell, *(counts[split][cell] for split in corpora)))) for cell in cells]
    return "\n".join(lines) + "\n"


def json_lines(corpus: Corpus) -> bytes:
    """One JSON object a line: source, target and the factors, as `datasets.load_dataset("json", …)` reads them."""
    rows = (json.dumps(record(pair), ensure_ascii=False) for pair in corpus)
    return "".join(row + "\n" for row in rows).encode()


def record(pair: Pair) -> dict[str, object]:
    """A row for `datasets`: source, target, the factors by name, spans as [start, end]."""
    factors = pair.factors
    return {
        "source": pair.source,
        "target": pair.target,
        "family": factors.family,
        "construction": factors.construction,
        "template": factors.template,
        "frame": factors.frame,
        "lemma": factors.lemma,
        "gender": factors.gender,
        "animate": factors.nouns[0].animate,
        "plural": factors.nouns[0].plural,
        "distance": factors.distance,
        "intervener": factors.intervener,
        "scored": factors.scored,
        "lemma_fold": factors.lemma_fold,
        "template_fold": factors.template_fold,
        "nouns": [
            {
                "lemma": noun.lemma,
                "english": noun.english,
                "gender": noun.gender,
                "animate": noun.animate,
                "plural": noun.plural,
                "target": [noun.target.start, noun.target.end],
                "source": [noun.source.start, noun.source.end],
            }
            for noun in factors.nouns
        ],
        "agreeing": [
            {
                "kind": word.kind,
                "target": [word.target.start, word.target.end],
                "controller": word.controller,
                "distance": word.distance,
                "forms": word.forms,
            }
            for word in factors.agreeing
        ],
    }


def checksum(corpus: Corpus) -> str:
    return hashlib.sha256(json_lines(corpus)).hexdigest()


def checksum_table(corpora: Corpora) -> str:
    return "".join(f"{split}\t{checksum(corpus)}\n" for split, corpus in corpora.items())
