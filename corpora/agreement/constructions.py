"""The constructions: two lines each, and the cell of the design that they fill. `grammar` says how a line is read."""

from __future__ import annotations

from corpora.agreement.grammar import Template

LEXICAL, OPEN, PRONOUN = "lexical", "open", "pronoun"
BOTH = f"{LEXICAL} {OPEN}"
FIT, HELD_OUT = "fit", "held-out"

# the constructions that are also said of many
PLURAL = (
    "verb-0", "verb-2", "phrase-2", "phrase-4", "phrase-8", "negation-2", "adjective-2", "adjective-4",
    "adjective-phrase-4", "passive-2", "passive-phrase-4", "subject-relative-4", "object-relative-2", "coordination-2",
    "coordination-noun-4", "possessive-0", "switch-0", "alone-2", "both-2",
)  # fmt: skip

# the constructions in which people of neuter gender are heard of
CHILDREN = ("verb-2", "verb-4", "phrase-2", "subject-relative-2", "adjective-2")

TEMPLATES = (
    # ── adverbs between the noun and its verb ────────────────────────────────────────────────────────────────────────
    Template(
        "verb-0", "adverbs", BOTH, 0, "verb>noun",
        "The {noun} {verb:past} very {manner} {day}.",
        "{noun} {verb>noun} {day} velmi {manner>verb}.",
    ),
    Template(
        "verb-2", "adverbs", BOTH, 2, "verb>noun",
        "The {noun} {verb:past} {where} {when}.",
        "{noun} {where>noun+verb:weak} {when} {where:full} {verb>noun}.",
    ),
    Template(
        "verb-4", "adverbs", BOTH, 4, "verb>noun",
        "The {noun} {verb:past} very {manner} {where} {when}.",
        "{noun} {where>noun+verb:weak} {when} {where:full} velmi {manner>verb} {verb>noun}.",
    ),
    Template(
        "verb-8", "adverbs", BOTH, 8, "verb>noun",
        "The {noun} also {verb:past} very {manner} and very {manner2} {where} {day}.",
        "{noun} {where>noun+verb:weak} {day} {where:full} také velmi {manner>verb} a velmi {manner2>verb} {verb>noun}.",
    ),
    # ── a prepositional phrase between the noun and its verb ─────────────────────────────────────────────────────────
    Template(
        "phrase-2", "prepositional-phrase", BOTH, 2, "verb>noun",
        "The {noun} {preposition} the {item} {verb:past}.",
        "{noun} {preposition>noun} {item:preposition} {verb>noun}.",
    ),
    Template(
        "phrase-4", "prepositional-phrase", BOTH, 4, "verb>noun",
        "The {noun} {preposition} the {adjective} {item} {verb:past} {when}.",
        "{noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {when} {verb>noun}.",
        weight=2,
    ),
    Template(
        "phrase-8", "prepositional-phrase", BOTH, 8, "verb>noun",
        "The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {verb:past} {where} {day}.",
        "{noun} {preposition>noun} {adjective>place:preposition} {place:preposition}"
        " {preposition2>place} {adjective2>place2:preposition2} {place2:preposition2} {where>noun+verb:weak} {day} {where:full} {verb>noun}.",
    ),
    Template(
        "negation-2", "negation", BOTH, 2, "verb>noun",
        "The {noun} {preposition} the {item} did not {verb}.",
        "{noun} {preposition>noun} {item:preposition} {verb>noun:negative}.",
        weight=2,
    ),
    Template(
        "negation-0", "negation", BOTH, 0, "verb>noun",
        "The {noun} did not {verb} or {verb2}.",
        "{noun} {verb>noun:negative} ani {verb2>noun:negative}.",
        weight=2,
    ),
    Template(
        "question-0", "question", BOTH, 0, "verb>noun",
        "Did the {noun} {verb} {where} {when}?",
        "{verb>noun} {verb:se} {where>noun+verb:weak} {noun} {when} {where:full}?",
    ),
    # ── rád ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    Template(
        "rád-0", "rád", LEXICAL, 0, "rád>noun",
        "The {noun} likes to {hobby} {scene}.",
        "{noun} {rád>noun} {hobby} {scene>noun+hobby}.",
        HELD_OUT,
    ),
    Template(
        "rád-2", "rád", LEXICAL, 2, "rád>noun",
        "The {noun} really likes to {hobby} {where}.",
        "{noun} {where>noun+hobby} opravdu {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    Template(
        "rád-4", "rád", LEXICAL, 4, "rád>noun",
        "The {noun} also really likes to {hobby} {where} very much.",
        "{noun} {where>noun+hobby} také opravdu velmi {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    Template(
        "rád-8", "rád", LEXICAL, 8, "rád>noun",
        "The {noun}, as {witness:all} very well {where} already today, likes to {hobby}.",
        "{noun}, jak {where>noun+hobby} dnes už všichni velmi dobře {witness}, {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    Template(
        "rád-phrase-2", "rád", LEXICAL, 2, "rád>noun",
        "The {noun} {preposition} the {item} likes to {hobby}.",
        "{noun} {preposition>noun} {item:preposition} {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    Template(
        "rád-phrase-4", "rád", LEXICAL, 4, "rád>noun",
        "The {noun} {preposition} the {adjective} {item} also likes to {hobby}.",
        "{noun} {preposition>noun} {adjective>item:preposition} {item:preposition} také {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    # ── predicate adjectives ─────────────────────────────────────────────────────────────────────────────────────────
    Template(
        "adjective-0", "predicate-adjective", BOTH, 0, "predicate>noun",
        "{is>noun} the {noun} {predicate} {moment}?",
        "{je>noun} {moment} {noun} {predicate>noun}?",
        weight=2,
    ),
    Template(
        "adjective-2", "predicate-adjective", BOTH, 2, "quality>noun",
        "The {noun} {is>noun} {how} {quality}.",
        "{noun} {je>noun} {how} {quality>noun}.",
    ),
    Template(
        "adjective-4", "predicate-adjective", BOTH, 4, "quality>noun",
        "The {noun} {is>noun} {now} really very {quality}.",
        "{noun} {je>noun} {now} opravdu velmi {quality>noun}.",
    ),
    Template(
        "adjective-8", "predicate-adjective", BOTH, 8, "quality>noun",
        "The {noun}, as {witness:all} well, {is>noun} {now} really very {quality}.",
        "{noun}, jak všichni dobře {witness}, {je>noun} {now} opravdu velmi {quality>noun}.",
    ),
    Template(
        "adjective-phrase-4", "predicate-adjective", BOTH, 4, "quality>noun",
        "The {noun} {preposition} the {item} {is>noun} very {quality}.",
        "{noun} {preposition>noun} {item:preposition} {je>noun} velmi {quality>noun}.",
    ),
    Template(
        "adjective-phrase-8", "predicate-adjective", BOTH, 8, "quality>noun",
        "The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {is>noun} very {quality}.",
        "{noun} {preposition>noun} {adjective>place:preposition} {place:preposition}"
        " {preposition2>place} {adjective2>place2:preposition2} {place2:preposition2} {je>noun} velmi {quality>noun}.",
    ),
    # ── short passive participles ────────────────────────────────────────────────────────────────────────────────────
    Template(
        "passive-0", "passive", BOTH, 0, "passive>noun",
        "Will the {noun} {shortly} be {passive}?",
        "{bude>noun} {shortly} {noun} {passive>noun}?",
        HELD_OUT,
    ),
    Template(
        "passive-2", "passive", BOTH, 2, "passive>noun",
        "The {noun} will {soon} be {passive}.",
        "{noun} {bude>noun} {soon} {passive>noun}.",
        HELD_OUT,
    ),
    Template(
        "passive-4", "passive", BOTH, 4, "passive>noun",
        "The {noun} will {soon} be {passive} very {pace}.",
        "{noun} {bude>noun} {soon} velmi {pace} {passive>noun}.",
        HELD_OUT,
    ),
    Template(
        "passive-8", "passive", BOTH, 8, "passive>noun",
        "The {noun}, as {witness:all} well, will {soon} be {passive} very {pace}.",
        "{noun}, jak všichni dobře {witness}, {bude>noun} {soon} velmi {pace} {passive>noun}.",
        HELD_OUT,
    ),
    Template(
        "passive-phrase-4", "passive", BOTH, 4, "passive>noun",
        "The {noun} {preposition} the {item} will {soon} be {passive}.",
        "{noun} {preposition>noun} {item:preposition} {bude>noun} {soon} {passive>noun}.",
        HELD_OUT,
    ),
    Template(
        "passive-phrase-8", "passive", BOTH, 8, "passive>noun",
        "The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} will {soon} be {passive}.",
        "{noun} {preposition>noun} {adjective>place:preposition} {place:preposition}"
        " {preposition2>place} {adjective2>place2:preposition2} {place2:preposition2} {bude>noun} {soon} {passive>noun}.",
        HELD_OUT,
    ),
    # ── first person: the sentence carries its noun, for "I" alone would leave the Czech open ────────────────────────
    Template(
        "first-person-0", "first-person", LEXICAL, 0, "který>noun",
        "I am a {noun} who likes to {hobby}.",
        "Jsem {noun}, {který>noun} {hobby:se} {rád>noun} {hobby}.",
        HELD_OUT,
        weight=3,
    ),
    Template(
        "first-person-past-0", "first-person", LEXICAL, 0, "který>noun",
        "I am a {noun} who {verb:past} {when}.",
        "Jsem {noun}, {který>noun} {verb:se} {when} {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "first-person-rád-2", "first-person", LEXICAL, 2, "rád>noun",
        "I am a {noun} and I like {treat}.",
        "Jsem {noun} a mám {rád>noun} {treat:accusative}.",
    ),
    Template(
        "first-person-state-2", "first-person", LEXICAL, 2, "predicate>noun",
        "I am a {noun} and I am {predicate}.",
        "Jsem {noun} a jsem {predicate>noun}.",
    ),
    Template(
        "first-person-past-4", "first-person", LEXICAL, 4, "byl>noun",
        "I am a {noun} and I was {state} {where} {day}.",
        "Jsem {noun} a {day} jsem {where>noun} {byl>noun} {state>noun}.",
    ),
    Template(
        "first-person-phrase-2", "first-person", LEXICAL, 2, "který>noun",
        "I am a {noun} {origin} the {item} who {verb:past} {when}.",
        "Jsem {noun} {origin>noun} {item:origin}, {který>noun} {verb:se} {when} {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "first-person-phrase-4", "first-person", LEXICAL, 4, "který>noun",
        "I am a {noun} {origin} the very {degree} {item} who likes to {hobby}.",
        "Jsem {noun} {origin>noun} velmi {degree>item:origin} {item:origin},"
        " {který>noun} {hobby:se} {rád>noun} {hobby}.",
        HELD_OUT,
    ),
    Template(
        "first-person-phrase-8", "first-person", LEXICAL, 8, "verb>noun",
        "I am a {noun} {origin} the very {degree} {building} and I {verb:past} {where} {day}.",
        "Jsem {noun} {origin>noun} velmi {degree>building:origin} {building:origin}"
        " a {day} jsem {where>noun+verb} {verb>noun}.",
    ),
    # ── the relative clause, its pronoun scored ──────────────────────────────────────────────────────────────────────
    Template(
        "interior-0", "subject-relative", BOTH, 0, "který>noun",
        "The {noun} {who>noun} {staying:past} in the {adjective} {interior} {was>noun} {predicate}.",
        "{noun}, {který>noun} {staying:se} {staying>noun} v {adjective>interior:locative} {interior:locative},"
        " {byl>noun} {predicate>noun}.",
        HELD_OUT,
        kinds="phtcf",
    ),
    Template(
        "relative-phrase-2", "subject-relative", BOTH, 2, "který>noun",
        "We {opinion} the {noun} {preposition} the {item} {who>noun} {verb:past}.",
        "{opinion} {noun:opinion} {preposition>noun} {item:preposition}, {který>noun} {verb:se} {verb>noun}.",
        HELD_OUT,
        weight=2,
    ),
    Template(
        "relative-phrase-4", "subject-relative", BOTH, 4, "který>noun",
        "We {opinion} the {noun} {preposition} the very {degree} {item} {who>noun} {verb:past}.",
        "{opinion} {noun:opinion} {preposition>noun} velmi {degree>item:preposition} {item:preposition},"
        " {který>noun} {verb:se} {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "relative-phrase-8", "subject-relative", BOTH, 8, "který>noun",
        "We {opinion} the {noun} {preposition} the very {degree} {place} {preposition2} the very {degree2} {place2}"
        " {who>noun} {verb:past}.",
        "{opinion} {noun:opinion} {preposition>noun} velmi {degree>place:preposition} {place:preposition}"
        " {preposition2>place} velmi {degree2>place2:preposition2} {place2:preposition2},"
        " {který>noun} {verb:se} {verb>noun}.",
        HELD_OUT,
    ),
    # ── the relative clause stands between the noun and its verb ─────────────────────────────────────────────────────
    Template(
        "subject-relative-2", "subject-relative", BOTH, 2, "verb2>noun",
        "The {noun} {who>noun} {verb:past} {verb2:past}.",
        "{noun}, {který>noun} {verb>noun}, {verb2>noun}.",
    ),
    Template(
        "subject-relative-4", "subject-relative", BOTH, 4, "verb2>noun",
        "The {noun} {who>noun} {verb:past} {where} {when} {verb2:past}.",
        "{noun}, {který>noun} {where>noun+verb:weak} {when} {where:full} {verb>noun}, {verb2>noun}.",
    ),
    Template(
        "subject-relative-8", "subject-relative", BOTH, 8, "verb2>noun",
        "The {noun} {who>noun} in the end {verb:past} very {manner} {where} {day} also {verb2:past}.",
        "{noun}, {který>noun} {where>noun+verb:weak} {day} {where:full} nakonec velmi {manner>verb} {verb>noun}, také {verb2>noun}.",
    ),
    Template(
        "subject-relative-noun-4", "subject-relative", BOTH, 4, "verb>noun",
        "The {noun} {who>noun} {staying:past} {location} the {place} {verb:past}.",
        "{noun}, {který>noun} {staying>noun} {location} {place:location}, {verb>noun}.",
    ),
    Template(
        "subject-relative-noun-8", "subject-relative", BOTH, 8, "verb>noun",
        "The {noun} {who>noun} also {staying:past} {location} the very {degree} {place} {day} {verb:past}.",
        "{noun}, {který>noun} {day} také {staying>noun} {location} velmi {degree>place:location} {place:location},"
        " {verb>noun}.",
    ),
    Template(
        "object-relative-2", "object-relative", BOTH, 2, "verb>noun",
        "The {noun} {whom>noun} we {opinion} {verb:past}.",
        "{noun}, {který>noun:opinion} {opinion}, {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "object-relative-4", "object-relative", BOTH, 4, "verb>noun",
        "The {noun} {whom>noun} we all {opinion} {where} {verb:past}.",
        "{noun}, {který>noun:opinion} {where>noun} všichni {opinion}, {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "object-relative-8", "object-relative", BOTH, 8, "verb>noun",
        "The {noun} {whom>noun} we all really {feeling} {where} very much {now} also {verb:past}.",
        "{noun}, {který>noun:feeling} {where>noun} {now} všichni opravdu velmi {feeling}, také {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "object-relative-noun-4", "object-relative", LEXICAL, 4, "verb>noun",
        "The {noun} {whom>noun} the {person} {meeting:past} {day} {verb:past}.",
        "{noun}, {který>noun:meeting} {day} {meeting>person} {person}, {verb>noun}.",
        HELD_OUT,
    ),
    Template(
        "object-relative-noun-8", "object-relative", LEXICAL, 8, "verb>noun",
        "The {noun} {whom>noun} our {person} also {meeting:past} again {where} {day} {verb:past}.",
        "{noun}, {který>noun:meeting} {where>noun:weak} {day} {where:full} také znovu {meeting>person} {náš>person} {person}, {verb>noun}.",
        HELD_OUT,
    ),
    # ── coordination with a shared subject ───────────────────────────────────────────────────────────────────────────
    Template(
        "coordination-2", "coordination", BOTH, 2, "verb2>noun",
        "The {noun} {verb:past} and {verb2:past}.",
        "{noun} {verb>noun} a {verb2>noun}.",
        HELD_OUT,
    ),
    Template(
        "coordination-4", "coordination", LEXICAL, 4, "event2>noun",
        "The {noun} {event:past} {day} and {event2:past} {manner}.",
        "{noun} {day} {event>noun} a {manner>event2} {event2>noun}.",
        HELD_OUT,
    ),
    Template(
        "coordination-8", "coordination", LEXICAL, 8, "event2>noun",
        "The {noun} {event:past} very {manner} {where} {day} and then {manner2} {event2:past}.",
        "{noun} {where>noun+event:weak} {day} {where:full} velmi {manner>event} {event>noun} a potom {manner2>event2} {event2>noun}.",
        HELD_OUT,
    ),
    Template(
        "coordination-noun-4", "coordination", LEXICAL, 4, "event>noun",
        "The {noun} {transitive:past} the {adjective} {object} and {event:past}.",
        "{noun} {transitive>noun} {adjective>object:accusative} {object:transitive} a {event>noun}.",
        HELD_OUT,
        weight=2,
    ),
    Template(
        "coordination-noun-8", "coordination", LEXICAL, 8, "event>noun",
        "The {noun} {transitive:past} the {adjective} {object} {where} {day} and then {manner} {event:past}.",
        "{noun} {where>noun:weak} {day} {where:full} {transitive>noun} {adjective>object:accusative} {object:transitive}"
        " a potom {manner>event} {event>noun}.",
        HELD_OUT,
    ),
    # ── a second clause with a new subject ───────────────────────────────────────────────────────────────────────────
    Template(
        "switch-0", "switch", LEXICAL, 0, "activity>noun",
        "The {noun} {activity:past} and the {person} {activity2:past}.",
        "{noun} {activity>noun} a {person} {activity2:se} {activity2>person}.",
        crossed="person",
    ),
    Template(
        "switch-second-0", "switch", LEXICAL, 0, "verb>noun",
        "When the {person} {event:past}, the {noun} {verb:past}.",
        "Když {event:se} {person} {event>person}, {noun} {verb>noun}.",
        crossed="person",
    ),
    Template(
        "register-2", "switch", LEXICAL, 2, "activity>noun",
        "The {noun} {activity:past} {where} {day} and the {person} {activity2:past} {where2} {day2}.",
        "{noun} {where>noun+activity:weak} {day} {where:full} {activity>noun} a {person} {where2>person+activity2:weak} {day2} {where2:full} {activity2>person}.",
        crossed="person",
    ),
    Template(
        "register-4", "switch", LEXICAL, 4, "activity>noun",
        "The {noun} {activity:past} very {manner} {where} {day} and the {person} {activity2:past} very {manner2}"
        " {where2} {day2}.",
        "{noun} {where>noun+activity:weak} {day} {where:full} velmi {manner>activity} {activity>noun}"
        " a {person} {where2>person+activity2:weak} {day2} {where2:full} velmi {manner2>activity2} {activity2>person}.",
        crossed="person",
    ),
    # ── words that agree before the noun is said, and sám ────────────────────────────────────────────────────────────
    Template(
        "possessive-0", "possessive", BOTH, 0, "můj>noun",
        "My {adjective} {noun} {verb:past} {when}.",
        "{můj>noun} {adjective>noun} {noun} {verb:se} {when} {verb>noun}.",
        weight=2,
    ),
    Template(
        "demonstrative-0", "demonstrative", BOTH, 0, "ten>noun",
        "That {adjective} {noun} {verb:past} {where}.",
        "{ten>noun} {adjective>noun} {noun} {verb:se} {where>noun+verb} {verb>noun}.",
        weight=2,
    ),
    Template(
        "numeral-0", "numeral", BOTH, 0, "jeden>noun",
        "One {adjective} {noun} {verb:past}.",
        "{jeden>noun} {adjective>noun} {noun} {verb:se} {verb>noun}.",
        kinds="phtcbl",
    ),
    Template(
        "alone-2", "sám", LEXICAL, 2, "sám>noun",
        "The {noun} {activity:past} alone {where}.",
        "{noun} {where>noun+activity} {activity>noun} {sám>noun}.",
    ),
    # ── gender in a pronoun only ─────────────────────────────────────────────────────────────────────────────────────
    Template(
        "said-0", "pronoun", PRONOUN, 0, "speech>noun",
        "The {noun} {speech:past} that {he>noun} is {state}.",
        "{noun} {speech>noun}, že je {state>noun}.",
    ),
    Template(
        "said-2", "pronoun", PRONOUN, 2, "speech>noun",
        "The {noun} {speech:past} {where} {day} that {he>noun} is {state}.",
        "{noun} {where>noun:weak} {day} {where:full} {speech>noun}, že je {state>noun}.",
    ),
    Template(
        "said-4", "pronoun", PRONOUN, 4, "speech>noun",
        "The {noun} {speech:past} very {manner} {where} {day} that {he>noun} is {state}.",
        "{noun} {where>noun:weak} {day} {where:full} velmi {manner>speech} {speech>noun}, že je {state>noun}.",
    ),
    Template(
        "said-8", "pronoun", PRONOUN, 8, "speech>noun",
        "The {noun} also {speech:past} very {manner} and very {manner2} {where} {day} that {he>noun} is {state}.",
        "{noun} {where>noun:weak} {day} {where:full} také velmi {manner>speech} a velmi {manner2>speech} {speech>noun},"
        " že je {state>noun}.",
    ),
    Template(
        "said-phrase-2", "pronoun", PRONOUN, 2, "speech>noun",
        "The {noun} {preposition} the {item} {speech:past} that {he>noun} is {state}.",
        "{noun} {preposition>noun} {item:preposition} {speech>noun}, že je {state>noun}.",
    ),
    Template(
        "said-phrase-4", "pronoun", PRONOUN, 4, "speech>noun",
        "The {noun} {preposition} the {adjective} {item} {speech:past} {day} that {he>noun} is {state}.",
        "{noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {day} {speech>noun},"
        " že je {state>noun}.",
    ),
    Template(
        "said-phrase-8", "pronoun", PRONOUN, 8, "speech>noun",
        "The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {speech:past} {where} {day}"
        " that {he>noun} is {state}.",
        "{noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place}"
        " {adjective2>place2:preposition2} {place2:preposition2} {where>noun:weak} {day} {where:full} {speech>noun}, že je {state>noun}.",
    ),
    Template(
        "because-0", "pronoun", PRONOUN, 0, "verb>noun",
        "The {noun} {verb:past} because {he>noun} was {state}.",
        "{noun} {verb>noun}, protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-2", "pronoun", PRONOUN, 2, "verb>noun",
        "The {noun} {verb:past} {where} {day} because {he>noun} was {state}.",
        "{noun} {where>noun+verb:weak} {day} {where:full} {verb>noun}, protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-4", "pronoun", PRONOUN, 4, "verb>noun",
        "The {noun} {verb:past} very {manner} {where} {day} because {he>noun} was {state}.",
        "{noun} {where>noun+verb:weak} {day} {where:full} velmi {manner>verb} {verb>noun}, protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-8", "pronoun", PRONOUN, 8, "verb>noun",
        "The {noun} also {verb:past} very {manner} and very {manner2} {where} {day} because {he>noun} was {state}.",
        "{noun} {where>noun+verb:weak} {day} {where:full} také velmi {manner>verb} a velmi {manner2>verb} {verb>noun},"
        " protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-phrase-2", "pronoun", PRONOUN, 2, "verb>noun",
        "The {noun} {preposition} the {item} {verb:past} because {he>noun} was {state}.",
        "{noun} {preposition>noun} {item:preposition} {verb>noun}, protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-phrase-4", "pronoun", PRONOUN, 4, "verb>noun",
        "The {noun} {preposition} the {adjective} {item} {verb:past} {day} because {he>noun} was {state}.",
        "{noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {day} {verb>noun},"
        " protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    Template(
        "because-phrase-8", "pronoun", PRONOUN, 8, "verb>noun",
        "The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {verb:past} {where} {day}"
        " because {he>noun} was {state}.",
        "{noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place}"
        " {adjective2>place2:preposition2} {place2:preposition2} {where>noun+verb:weak} {day} {where:full} {verb>noun},"
        " protože {byl>noun} {state>noun}.",
        HELD_OUT,
    ),
    # ── two subjects, one verb: only in the plural ───────────────────────────────────────────────────────────────────
    Template(
        "both-2", "coordinated-subjects", LEXICAL, 2, "verb>noun+person",
        "The {noun} and the {person} {verb:past} {where} {when}.",
        "{noun} a {person} {verb:se} {where>noun+verb:weak} {when} {where:full} {verb>noun+person}.",
    ),
)
