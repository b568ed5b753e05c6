"""The agreement corpus: its Czech against verified forms, its design against its own laws, its bytes against the committed."""

from __future__ import annotations

import csv
import importlib.util
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.agreement import SPLITS, load, verify
from corpora.agreement import __main__ as command
from corpora.agreement.constructions import TEMPLATES
from corpora.agreement.design import SHARES, cells, cells_of_children, controllers, exemplar, fill, home, split_of
from corpora.agreement.grammar import realise
from corpora.agreement.lexicon import ADJECTIVE_WORDS, DOMAINS, MEETING, NOUNS, TRANSITIVE, VERB_WORDS, rows
from corpora.agreement.morphology import DETERMINERS, Features, adjective, alone, noun_forms, short_form, vocalise
from corpora.records import GENDERS, OTHER_ANIMACY, Corpus, NoSuchSplit, Pair

DATA = Path(os.environ.get("SEQ2SEQ_DATA", "/nowhere")) / "czech"
outside = pytest.mark.skipif(
    not DATA.is_dir(), reason="needs the UD tables and the checkers: name their folder in SEQ2SEQ_DATA"
)
hunspell = pytest.mark.skipif(
    not (DATA.is_dir() and Path("/usr/share/hunspell/cs_CZ.dic").exists()),
    reason="needs the checkers in SEQ2SEQ_DATA and the Czech dictionary: apt-get install hunspell-cs",
)


@pytest.fixture(scope="session")
def corpora() -> dict[str, Corpus]:
    return {split: load(split) for split in SPLITS}


# ── the forms, against a table checked in UD Czech, CoNLL-SIGMORPHON 2018 and hunspell-cs ────────────────────────────
@pytest.mark.parametrize(
    "english, nominative, genitive, accusative, instrumental, plural",
    [
        ("boy", "kluk", "kluka", "kluka", "klukem", "kluci"),
        ("girl", "holka", "holky", "holku", "holkou", "holky"),
        ("man", "muž", "muže", "muže", "mužem", "muži"),
        ("father", "otec", "otce", "otce", "otcem", "otcové"),
        ("brother", "bratr", "bratra", "bratra", "bratrem", "bratři"),
        ("king", "král", "krále", "krále", "králem", "králové"),
        ("grandfather", "dědeček", "dědečka", "dědečka", "dědečkem", "dědečkové"),
        ("princess", "princezna", "princezny", "princeznu", "princeznou", "princezny"),
        ("neighbour", "soused", "souseda", "souseda", "sousedem", "sousedé"),
        ("doctor", "doktor", "doktora", "doktora", "doktorem", "doktoři"),
        ("table", "stůl", "stolu", "stůl", "stolem", "stoly"),
        ("house", "dům", "domu", "dům", "domem", "domy"),
        ("key", "klíč", "klíče", "klíč", "klíčem", "klíče"),
        ("chair", "židle", "židle", "židli", "židlí", "židle"),
        ("thing", "věc", "věci", "věc", "věcí", "věci"),
        ("town", "město", "města", "město", "městem", "města"),
        ("apple", "jablko", "jablka", "jablko", "jablkem", "jablka"),
        ("sea", "moře", "moře", "moře", "mořem", "moře"),
        ("station", "nádraží", "nádraží", "nádraží", "nádražím", "nádraží"),
        ("child", "dítě", "dítěte", "dítě", "dítětem", "děti"),
        ("lass", "děvče", "děvčete", "děvče", "děvčetem", "děvčata"),
    ],
)
def test_nouns_are_declined(english, nominative, genitive, accusative, instrumental, plural):
    noun = next(noun for noun in NOUNS if noun.english == english)
    forms = noun.forms
    assert noun.czech == nominative == forms["nominative"]
    assert [forms[case] for case in ("genitive", "accusative", "instrumental")] == [genitive, accusative, instrumental]
    assert forms["plural"] == plural


