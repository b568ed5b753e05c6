"""The constructions: two lines each, and the cell of the design that they fill. `grammar` says how a line is read.

A header names the template, its construction, the families of its controlling noun, the distance in words from that noun
to the agreeing slot that is scored, that slot, and what else is to be said:

held-out      the template is kept for testing in the template-disjoint split of the probes
plural        it is also said of many; `plural-only`: of nothing else
children      it is also said of people of neuter gender
kinds=…       the kinds of noun that may control; without it, all but children
crossed=…     a second subject, whose gender is crossed with the controlling noun's
weight=…      how many times more of it is trained on
"""

from __future__ import annotations

from corpora.agreement.grammar import Template

CONSTRUCTIONS = """
── adverbs between the noun and its verb ──
verb-0 | adverbs | lexical open | 0 | verb>noun | plural
    The {noun} {verb:past} very {manner} {day}.
    {noun} {verb>noun} {day} velmi {manner>verb}.
verb-2 | adverbs | lexical open | 2 | verb>noun | children plural
    The {noun} {verb:past} {where} {when}.
    {noun} {where>noun+verb:weak} {when} {where:full} {verb>noun}.
verb-4 | adverbs | lexical open | 4 | verb>noun | children
    The {noun} {verb:past} very {manner} {where} {when}.
    {noun} {where>noun+verb:weak} {when} {where:full} velmi {manner>verb} {verb>noun}.
verb-8 | adverbs | lexical open | 8 | verb>noun
    The {noun} also {verb:past} very {manner} and very {manner2} {where} {day}.
    {noun} {where>noun+verb:weak} {day} {where:full} také velmi {manner>verb} a velmi {manner2>verb} {verb>noun}.

── a prepositional phrase between the noun and its verb ──
phrase-2 | prepositional-phrase | lexical open | 2 | verb>noun | children plural
    The {noun} {preposition} the {item} {verb:past}.
    {noun} {preposition>noun} {item:preposition} {verb>noun}.
phrase-4 | prepositional-phrase | lexical open | 4 | verb>noun | weight=2 plural
    The {noun} {preposition} the {adjective} {item} {verb:past} {when}.
    {noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {when} {verb>noun}.
phrase-8 | prepositional-phrase | lexical open | 8 | verb>noun | plural
    The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {verb:past} \
        {where} {day}.
    {noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place} \
        {adjective2>place2:preposition2} {place2:preposition2} {where>noun+verb:weak} {day} {where:full} \
        {verb>noun}.
negation-2 | negation | lexical open | 2 | verb>noun | weight=2 plural
    The {noun} {preposition} the {item} did not {verb}.
    {noun} {preposition>noun} {item:preposition} {verb>noun:negative}.
negation-0 | negation | lexical open | 0 | verb>noun | weight=2
    The {noun} did not {verb} or {verb2}.
    {noun} {verb>noun:negative} ani {verb2>noun:negative}.
question-0 | question | lexical open | 0 | verb>noun | weight=4
    Did the {noun} {verb} {where} {when}?
    {verb>noun} {verb:se} {where>noun+verb:weak} {noun} {when} {where:full}?

── rád ──
rád-0 | rád | lexical | 0 | rád>noun | held-out
    The {noun} likes to {hobby} {scene}.
    {noun} {rád>noun} {hobby} {scene>noun+hobby}.
rád-2 | rád | lexical | 2 | rád>noun | held-out
    The {noun} really likes to {hobby} {where}.
    {noun} {where>noun+hobby} opravdu {rád>noun} {hobby}.
rád-4 | rád | lexical | 4 | rád>noun | held-out
    The {noun} also really likes to {hobby} {where} very much.
    {noun} {where>noun+hobby} také opravdu velmi {rád>noun} {hobby}.
rád-8 | rád | lexical | 8 | rád>noun | held-out
    The {noun}, as {witness:all} very well {where} already today, likes to {hobby}.
    {noun}, jak {where>noun+hobby} dnes už všichni velmi dobře {witness}, {rád>noun} {hobby}.
rád-phrase-2 | rád | lexical | 2 | rád>noun | held-out
    The {noun} {preposition} the {item} likes to {hobby}.
    {noun} {preposition>noun} {item:preposition} {rád>noun} {hobby}.
rád-phrase-4 | rád | lexical | 4 | rád>noun | held-out
    The {noun} {preposition} the {adjective} {item} also likes to {hobby}.
    {noun} {preposition>noun} {adjective>item:preposition} {item:preposition} také {rád>noun} {hobby}.

── predicate adjectives ──
adjective-0 | predicate-adjective | lexical open | 0 | predicate>noun | weight=2
    {is>noun} the {noun} {predicate} {moment}?
    {je>noun} {moment} {noun} {predicate>noun}?
adjective-2 | predicate-adjective | lexical open | 2 | quality>noun | children plural
    The {noun} {is>noun} {how} {quality}.
    {noun} {je>noun} {how} {quality>noun}.
adjective-4 | predicate-adjective | lexical open | 4 | quality>noun | plural
    The {noun} {is>noun} {now} really very {quality}.
    {noun} {je>noun} {now} opravdu velmi {quality>noun}.
adjective-8 | predicate-adjective | lexical open | 8 | quality>noun
    The {noun}, as {witness:all} well, {is>noun} {now} really very {quality}.
    {noun}, jak všichni dobře {witness}, {je>noun} {now} opravdu velmi {quality>noun}.
adjective-phrase-4 | predicate-adjective | lexical open | 4 | quality>noun | plural
    The {noun} {preposition} the {item} {is>noun} very {quality}.
    {noun} {preposition>noun} {item:preposition} {je>noun} velmi {quality>noun}.
adjective-phrase-8 | predicate-adjective | lexical open | 8 | quality>noun
    The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {is>noun} very \
        {quality}.
    {noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place} \
        {adjective2>place2:preposition2} {place2:preposition2} {je>noun} velmi {quality>noun}.

── short passive participles ──
passive-0 | passive | lexical open | 0 | passive>noun | held-out
    Will the {noun} {shortly} be {passive}?
    {bude>noun} {shortly} {noun} {passive>noun}?
passive-2 | passive | lexical open | 2 | passive>noun | held-out plural
    The {noun} will {soon} be {passive}.
    {noun} {bude>noun} {soon} {passive>noun}.
passive-4 | passive | lexical open | 4 | passive>noun | held-out
    The {noun} will {soon} be {passive} very {pace}.
    {noun} {bude>noun} {soon} velmi {pace} {passive>noun}.
passive-8 | passive | lexical open | 8 | passive>noun | held-out
    The {noun}, as {witness:all} well, will {soon} be {passive} very {pace}.
    {noun}, jak všichni dobře {witness}, {bude>noun} {soon} velmi {pace} {passive>noun}.
passive-phrase-4 | passive | lexical open | 4 | passive>noun | held-out plural
    The {noun} {preposition} the {item} will {soon} be {passive}.
    {noun} {preposition>noun} {item:preposition} {bude>noun} {soon} {passive>noun}.
passive-phrase-8 | passive | lexical open | 8 | passive>noun | held-out
    The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} will {soon} be \
        {passive}.
    {noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place} \
        {adjective2>place2:preposition2} {place2:preposition2} {bude>noun} {soon} {passive>noun}.

── first person: the sentence carries its noun, for "I" alone would leave the Czech open ──
first-person-0 | first-person | lexical | 0 | který>noun | held-out weight=3
    I am a {noun} who likes to {hobby}.
    Jsem {noun}, {který>noun} {hobby:se} {rád>noun} {hobby}.
first-person-past-0 | first-person | lexical | 0 | který>noun | held-out
    I am a {noun} who {verb:past} {when}.
    Jsem {noun}, {který>noun} {verb:se} {when} {verb>noun}.
first-person-rád-2 | first-person | lexical | 2 | rád>noun
    I am a {noun} and I like {treat}.
    Jsem {noun} a mám {rád>noun} {treat:accusative}.
first-person-state-2 | first-person | lexical | 2 | predicate>noun
    I am a {noun} and I am {predicate}.
    Jsem {noun} a jsem {predicate>noun}.
first-person-past-4 | first-person | lexical | 4 | byl>noun
    I am a {noun} and I was {state} {where} {day}.
    Jsem {noun} a {day} jsem {where>noun} {byl>noun} {state>noun}.
first-person-phrase-2 | first-person | lexical | 2 | který>noun | held-out
    I am a {noun} {origin} the {item} who {verb:past} {when}.
    Jsem {noun} {origin>noun} {item:origin}, {který>noun} {verb:se} {when} {verb>noun}.
first-person-phrase-4 | first-person | lexical | 4 | který>noun | held-out
    I am a {noun} {origin} the very {degree} {item} who likes to {hobby}.
    Jsem {noun} {origin>noun} velmi {degree>item:origin} {item:origin}, {který>noun} {hobby:se} {rád>noun} {hobby}.
first-person-phrase-8 | first-person | lexical | 8 | verb>noun
    I am a {noun} {origin} the very {degree} {building} and I {verb:past} {where} {day}.
    Jsem {noun} {origin>noun} velmi {degree>building:origin} {building:origin} a {day} jsem \
        {where>noun+verb} {verb>noun}.

── the relative clause, its pronoun scored ──
interior-0 | subject-relative | lexical open | 0 | který>noun | held-out kinds=phtcf weight=3
    The {noun} {who>noun} {staying:past} in the {adjective} {interior} {was>noun} {predicate}.
    {noun}, {který>noun} {staying:se} {staying>noun} v {adjective>interior:locative} {interior:locative}, \
        {byl>noun} {predicate>noun}.
relative-phrase-2 | subject-relative | lexical open | 2 | který>noun | held-out weight=2
    We {opinion} the {noun} {preposition} the {item} {who>noun} {verb:past}.
    {opinion} {noun:opinion} {preposition>noun} {item:preposition}, {který>noun} {verb:se} {verb>noun}.
relative-phrase-4 | subject-relative | lexical open | 4 | který>noun | held-out
    We {opinion} the {noun} {preposition} the very {degree} {item} {who>noun} {verb:past}.
    {opinion} {noun:opinion} {preposition>noun} velmi {degree>item:preposition} {item:preposition}, \
        {který>noun} {verb:se} {verb>noun}.
relative-phrase-8 | subject-relative | lexical open | 8 | který>noun | held-out
    We {opinion} the {noun} {preposition} the very {degree} {place} {preposition2} the very {degree2} \
        {place2} {who>noun} {verb:past}.
    {opinion} {noun:opinion} {preposition>noun} velmi {degree>place:preposition} {place:preposition} \
        {preposition2>place} velmi {degree2>place2:preposition2} {place2:preposition2}, {který>noun} {verb:se} \
        {verb>noun}.

── the relative clause stands between the noun and its verb ──
subject-relative-2 | subject-relative | lexical open | 2 | verb2>noun | children
    The {noun} {who>noun} {verb:past} {verb2:past}.
    {noun}, {který>noun} {verb>noun}, {verb2>noun}.
subject-relative-4 | subject-relative | lexical open | 4 | verb2>noun | plural
    The {noun} {who>noun} {verb:past} {where} {when} {verb2:past}.
    {noun}, {který>noun} {where>noun+verb:weak} {when} {where:full} {verb>noun}, {verb2>noun}.
subject-relative-8 | subject-relative | lexical open | 8 | verb2>noun
    The {noun} {who>noun} in the end {verb:past} very {manner} {where} {day} also {verb2:past}.
    {noun}, {který>noun} {where>noun+verb:weak} {day} {where:full} nakonec velmi {manner>verb} {verb>noun}, \
        také {verb2>noun}.
subject-relative-noun-4 | subject-relative | lexical open | 4 | verb>noun
    The {noun} {who>noun} {staying:past} {location} the {place} {verb:past}.
    {noun}, {který>noun} {staying>noun} {location} {place:location}, {verb>noun}.
subject-relative-noun-8 | subject-relative | lexical open | 8 | verb>noun
    The {noun} {who>noun} also {staying:past} {location} the very {degree} {place} {day} {verb:past}.
    {noun}, {který>noun} {day} také {staying>noun} {location} velmi {degree>place:location} \
        {place:location}, {verb>noun}.
object-relative-2 | object-relative | lexical open | 2 | verb>noun | held-out plural
    The {noun} {whom>noun} we {opinion} {verb:past}.
    {noun}, {který>noun:opinion} {opinion}, {verb>noun}.
object-relative-4 | object-relative | lexical open | 4 | verb>noun | held-out
    The {noun} {whom>noun} we all {opinion} {where} {verb:past}.
    {noun}, {který>noun:opinion} {where>noun} všichni {opinion}, {verb>noun}.
object-relative-8 | object-relative | lexical open | 8 | verb>noun | held-out
    The {noun} {whom>noun} we all really {feeling} {where} very much {now} also {verb:past}.
    {noun}, {který>noun:feeling} {where>noun} {now} všichni opravdu velmi {feeling}, také {verb>noun}.
object-relative-noun-4 | object-relative | lexical | 4 | verb>noun | held-out
    The {noun} {whom>noun} the {person} {meeting:past} {day} {verb:past}.
    {noun}, {který>noun:meeting} {day} {meeting>person} {person}, {verb>noun}.
object-relative-noun-8 | object-relative | lexical | 8 | verb>noun | held-out
    The {noun} {whom>noun} our {person} also {meeting:past} again {where} {day} {verb:past}.
    {noun}, {který>noun:meeting} {where>noun:weak} {day} {where:full} také znovu {meeting>person} \
        {náš>person} {person}, {verb>noun}.

── coordination with a shared subject ──
coordination-2 | coordination | lexical open | 2 | verb2>noun | held-out plural
    The {noun} {verb:past} and {verb2:past}.
    {noun} {verb>noun} a {verb2>noun}.
coordination-4 | coordination | lexical | 4 | event2>noun | held-out
    The {noun} {event:past} {day} and {event2:past} {manner}.
    {noun} {day} {event>noun} a {manner>event2} {event2>noun}.
coordination-8 | coordination | lexical | 8 | event2>noun | held-out
    The {noun} {event:past} very {manner} {where} {day} and then {manner2} {event2:past}.
    {noun} {where>noun+event:weak} {day} {where:full} velmi {manner>event} {event>noun} a potom \
        {manner2>event2} {event2>noun}.
coordination-noun-4 | coordination | lexical | 4 | event>noun | held-out weight=2 plural
    The {noun} {transitive:past} the {adjective} {object} and {event:past}.
    {noun} {transitive>noun} {adjective>object:accusative} {object:transitive} a {event>noun}.
coordination-noun-8 | coordination | lexical | 8 | event>noun | held-out
    The {noun} {transitive:past} the {adjective} {object} {where} {day} and then {manner} {event:past}.
    {noun} {where>noun:weak} {day} {where:full} {transitive>noun} {adjective>object:accusative} \
        {object:transitive} a potom {manner>event} {event>noun}.

── a second clause with a new subject ──
switch-0 | switch | lexical | 0 | activity>noun | crossed=person plural
    The {noun} {activity:past} and the {person} {activity2:past}.
    {noun} {activity>noun} a {person} {activity2:se} {activity2>person}.
switch-second-0 | switch | lexical | 0 | verb>noun | crossed=person
    When the {person} {event:past}, the {noun} {verb:past}.
    Když {event:se} {person} {event>person}, {noun} {verb>noun}.
register-2 | switch | lexical | 2 | activity>noun | crossed=person
    The {noun} {activity:past} {where} {day} and the {person} {activity2:past} {where2} {day2}.
    {noun} {where>noun+activity:weak} {day} {where:full} {activity>noun} a {person} \
        {where2>person+activity2:weak} {day2} {where2:full} {activity2>person}.
register-4 | switch | lexical | 4 | activity>noun | crossed=person
    The {noun} {activity:past} very {manner} {where} {day} and the {person} {activity2:past} very {manner2} \
        {where2} {day2}.
    {noun} {where>noun+activity:weak} {day} {where:full} velmi {manner>activity} {activity>noun} a {person} \
        {where2>person+activity2:weak} {day2} {where2:full} velmi {manner2>activity2} {activity2>person}.

── words that agree before the noun is said, and sám ──
possessive-0 | possessive | lexical open | 0 | můj>noun | weight=2 plural
    My {adjective} {noun} {verb:past} {when}.
    {můj>noun} {adjective>noun} {noun} {verb:se} {when} {verb>noun}.
demonstrative-0 | demonstrative | lexical open | 0 | ten>noun | weight=2
    That {adjective} {noun} {verb:past} {where}.
    {ten>noun} {adjective>noun} {noun} {verb:se} {where>noun+verb} {verb>noun}.
numeral-0 | numeral | lexical open | 0 | jeden>noun | kinds=phtcbl
    One {adjective} {noun} {verb:past}.
    {jeden>noun} {adjective>noun} {noun} {verb:se} {verb>noun}.
alone-2 | sám | lexical | 2 | sám>noun | plural
    The {noun} {activity:past} alone {where}.
    {noun} {where>noun+activity} {activity>noun} {sám>noun}.

── gender in a pronoun only ──
said-0 | pronoun | pronoun | 0 | speech>noun
    The {noun} {speech:past} that {he>noun} is {state}.
    {noun} {speech>noun}, že je {state>noun}.
said-2 | pronoun | pronoun | 2 | speech>noun
    The {noun} {speech:past} {where} {day} that {he>noun} is {state}.
    {noun} {where>noun:weak} {day} {where:full} {speech>noun}, že je {state>noun}.
said-4 | pronoun | pronoun | 4 | speech>noun
    The {noun} {speech:past} very {manner} {where} {day} that {he>noun} is {state}.
    {noun} {where>noun:weak} {day} {where:full} velmi {manner>speech} {speech>noun}, že je {state>noun}.
said-8 | pronoun | pronoun | 8 | speech>noun
    The {noun} also {speech:past} very {manner} and very {manner2} {where} {day} that {he>noun} is {state}.
    {noun} {where>noun:weak} {day} {where:full} také velmi {manner>speech} a velmi {manner2>speech} \
        {speech>noun}, že je {state>noun}.
said-phrase-2 | pronoun | pronoun | 2 | speech>noun
    The {noun} {preposition} the {item} {speech:past} that {he>noun} is {state}.
    {noun} {preposition>noun} {item:preposition} {speech>noun}, že je {state>noun}.
said-phrase-4 | pronoun | pronoun | 4 | speech>noun
    The {noun} {preposition} the {adjective} {item} {speech:past} {day} that {he>noun} is {state}.
    {noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {day} {speech>noun}, že je {state>noun}.
said-phrase-8 | pronoun | pronoun | 8 | speech>noun
    The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {speech:past} \
        {where} {day} that {he>noun} is {state}.
    {noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place} \
        {adjective2>place2:preposition2} {place2:preposition2} {where>noun:weak} {day} {where:full} \
        {speech>noun}, že je {state>noun}.
because-0 | pronoun | pronoun | 0 | verb>noun | held-out
    The {noun} {verb:past} because {he>noun} was {state}.
    {noun} {verb>noun}, protože {byl>noun} {state>noun}.
because-2 | pronoun | pronoun | 2 | verb>noun | held-out
    The {noun} {verb:past} {where} {day} because {he>noun} was {state}.
    {noun} {where>noun+verb:weak} {day} {where:full} {verb>noun}, protože {byl>noun} {state>noun}.
because-4 | pronoun | pronoun | 4 | verb>noun | held-out
    The {noun} {verb:past} very {manner} {where} {day} because {he>noun} was {state}.
    {noun} {where>noun+verb:weak} {day} {where:full} velmi {manner>verb} {verb>noun}, protože {byl>noun} {state>noun}.
because-8 | pronoun | pronoun | 8 | verb>noun | held-out weight=2
    The {noun} also {verb:past} very {manner} and very {manner2} {where} {day} because {he>noun} was {state}.
    {noun} {where>noun+verb:weak} {day} {where:full} také velmi {manner>verb} a velmi {manner2>verb} \
        {verb>noun}, protože {byl>noun} {state>noun}.
because-phrase-2 | pronoun | pronoun | 2 | verb>noun | held-out
    The {noun} {preposition} the {item} {verb:past} because {he>noun} was {state}.
    {noun} {preposition>noun} {item:preposition} {verb>noun}, protože {byl>noun} {state>noun}.
because-phrase-4 | pronoun | pronoun | 4 | verb>noun | held-out
    The {noun} {preposition} the {adjective} {item} {verb:past} {day} because {he>noun} was {state}.
    {noun} {preposition>noun} {adjective>item:preposition} {item:preposition} {day} {verb>noun}, protože \
        {byl>noun} {state>noun}.
because-phrase-8 | pronoun | pronoun | 8 | verb>noun | held-out weight=2
    The {noun} {preposition} the {adjective} {place} {preposition2} the {adjective2} {place2} {verb:past} \
        {where} {day} because {he>noun} was {state}.
    {noun} {preposition>noun} {adjective>place:preposition} {place:preposition} {preposition2>place} \
        {adjective2>place2:preposition2} {place2:preposition2} {where>noun+verb:weak} {day} {where:full} \
        {verb>noun}, protože {byl>noun} {state>noun}.

── two subjects, one verb: only in the plural ──
both-2 | coordinated-subjects | lexical | 2 | verb>noun+person | plural-only
    The {noun} and the {person} {verb:past} {where} {when}.
    {noun} a {person} {verb:se} {where>noun+verb:weak} {when} {where:full} {verb>noun+person}.
"""


def read(text: str) -> tuple[Template, ...]:
    """The templates of a text of constructions: a header, an English line, a Czech line."""
    lines = [line for line in text.strip().splitlines() if line and not line.startswith("──")]
    return tuple(template(*lines[i : i + 3]) for i in range(0, len(lines), 3))


def template(header: str, english: str, czech: str) -> Template:
    name, construction, families, distance, scored, *options = [cell.strip() for cell in header.split("|")]
    said = (options or [""])[0].split()
    values = dict(option.split("=") for option in said if "=" in option)
    return Template(
        name,
        construction,
        tuple(families.split()),
        int(distance),
        scored,
        english.strip(),
        czech.strip(),
        fold="held-out" if "held-out" in said else "fit",
        kinds=values.get("kinds", "phtcfbl"),
        crossed=values.get("crossed", ""),
        weight=int(values.get("weight", 1)),
        singular="plural-only" not in said,
        plural="plural" in said or "plural-only" in said,
        children="children" in said,
    )


TEMPLATES = read(CONSTRUCTIONS)