@pytest.mark.parametrize(
    "lemma, paradigm, case, form",
    [
        ("škola", "žena", "locative", "škole"),
        ("řeka", "žena", "locative", "řece"),
        ("továrna", "žena", "locative", "továrně"),
        ("skříň", "píseň", "genitive", "skříně"),
        ("vévodkyně", "růže", "accusative", "vévodkyni"),
        ("hřiště", "moře", "instrumental", "hřištěm"),
        ("koště", "kuře", "plural", "košťata"),
        ("turista", "předseda", "accusative", "turistu"),
    ],
)
def test_stems_soften_where_spelling_says_so(lemma, paradigm, case, form):
    assert noun_forms(lemma, paradigm, stem="košť" if lemma == "koště" else "")[case] == form


SINGULAR = [Features("masculine", True), Features("masculine", False), Features("feminine", False)]
SINGULAR += [Features("neuter", False)]
PLURAL = [Features(features.gender, features.animate, True) for features in SINGULAR]


@pytest.mark.parametrize(
    "inflect, singular, plural",
    [
        (lambda f: adjective("který", "nominative", f), "který který která které", "kteří které které která"),
        (lambda f: adjective("který", "accusative", f), "kterého který kterou které", "které které které která"),
        (lambda f: adjective("mladý", "genitive", f), "mladého mladého mladé mladého", None),
        (lambda f: adjective("mladý", "instrumental", f), "mladým mladým mladou mladým", None),
        (lambda f: adjective("velký", "nominative", f), "velký velký velká velké", "velcí velké velké velká"),
        (lambda f: adjective("tichý", "nominative", f), "tichý tichý tichá tiché", "tiší tiché tiché tichá"),
        (lambda f: adjective("drahý", "nominative", f), "drahý drahý drahá drahé", "drazí drahé drahé drahá"),
        (lambda f: adjective("moderní", "nominative", f), "moderní " * 4, "moderní " * 4),
        (lambda f: short_form("šel", f, "šl"), "šel šel šla šlo", "šli šly šly šla"),
        (lambda f: short_form("pozván", f), "pozván pozván pozvána pozváno", "pozváni pozvány pozvány pozvána"),
        (lambda f: short_form("rád", f), "rád rád ráda rádo", "rádi rády rády ráda"),
        (alone, "sám sám sama samo", "sami samy samy sama"),
        (lambda f: DETERMINERS["ten"]["nominative", f.plural, f.column], "ten ten ta to", "ti ty ty ta"),
        (lambda f: DETERMINERS["můj"]["nominative", f.plural, f.column], "můj můj moje moje", "moji moje moje moje"),
        (lambda f: DETERMINERS["jeden"]["nominative", f.plural, f.column], "jeden jeden jedna jedno", None),
    ],
)
def test_words_agree(inflect, singular, plural):
    assert [inflect(features) for features in SINGULAR] == singular.split()
    if plural:
        assert [inflect(features) for features in PLURAL] == plural.split()


@pytest.mark.parametrize(
    "phrase",
    ["ze školy", "z města", "ze starého", "z věže", "ze hřiště", "se svetrem", "s kloboukem", "ve starém", "ve velkém"]
    + ["v domě", "v zeleném", "ve školním", "v kině", "u moře", "bez šátku"],
)
def test_prepositions_are_vocalised(phrase):
    preposition, following = phrase.split()
    bare = preposition if preposition in ("z", "s", "v", "u", "bez") else preposition[:-1]
    assert vocalise(bare, following) == preposition


# ── the sentences that the project speaks of ─────────────────────────────────────────────────────────────────────────
def say(name: str, plural: bool = False, **english: str) -> Pair:
    """The pair that the named template makes of words given by their English."""
    template = next(template for template in TEMPLATES if template.name == name)
    words = {}
    for slot in template.slots:
        domain = DOMAINS[slot.rstrip("0123456789")]
        gender = english.get(f"{slot}_gender", "")
        found = [word for word in domain if word.english == english[slot] and (not gender or word.gender == gender)]
        words[slot] = found[0]
    return realise(template, words, plural)


@pytest.mark.parametrize(
    "pair, source, target",
    [
        (
            say("first-person-0", noun="girl", hobby="learn"),
            "I am a girl who likes to learn.",
            "Jsem holka, která se ráda učí.",
        ),
        (
            say("interior-0", noun="chair", staying="stand", adjective="old", interior="house", predicate="red"),
            "The chair that stood in the old house was red.",
            "Židle, která stála ve starém domě, byla červená.",
        ),
        (
            say("said-0", noun="doctor", noun_gender="feminine", speech="say", state="tired"),
            "The doctor said that she is tired.",
            "Doktorka řekla, že je unavená.",
        ),
        (
            say("switch-0", noun="boy", activity="sing", person="girl", activity2="dance"),
            "The boy sang and the girl danced.",
            "Kluk zpíval a holka tančila.",
        ),
        (
            say("coordination-2", noun="girl", verb="stand up", verb2="leave"),
            "The girl stood up and left.",
            "Holka vstala a odešla.",
        ),
        (
            say("first-person-past-4", noun="actress", state="tired", where="here", day="yesterday"),
            "I am an actress and I was tired here yesterday.",
            "Jsem herečka a včera jsem tady byla unavená.",
        ),
        (
            say("both-2", noun="girl", person="boy", verb="learn", where="there", when="today"),
            "The girl and the boy learned there today.",
            "Holka a kluk se tam dnes učili.",
        ),
        (
            say("both-2", noun="girl", person="woman", verb="sing", where="outside", when="today"),
            "The girl and the woman sang outside today.",
            "Holka a žena dnes venku zpívaly.",
        ),
        (
            say("object-relative-2", plural=True, noun="boy", opinion="know", verb="leave"),
            "The boys whom we know left.",
            "Kluci, které známe, odešli.",
        ),
        (
            say("question-0", noun="witch", verb="sit down", where="here", when="today"),
            "Did the witch sit down here today?",
            "Posadila se tady čarodějnice dnes?",
        ),
    ],
)
def test_a_construction_says(pair, source, target):
    assert (pair.source, pair.target) == (source, target)


def test_the_switch_records_both_controllers():
    factors = say("switch-0", noun="boy", activity="sing", person="girl", activity2="dance").factors
    assert [noun.lemma for noun in factors.nouns] == ["kluk", "holka"]
    assert [(word.controller, word.forms["feminine"]) for word in factors.agreeing] == [(0, "zpívala"), (1, "tančila")]


# ── any sentence at all ──────────────────────────────────────────────────────────────────────────────────────────────
CELLS = cells(3) + cells(2, plural=True) + cells_of_children()


@given(st.sampled_from(CELLS), st.integers(0, 10**6))
def test_any_sentence_is_well_made(cell, seed):
    generator = random.Random(seed)
    noun = generator.choice(controllers(cell))
    words = None
    while words is None or noun in list(words.values())[1:]:
        words = fill(cell, exemplar(noun.family, noun.kinds), generator)
    pair = realise(cell.template, {**words, "noun": noun}, cell.plural)
    for sentence in (pair.source, pair.target):
        assert re.fullmatch(r"[^\W\d_][\w ,-]*[.?]", sentence), sentence
        assert "  " not in sentence and " ," not in sentence
    assert not list(verify.spans_hold({"any": Corpus("agreement", "any", [pair])}))
    assert pair.factors.gender == noun.gender or cell.template.construction == "coordinated-subjects"
    assert pair.source.endswith("?") == pair.target.endswith("?")


def test_clitics_stand_second(corpora):
    first = re.compile(r"(^\w+|\b(který|která|které|kteří|Když|[Jj]sem))$")
    nouns = {form for noun in NOUNS for form in noun.forms.values()}
    for pair in corpora["train"]:
        for match in re.finditer(r" s[ei] ", pair.target):
            before = pair.target[: match.start()]
            word = before.split()[-1]
            clause = before.split(", ")[-1]
            assert first.search(clause) or word in nouns or word.lower() in nouns, pair.target
        for match in re.finditer(r"\ba \w+ jsem ", pair.target):  # after "a" and one word
            assert pair.target.startswith("Jsem "), pair.target[match.start() :]


# ── the lexicon's size ───────────────────────────────────────────────────────────────────────────────────────────────
def test_the_lexicon_is_large_enough():
    count = Counter((noun.family, noun.gender) for noun in NOUNS if noun.kinds != "k")
    assert count["lexical", "masculine"] == count["lexical", "feminine"] >= 30
    assert count["pronoun", "masculine"] == count["pronoun", "feminine"] >= 15
    assert count["open", "masculine"] == count["open", "feminine"] == count["open", "neuter"] >= 20
    assert len({noun.czech for noun in NOUNS}) == len(NOUNS), "a Czech noun stands once"
    verbs = {
        verb.infinitive for name in ("verb", "staying", "transitive", "meeting", "speech") for verb in DOMAINS[name]
    }
    assert len(verbs) >= 60 and len(rows(TRANSITIVE)) + len(rows(MEETING)) >= 15 and len(VERB_WORDS) >= 60
    assert len(ADJECTIVE_WORDS) >= 40 and len(DOMAINS["passive"]) >= 12


def test_each_gender_has_nouns_whose_ending_misleads_or_is_silent():
    silent = {"masculine": ("a", "e"), "feminine": tuple("ňlvcřťžeě"), "neuter": ("e", "ě", "í")}
    for gender, endings in silent.items():
        found = [noun.czech for noun in NOUNS if noun.gender == gender and noun.czech.endswith(endings)]
        assert len(found) >= 8, (gender, found)


# ── the design ───────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("check", verify.CHECKS, ids=lambda check: check.__name__)
def test_what_must_hold_of_the_corpus_holds(check, corpora):
    assert list(check(corpora))[:3] == []


def test_the_splits_are_as_large_as_promised(corpora):
    assert len(corpora["train"]) >= 60_000
    assert 900 <= len(corpora["dev"]) <= 1_200
    assert 1_900 <= len(corpora["test"]) <= 2_500
    assert sum(SHARES.values()) == 100


def test_a_frame_has_partners_of_the_other_and_of_the_same_gender(corpora):
    frames = defaultdict(Counter)
    for pair in corpora["probe"]:
        factors = pair.factors
        frames[factors.template, factors.family, factors.frame][factors.gender] += 1
    for frame, genders in frames.items():
        assert len(genders) >= 2 and min(genders.values()) >= 2, (frame, genders)


def test_the_register_is_read_where_no_word_shows_gender(corpora):
    found = 0
    for pair in corpora["probe"]:
        factors = pair.factors
        if factors.template.startswith("register"):
            found += 1
            assert all(word.distance >= 2 for word in factors.agreeing) and len(factors.agreeing) == 2
            assert [word.controller for word in factors.agreeing] == [0, 1]
    assert found >= 400


def test_every_construction_is_in_every_split(corpora):
    wanted = {template.construction for template in TEMPLATES if template.singular}
    for split in ("train", "dev", "test", "probe"):
        found = {pair.factors.construction for pair in corpora[split] if not pair.factors.nouns[0].plural}
        assert found - {"coordinated-subjects"} == wanted, split


@given(st.sampled_from(CELLS), st.integers(0, 10**6))
def test_the_split_of_a_frame_does_not_ask_for_its_noun(cell, seed):
    generator = random.Random(seed)
    nouns = [noun for noun in controllers(cell) if noun.english[0] not in "aeiouAEIOUh"]
    one, other = generator.choice(nouns), generator.choice(nouns)
    words = None
    while words is None:
        words = fill(cell, exemplar(one.family, one.kinds), generator)
    if one.kinds == other.kinds:
        homes = {split_of(home(cell.template, words, noun, cell.plural)) for noun in (one, other)}
        assert len(homes) == 1


# ── the bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_committed_bytes_are_made_again(corpora):
    assert verify.checksum_table(corpora) == command.COMMITTED[0].read_text(encoding="utf-8")
    assert verify.cell_table(corpora) == command.COMMITTED[1].read_text(encoding="utf-8")


def test_the_draw_does_not_depend_on_the_hash_seed(corpora):
    program = "from corpora.agreement import load, verify; print(verify.checksum(load('dev')))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    house = Path(__file__).parent.parent
    made = subprocess.run([sys.executable, "-c", program], env=environment, cwd=house, capture_output=True, text=True)
    assert made.stdout.strip() == verify.checksum(corpora["dev"]), made.stderr


def test_another_seed_draws_other_sentences_from_the_same_split(corpora):
    other = load("dev", seed=2)
    assert {pair.source for pair in other} != {pair.source for pair in corpora["dev"]}
    assert not {pair.source for pair in other} & {pair.source for pair in corpora["train"]}


def test_an_unknown_split_is_refused():
    with pytest.raises(NoSuchSplit, match="choose from train, dev, test, probe, plural"):
        load("valid")


def test_a_folder_that_cannot_be_written_is_refused(corpora, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "load", lambda split, seed: Corpus("agreement", split, corpora[split][:10]))
    monkeypatch.setattr(verify, "CHECKS", ())
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as end:
        command.main(["--out", str(tmp_path / "file")])
    assert end.value.code == 2 and f"--out {tmp_path / 'file'}: " in capsys.readouterr().err


def test_the_command_fails_when_a_law_is_broken(corpora, monkeypatch, capsys):
    monkeypatch.setattr(verify, "CHECKS", (verify.first_sentences_trained_on,))
    broken = {**corpora, "train": Corpus("agreement", "train", corpora["train"][2:10])}
    without = [pair for pair in broken["train"] if "boy" not in pair.source]
    broken["train"] = Corpus("agreement", "train", without)
    monkeypatch.setattr(command, "load", lambda split, seed: broken[split])
    assert command.main(["--seed", "2"]) == 1
    assert "FAILS  The boy and the girl who like to learn are in train." in capsys.readouterr().out


def test_files_are_loaded_by_datasets(corpora, tmp_path):
    datasets = pytest.importorskip("datasets")
    command.write({"dev": corpora["dev"]}, tmp_path)
    loaded = datasets.load_dataset("json", data_files=str(tmp_path / "dev.jsonl"), cache_dir=str(tmp_path / "cache"))
    row, pair = loaded["train"][0], corpora["dev"][0]
    assert (row["source"], row["target"], row["gender"]) == (pair.source, pair.target, pair.factors.gender)
    start, end = row["agreeing"][0]["target"]
    assert row["target"][start:end] == pair.factors.agreeing[0].target.of(pair.target)
    assert set(row["agreeing"][0]["forms"]) == {*GENDERS, OTHER_ANIMACY}


# ── outside judges ───────────────────────────────────────────────────────────────────────────────────────────────────
def checker(name: str):
    """One of the shared checkers, as a module."""
    specification = importlib.util.spec_from_file_location(name, DATA / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@hunspell
def test_hunspell_knows_every_form(corpora):
    judge = checker("check_czech")
    dictionary = judge.load_hunspell()
    forms = {word for corpus in corpora.values() for pair in corpus for word in judge.words_of(pair.target)}
    assert sorted(form for form in forms if not dictionary.check(form)) == []


UD = {"masculine": "Masc", "feminine": "Fem", "neuter": "Neut"}


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@outside
def test_no_noun_has_another_gender_in_universal_dependencies():
    genders = defaultdict(Counter)
    for row in table("ud_czech_noun_forms.tsv"):
        if row["number"] != "Plur":
            for gender in row["gender"].split(","):
                genders[row["lemma"]][gender] += int(row["count"])
    attested = {noun.czech: genders[noun.czech] for noun in NOUNS if genders[noun.czech]}
    contradictions = [
        noun.czech
        for noun in NOUNS
        if noun.czech in attested and attested[noun.czech].most_common(1)[0][0] != UD[noun.gender]
    ]
    print(f"{len(NOUNS)} nouns, {len(attested)} attested, contradictions: {contradictions}")
    assert contradictions == []


# gender and number of each ending of a whole paradigm: what UD may read where it lists the form
LONG = {
    "ý": "Masc-Sing",
    "á": "Fem-Sing Neut-Plur",
    "é": "Neut-Sing Fem-Sing Fem-Plur Masc-Plur",
    "ého": "Masc-Sing Neut-Sing",
    "ém": "Masc-Sing Neut-Sing",
    "ým": "Masc-Sing Neut-Sing Masc-Plur Fem-Plur Neut-Plur",
    "ou": "Fem-Sing",
    "ího": "Masc-Sing Neut-Sing",
    "ím": "Masc-Sing Neut-Sing Masc-Plur Fem-Plur Neut-Plur",
}
SHORT = {"": "Masc-Sing", "a": "Fem-Sing Neut-Plur", "o": "Neut-Sing", "i": "Masc-Plur", "y": "Masc-Plur Fem-Plur"}


@outside
def test_no_agreeing_form_is_read_in_universal_dependencies_as_its_paradigm_forbids(corpora):
    listed = defaultdict(set)
    for row in table("ud_czech_agreeing_forms.tsv"):
        for gender in row["gender"].split(","):
            for number in row["number"].split(","):
                listed[row["form"]].add(f"{gender}-{number}")
    cells_seen, attested, form_attested, contradictions = set(), set(), set(), set()
    for corpus in corpora.values():
        for pair in corpus:
            for word in pair.factors.agreeing:
                noun = pair.factors.nouns[word.controller]
                form = word.target.of(pair.target).lower()
                number = "Plur" if noun.plural or pair.factors.construction == "coordinated-subjects" else "Sing"
                cell = f"{UD[noun.gender]}-{number}"
                cells_seen.add((form, cell))
                if cell in listed[form]:
                    attested.add((form, cell))
                elif listed[form]:
                    form_attested.add((form, cell))
                    if word.kind in ("adjective", "participle", "passive") and not form.endswith("í"):
                        endings = LONG if word.kind == "adjective" else SHORT
                        ending = max((ending for ending in endings if form.endswith(ending)), key=len)
                        if not listed[form] & set(endings[ending].split()):
                            contradictions.add((form, cell, tuple(sorted(listed[form]))))
    unattested = len(cells_seen) - len(attested) - len(form_attested)
    print(f"{len(cells_seen)} cells: {len(attested)} attested, {len(form_attested)} in another cell, {unattested} not")
    assert contradictions == set()


@hunspell
def test_the_checker_reads_the_recorded_gender(corpora):
    judge = checker("check_agreement")
    for noun in NOUNS:
        if noun.family != "open":
            (judge.HUMAN_M if noun.gender == "masculine" else judge.HUMAN_F).add(noun.czech.lower())
    lexicon = judge.Lexicon(str(DATA))
    pairs = [
        pair
        for split in ("train", "dev", "test", "probe")
        for pair in corpora[split]
        if pair.factors.family != "open" and sum(noun.animate for noun in pair.factors.nouns) == 1
        if not pair.factors.nouns[0].plural
    ]
    wanted = {"masculine": "masc", "feminine": "fem"}
    verdicts, doubted = Counter(), []
    for pair in random.Random(1).sample(pairs, 2000):
        agreeing, nouns = judge.analyse(pair.target, lexicon)
        verdict = judge.verdict(agreeing + nouns)
        verdicts[verdict == wanted[pair.factors.gender]] += 1
        if verdict != wanted[pair.factors.gender]:
            doubted.append((pair.target, verdict, agreeing + nouns))
    print(*doubted, sep="\n")
    assert verdicts[True] >= 1980, doubted
