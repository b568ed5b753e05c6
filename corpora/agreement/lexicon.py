"""The words, as rows of data. One English word has one Czech word; forms come from morphology, exceptions stand in the row.

Semantic kinds say what goes with what (a wizard learns, a soup gets cold):
p person · t thing · c clothes · f food · b building · l landscape · k child (a person of neuter gender)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpora.agreement.morphology import PARADIGMS, noun_forms

KINDS = {"p": "person", "t": "thing", "c": "clothes", "f": "food", "b": "building", "l": "landscape", "k": "child"}


@dataclass(frozen=True)
class Word:
    """A row: `english` names it, `kinds` lists the semantic kinds it is at home with."""

    english: str
    czech: str
    kinds: str = ""
    tags: str = ""


@dataclass(frozen=True)
class NounWord(Word):
    gender: str = ""
    family: str = ""  # lexical, pronoun, open
    pair: int = 0  # partners by lexicon share it: boy and girl
    held_out: bool = False  # kept from the probes' fit part
    forms: Mapping[str, str] = field(default_factory=dict, hash=False)  # case → form
    english_plural: str = ""

    @property
    def animate(self) -> bool:
        return self.kinds in "pk"


@dataclass(frozen=True)
class VerbWord(Word):
    past: str = ""
    infinitive: str = ""
    present: str = ""  # third person singular; of an agreeing-free clause, the whole form
    participle: str = ""
    stem: str = ""  # of the participle's other genders: přišel, přišl-
    reflexive: str = ""  # se, si or nothing
    manners: str = ""  # codes of the adverbs of manner that fit
    objects: str = ""  # kinds of what it takes in the accusative


@dataclass(frozen=True)
class AdjectiveWord(Word):
    """Tags: a attributive, g gradable ("very old"), s a passing state of a person ("tired")."""


@dataclass(frozen=True)
class PassiveWord(Word):
    """A short passive participle: pozván; `english` is the participle."""


@dataclass(frozen=True)
class AdverbWord(Word):
    """Adverbs, conjunctions and other words that never change."""


@dataclass(frozen=True)
class PrepositionWord(Word):
    case: str = ""
    objects: str = ""  # kinds of noun it takes; `kinds` are those of the noun it modifies


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# English, Czech, paradigm, exceptions (case=form, stem=…, en=English plural); a star holds the pair out of probe fitting
LEXICAL = """
    boy kluk pán                                  | girl holka žena
    man muž muž en=men                            | woman žena žena en=women
    father otec muž stem=otc plural=otcové        | mother matka žena
    * son syn pán plural=synové                   | daughter dcera žena
    brother bratr pán                             | sister sestra žena
    husband manžel pán plural=manželé             | wife manželka žena en=wives
    uncle strýc muž plural=strýcové               | aunt teta žena
    * nephew synovec muž stem=synovc              | niece neteř píseň
    grandfather dědeček pán stem=dědečk plural=dědečkové | grandmother babička žena
    grandson vnuk pán                             | granddaughter vnučka žena
    king král muž plural=králové                  | queen královna žena
    prince princ muž plural=princové              | princess princezna žena en=princesses
    emperor císař muž plural=císařové             | empress císařovna žena
    * actor herec muž stem=herc                   | actress herečka žena
    waiter číšník pán                             | waitress číšnice růže
    * hero hrdina předseda plural=hrdinové en=heroes | heroine hrdinka žena
    monk mnich pán                                | nun jeptiška žena
    groom ženich pán                              | bride nevěsta žena
    * wizard čaroděj muž plural=čarodějové        | witch čarodějnice růže
    * policeman policista předseda plural=policisté en=policemen | policewoman policistka žena en=policewomen
    heir dědic muž                                | heiress dědička žena
    widower vdovec muž stem=vdovc                 | widow vdova žena
    * stepfather otčím pán plural=otčímové        | stepmother macecha žena
    godfather kmotr pán                           | godmother kmotra žena
    gentleman pán pán plural=pánové en=gentlemen  | lady dáma žena
    * host hostitel muž plural=hostitelé          | hostess hostitelka žena
    duke vévoda předseda plural=vévodové          | duchess vévodkyně růže
    baron baron pán                               | baroness baronka žena
    businessman podnikatel muž plural=podnikatelé en=businessmen | businesswoman podnikatelka žena en=businesswomen
    * salesman prodavač muž en=salesmen           | saleswoman prodavačka žena en=saleswomen
    sportsman sportovec muž stem=sportovc en=sportsmen | sportswoman sportovkyně růže en=sportswomen
    * priest kněz muž plural=kněží                | priestess kněžka žena
    steward stevard pán                           | stewardess stevardka žena
    dad táta předseda plural=tátové               | mum máma žena
    * sorcerer kouzelník pán                      | sorceress kouzelnice růže
    shepherd pastýř muž                           | shepherdess pastýřka žena
    * hunter lovec muž stem=lovc                  | huntress lovkyně růže
    fireman hasič muž en=firemen                  | firewoman hasička žena en=firewomen
    * horseman jezdec muž stem=jezdc en=horsemen  | horsewoman jezdkyně růže en=horsewomen
    masseur masér pán                             | masseuse masérka žena
    * schoolboy školák pán                        | schoolgirl školačka žena
    barman barman pán en=barmen                   | barmaid barmanka žena
    Englishman Angličan pán plural=Angličané en=Englishmen | Englishwoman Angličanka žena en=Englishwomen
    * Irishman Ir pán plural=Irové en=Irishmen    | Irishwoman Irka žena en=Irishwomen
    Frenchman Francouz muž en=Frenchmen           | Frenchwoman Francouzka žena en=Frenchwomen
    nobleman šlechtic muž en=noblemen             | noblewoman šlechtična žena en=noblewomen
    headmaster ředitel muž plural=ředitelé        | headmistress ředitelka žena
    * chairman předseda předseda plural=předsedové en=chairmen | chairwoman předsedkyně růže en=chairwomen
"""
# English leaves the gender open: only a pronoun decides
PRONOUN = """
    teacher učitel muž plural=učitelé             | učitelka žena
    doctor doktor pán                             | doktorka žena
    * student student pán                         | studentka žena
    neighbour soused pán plural=sousedé           | sousedka žena
    * friend kamarád pán                          | kamarádka žena
    singer zpěvák pán                             | zpěvačka žena
    * dancer tanečník pán                         | tanečnice růže
    cook kuchař muž                               | kuchařka žena
    * painter malíř muž                           | malířka žena
    writer spisovatel muž plural=spisovatelé      | spisovatelka žena
    * journalist novinář muž                      | novinářka žena
    colleague kolega předseda plural=kolegové     | kolegyně růže
    * tourist turista předseda plural=turisté     | turistka žena
    guide průvodce soudce                         | průvodkyně růže
    * judge soudce soudce                         | soudkyně růže
    cyclist cyklista předseda plural=cyklisté     | cyklistka žena
    lawyer právník pán                            | právnička žena
    * scientist vědec muž stem=vědc               | vědkyně růže
    player hráč muž                               | hráčka žena
    * worker dělník pán                           | dělnice růže
    driver řidič muž                              | řidička žena
    * photographer fotograf pán plural=fotografové | fotografka žena
    violinist houslista předseda plural=houslisté | houslistka žena
    * mayor starosta předseda plural=starostové   | starostka žena
    gardener zahradník pán                        | zahradnice růže
    * translator překladatel muž plural=překladatelé | překladatelka žena
    * customer zákazník pán                         | zákaznice růže
    * pupil žák pán                               | žákyně růže
"""
# ── things, places, food, children: English says nothing about their gender ──────────────────────────────────────────
# kind: masculine / feminine / neuter; a star holds the noun out of probe fitting
OPEN = """
    t | table stůl hrad stem=stol, carpet koberec stroj stem=koberc, picture obraz hrad, telephone telefon hrad, key klíč stroj, suitcase kufr hrad, backpack batoh hrad, ball míč stroj, *computer počítač stroj, *umbrella deštník hrad, *plate talíř stroj, *knife nůž stroj stem=nož en=knives
    t | lamp lampa žena, bag taška žena, bed postel píseň, cupboard skříň píseň, book kniha žena, bottle láhev píseň stem=lahv, spoon lžíce růže, map mapa žena, *chair židle růže, *vase váza žena, *box krabice růže en=boxes, *candle svíčka žena
    t | mirror zrcadlo město, armchair křeslo město, pen pero město, bicycle kolo město locative=kole, car auto město locative=autě, rope lano město, saddle sedlo město, broom koště kuře stem=košť, *radio rádio město locative=rádiu, *hammer kladivo město, *board prkno město, *deckchair lehátko město
    c | coat kabát hrad, sweater svetr hrad, hat klobouk hrad, scarf šátek hrad stem=šátk en=scarves, *ring prsten hrad, *belt pásek hrad stem=pásk
    c | shirt košile růže, jacket bunda žena, cap čepice růže, tie kravata žena, *skirt sukně růže, *glove rukavice růže
    c | T-shirt tričko město, blazer sako město, poncho pončo město, vest tílko město, *kimono kimono město, *laundry prádlo město
    f | cheese sýr hrad genitive=sýra, cake dort hrad, salad salát hrad, pie koláč stroj, *bread chléb hrad stem=chleb genitive=chleba, *tea čaj stroj
    f | soup polévka žena, coffee káva žena, fish ryba žena, pear hruška žena, *sauce omáčka žena, *chocolate čokoláda žena
    f | apple jablko město, meat maso město, milk mléko město, wine víno město, *egg vejce moře, *beer pivo město
    b | house dům hrad stem=dom locative=domě, castle hrad hrad locative=hradě, bridge most hrad locative=mostě, shop obchod hrad locative=obchodě, church kostel hrad genitive=kostela locative=kostele, hotel hotel hrad, *palace palác stroj, *monastery klášter hrad genitive=kláštera locative=klášteře
    b | school škola žena, tower věž píseň, village vesnice růže, library knihovna žena, hospital nemocnice růže, café kavárna žena, *factory továrna žena, *restaurant restaurace růže
    b | theatre divadlo město locative=divadle, town město město locative=městě, station nádraží stavení, museum muzeum město stem=muze nominative=muzeum accusative=muzeum locative=muzeu, airport letiště moře, cinema kino město locative=kině, *prison vězení stavení, *playground hřiště moře
    l | park park hrad, forest les hrad genitive=lesa locative=lese, pond rybník hrad genitive=rybníka, island ostrov hrad genitive=ostrova locative=ostrově, *hill kopec stroj stem=kopc, *stream potok hrad genitive=potoka
    l | garden zahrada žena, river řeka žena, mountain hora žena, street ulice růže, *meadow louka žena, *beach pláž píseň
    l | lake jezero město locative=jezeře, sea moře moře, field pole moře, square náměstí stavení, *valley údolí stavení, *coast pobřeží stavení
"""
CHILDREN = """
    k | child dítě kuře stem=díť plural=děti en=children, baby miminko město, lass děvče kuře stem=děvč, toddler batole kuře stem=batol
"""

# ── verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# base, past | infinitive, 3rd person present, participle (its other stem), se/si | kinds | i imperfective, e event,
# h done for pleasure | manners
VERBS = """
    sing sang           | zpívat zpívá zpíval            | p  | ih | quietly loudly beautifully cheerfully
    dance danced        | tančit tančí tančil            | p  | ih | slowly beautifully well
    work worked         | pracovat pracuje pracoval      | p  | ih | diligently carefully slowly quietly
    sleep slept         | spát spí spal                  | p  | ih | calmly quietly well
    read read           | číst čte četl                  | p  | ih | quietly slowly carefully
    write wrote         | psát píše psal                 | p  | ih | slowly quickly carefully
    wait waited         | čekat čeká čekal               | p  | i  | patiently calmly quietly
    cook cooked         | vařit vaří vařil               | p  | ih | slowly well
    paint painted       | malovat maluje maloval         | p  | ih | beautifully carefully well
    draw drew           | kreslit kreslí kreslil         | p  | ih | beautifully carefully slowly
    cry cried           | plakat pláče plakal            | p  | i  | quietly loudly sadly
    swim swam           | plavat plave plaval            | p  | ih | slowly quickly well
    run ran             | běhat běhá běhal               | p  | ih | slowly quickly
    learn learned       | učit učí učil se               | p  | ih | diligently patiently
    study studied       | studovat studuje studoval      | p  | ih | diligently carefully
    laugh laughed       | smát směje smál se             | p  | ih | quietly loudly
    rest rested         | odpočívat odpočívá odpočíval   | p  | ih | calmly quietly
    sit sat             | sedět sedí seděl               | p  | i  | calmly quietly patiently
    whisper whispered   | šeptat šeptá šeptal            | p  | i  | quietly slowly
    shout shouted       | křičet křičí křičel            | p  | i  | loudly
    travel travelled    | cestovat cestuje cestoval      | p  | ih | slowly quickly
    sew sewed           | šít šije šil                   | p  | ih | slowly carefully beautifully
    train trained       | trénovat trénuje trénoval      | p  | ih | diligently patiently
    play played         | hrát hraje hrál si             | p  | ih | quietly calmly
    smoke smoked        | kouřit kouří kouřil            | p  | ih | slowly calmly quietly
    skate skated        | bruslit bruslí bruslil         | p  | ih | beautifully quickly well
    ski skied           | lyžovat lyžuje lyžoval         | p  | ih | quickly slowly well
    fish fished         | rybařit rybaří rybařil         | p  | ih | patiently calmly quietly
    joke joked          | žertovat žertuje žertoval      | p  | ih | cheerfully
    pray prayed         | modlit modlí modlil se         | p  | ih | quietly calmly
    stroll strolled     | procházet prochází procházel se | p | ih | slowly calmly
    bathe bathed        | koupat koupe koupal se         | p  | ih | calmly
    complain complained | stěžovat stěžuje stěžoval si   | p  | ih | loudly quietly
    help helped         | pomáhat pomáhá pomáhal         | p  | ih | patiently calmly
    teach taught        | vyučovat vyučuje vyučoval      | p  | ih | patiently carefully well
    listen listened     | poslouchat poslouchá poslouchal | p | ih | patiently quietly carefully
    whistle whistled    | pískat píská pískal            | p  | ih | quietly loudly cheerfully
    knit knitted        | plést plete pletl              | p  | ih | slowly quickly beautifully
    iron ironed         | žehlit žehlí žehlil            | p  | ih | slowly quickly carefully
    drive drove         | řídit řídí řídil               | p  | ih | slowly quickly carefully
    eat ate             | jíst jí jedl                   | p  | ih | slowly quickly quietly
    drink drank         | pít pije pil                   | p  | ih | slowly quickly quietly
    talk talked         | mluvit mluví mluvil            | p  | ih | quietly loudly slowly calmly
    snore snored        | chrápat chrápe chrápal         | p  | i  | quietly loudly
    exercise exercised  | cvičit cvičí cvičil            | p  | ih | diligently slowly patiently
    come came           | přijít přijde přišel přišl     | p  | e  | quickly quietly unexpectedly
    leave left          | odejít odejde odešel odešl     | p  | e  | quickly quietly unexpectedly
    return returned     | vrátit vrátí vrátil se         | p  | e  | quickly unexpectedly
    fall_asleep fell_asleep | usnout usne usnul          | p  | e  | quickly calmly
    stand_up stood_up   | vstát vstane vstal             | p  | e  | slowly quickly
    wake_up woke_up     | probudit probudí probudil se   | p  | e  | slowly unexpectedly
    smile smiled        | usmát usměje usmál se          | p  | e  | calmly sadly
    sit_down sat_down   | posadit posadí posadil se      | p  | e  | slowly quietly
    win won             | vyhrát vyhraje vyhrál          | p  | e  | quickly unexpectedly
    get_dressed got_dressed | obléknout oblékne oblékl se | p | e  | slowly quickly
    calm_down calmed_down | uklidnit uklidní uklidnil se | p  | e  | slowly quickly
    apologise apologised | omluvit omluví omluvil se     | p  | e  | calmly quietly
    faint fainted       | omdlít omdlí omdlel            | p  | e  | quickly unexpectedly
    run_away ran_away   | utéct uteče utekl              | p  | e  | quickly quietly
    hide hid            | schovat schová schoval se      | p  | e  | quickly quietly
    recover recovered   | uzdravit uzdraví uzdravil se   | p  | e  | quickly slowly
    stumble stumbled    | zakopnout zakopne zakopl       | p  | e  |
    fall_ill fell_ill   | onemocnět onemocní onemocněl   | p  | e  | unexpectedly
    arrive arrived      | dorazit dorazí dorazil         | p  | e  | quickly unexpectedly
    answer answered     | odpovědět odpoví odpověděl     | p  | e  | quickly calmly slowly quietly
    pay paid            | zaplatit zaplatí zaplatil      | p  | e  | quickly
    refuse refused      | odmítnout odmítne odmítl       | p  | e  | quickly calmly
    blush blushed       | zčervenat zčervená zčervenal   | p  | e  | quickly unexpectedly
    hesitate hesitated  | zaváhat zaváhá zaváhal         | p  | e  |
    disappear disappeared | zmizet zmizí zmizel          | ptcfbl | e | quickly unexpectedly
    fall fell           | spadnout spadne spadl          | tc | e | quickly unexpectedly
    lie lay             | ležet leží ležel               | tc | i |
    stand stood         | stát stojí stál                | tb | i |
    smell smelled       | vonět voní voněl               | f  | i | beautifully
    remain remained     | zůstat zůstane zůstal          | tcfbl | e |
    burn_down burned_down | shořet shoří shořel          | tcb | e | quickly slowly unexpectedly
    turn_black turned_black | zčernat zčerná zčernal     | tc | e | quickly slowly unexpectedly
    turn_yellow turned_yellow | zežloutnout zežloutne zežloutl | tc | e | quickly slowly unexpectedly
    turn_grey turned_grey | zešednout zešedne zešedl     | tcbl | e | quickly slowly unexpectedly
    get_wet got_wet     | zmoknout zmokne zmokl          | ptc | e | quickly unexpectedly
    get_lost got_lost   | ztratit ztratí ztratil se      | ptc | e | quickly
    go_bad went_bad     | zkazit zkazí zkazil se         | f  | e  | quickly slowly
    get_cold got_cold   | vystydnout vystydne vystydl    | f  | e  | quickly slowly unexpectedly
    decay decayed       | zchátrat zchátrá zchátral      | b  | e  | quickly slowly unexpectedly
    darken darkened     | potemnět potemní potemněl      | fbl | e | quickly slowly unexpectedly
    freeze froze        | zmrznout zmrzne zmrzl          | f  | e  | quickly slowly unexpectedly
    change changed      | změnit změní změnil se         | pbl | e | quickly slowly
"""
# base, past | infinitive, present, participle, si | kinds of subject | kinds of object
TRANSITIVE = """
    buy bought           | koupit koupí koupil           | p | tcf
    find found           | najít najde našel našl        | p | tcf
    lose lost            | ztratit ztratí ztratil        | p | tc
    sell sold            | prodat prodá prodal           | p | tcf
    bring brought        | přinést přinese přinesl       | p | tcf
    take took            | vzít vezme vzal               | p | tcf
    steal stole          | ukrást ukradne ukradl         | p | tcf
    clean cleaned        | vyčistit vyčistí vyčistil     | p | tc
    borrow borrowed      | půjčit půjčí půjčil si        | p | tc
    choose chose         | vybrat vybere vybral si       | p | tcf
"""
# what one person does to another, or to anything
MEETING = """
    meet met                 | potkat potká potkal                  | p | p
    see saw                  | vidět vidí viděl                     | p | ptcfbl
    invite invited           | pozvat pozve pozval                  | p | p
    praise praised           | pochválit pochválí pochválil         | p | pcfb
    visit visited            | navštívit navštíví navštívil         | p | pb
    photograph photographed  | vyfotografovat vyfotografuje vyfotografoval | p | ptcfbl
    save saved               | zachránit zachrání zachránil         | p | ptb
    greet greeted            | pozdravit pozdraví pozdravil         | p | p
    find found               | najít najde našel našl               | p | tc
    paint painted            | namalovat namaluje namaloval         | p | ptbl
    forget forgot            | zapomenout zapomene zapomněl         | p | tc
    lose lost                | ztratit ztratí ztratil               | p | tc
    buy bought               | koupit koupí koupil                  | p | tcf
"""
# a whole clause's verb, by itself without gender: we know, we admire
OPINION = """
    know      | známe       | pbl
    admire    | obdivujeme  | pctbl
    love      | milujeme    | pctfbl
    respect   | respektujeme | p
    praise    | chválíme    | pcfb
    want      | chceme      | tcf
    need      | potřebujeme | ptc
"""
# they report something in their subordinate clause
SPEECH = """
    say said             | říct řekne řekl
    write wrote          | napsat napíše napsal
    repeat repeated      | zopakovat zopakuje zopakoval
    admit admitted       | přiznat přizná přiznal
    explain explained    | vysvětlit vysvětlí vysvětlil
    claim claimed        | tvrdit tvrdí tvrdil
    announce announced   | oznámit oznámí oznámil
    whisper whispered    | zašeptat zašeptá zašeptal
    add added            | dodat dodá dodal
    confirm confirmed    | potvrdit potvrdí potvrdil
"""
WITNESS = """
    we know   | víme
    you know  | víte
    we see    | vidíme
    you see   | vidíte
    we hear   | slyšíme
    you hear  | slyšíte
"""
# ── adjectives, passives ─────────────────────────────────────────────────────────────────────────────────────────────
# a attributive, g gradable predicate, p plain predicate, s passing state of a person
ADJECTIVES = """
    old | starý | ptcbl | ag
    young | mladý | p | ag
    new | nový | tcb | ap
    small | malý | ptcbl | ag
    big | velký | tcbl | ag
    beautiful | krásný | ptcbl | ag
    nice | hezký | ptcbl | ag
    red | červený | tc | ap
    blue | modrý | tc | ap
    green | zelený | tc | ap
    white | bílý | tcb | ap
    black | černý | tc | ap
    yellow | žlutý | tc | ap
    expensive | drahý | tcf | ag
    cheap | levný | tcf | ag
    heavy | těžký | t | ag
    light | lehký | t | ag
    clean | čistý | tcbl | ag
    dirty | špinavý | tcbl | ag
    wet | mokrý | tc | ag
    empty | prázdný | b | ap
    famous | slavný | pbl | ag
    quiet | tichý | pbl | ag
    interesting | zajímavý | pb | ag
    strange | podivný | ptcfbl | ag
    dangerous | nebezpečný | pbl | ag
    abandoned | opuštěný | bl | ap
    ugly | ošklivý | tcb | ag
    wide | široký | l | ag
    broken | rozbitý | t | ap
    torn | roztrhaný | c | ap
    rare | vzácný | t | ag
    modern | moderní | tcb | ag
    old-fashioned | staromódní | tc | ag
    cold | studený | f | ag
    warm | teplý | fc | ag
    sweet | sladký | f | ag
    fresh | čerstvý | f | ag
    tasty | chutný | f | ag
    good | dobrý | f | ag
    bad | špatný | f | ag
    sad | smutný | p | gs
    happy | šťastný | p | gs
    cheerful | veselý | p | ags
    ill | nemocný | p | gs
    healthy | zdravý | p | gs
    rich | bohatý | p | ag
    poor | chudý | p | ag
    tired | unavený | p | gs
    hungry | hladový | p | gs
    clever | chytrý | p | ag
    kind | hodný | p | ag
    strong | silný | p | ag
    satisfied | spokojený | p | gs
    nervous | nervózní | p | gs
    lazy | líný | p | ag
    curious | zvědavý | p | ags
    proud | pyšný | p | gs
    angry | rozzlobený | p | gs
    brave | statečný | p | ag
    lonely | osamělý | p | gs
    busy | zaneprázdněný | p | gs
    disappointed | zklamaný | p | gs
    thirsty | žíznivý | p | gs
"""
PASSIVES = """
    invited | pozván | p
    accepted | přijat | p
    praised | pochválen | p
    punished | potrestán | p
    saved | zachráněn | p
    found | nalezen | tc
    sold | prodán | tcfb
    bought | koupen | tcfb
    repaired | opraven | tb
    stolen | ukraden | tcf
    destroyed | zničen | tcbl
    photographed | vyfotografován | ptcfbl
    painted | namalován | ptbl
    opened | otevřen | b
    closed | zavřen | bl
    built | postaven | b
    cleaned | vyčištěn | tcbl
    brought | přinesen | tcf
    taken_away | odnesen | tcf
    discovered | objeven | l
    forgotten | zapomenut | ptcbl
"""
# ── words that never change ──────────────────────────────────────────────────────────────────────────────────────────
WHEN = """
    yesterday | včera
    today | dnes
    recently | nedávno
    again | zase
    once | kdysi
    later | později
    last year | loni
"""
WHERE = """
    here | tady | ptcfbl
    there | tam | ptcfbl
    nearby | poblíž | ptcfbl
    outside | venku | ptcf
    upstairs | nahoře | ptcf
    downstairs | dole | ptcf
"""
MANNER = """
    quietly | tiše
    loudly | hlasitě
    slowly | pomalu
    quickly | rychle
    cheerfully | vesele
    sadly | smutně
    calmly | klidně
    carefully | pečlivě
    patiently | trpělivě
    beautifully | krásně
    well | dobře
    diligently | pilně
    unexpectedly | nečekaně
"""
SOON = """
    soon | brzy
    tomorrow | zítra
    certainly | určitě
    again | znovu
    later | později
    perhaps | možná
"""
# English, Czech, the case it governs, kinds of what it modifies, kinds of what follows it
PREPOSITIONS = """
    from | z | genitive | ptcf | b
    near | u | genitive | ptcfbl | bl
    behind | za | instrumental | ptcfbl | bl
    in front of | před | instrumental | ptcfbl | bl
    next to | vedle | genitive | ptcf | ptbl
    with | s | instrumental | p | c
"""
NOW = """
    now | teď
    today | dnes
    always | vždycky
    still | stále
    sometimes | někdy
    again | zase
"""


# ── from rows to words ───────────────────────────────────────────────────────────────────────────────────────────────
def noun_word(row: str, kinds: str, family: str, pair: int, held_out: bool, english: str = "") -> NounWord:
    """A noun from `english czech paradigm exception=…`; `english` is given where the row leaves it to its partner's."""
    cells = row.split()
    exceptions = dict(cell.split("=") for cell in cells if "=" in cell)
    *name, czech, paradigm = [cell for cell in cells if "=" not in cell]
    english = name[0] if name else english
    plural = exceptions.pop("en", "") or pluralise(english)
    return NounWord(
        english,
        czech,
        kinds,
        gender=PARADIGMS[paradigm][0],
        family=family,
        pair=pair,
        held_out=held_out,
        forms=noun_forms(czech, paradigm, **exceptions),
        english_plural=plural,
    )


def pluralise(english: str) -> str:
    if english.endswith("y") and english[-2] not in "aeiou":
        return english[:-1] + "ies"
    return english + ("es" if english.endswith(("s", "x", "ch", "sh")) else "s")


def read_pairs(text: str, family: str) -> tuple[NounWord, ...]:
    words = []
    for pair, (masculine, feminine) in enumerate(rows(text)):
        held_out = masculine.startswith("*")
        first = noun_word(masculine.lstrip("* "), "p", family, pair, held_out)
        words += [first, noun_word(feminine, "p", family, pair, held_out, first.english)]
    return tuple(words)


def read_open(text: str) -> tuple[NounWord, ...]:
    return tuple(
        noun_word(row.strip().lstrip("*"), kinds, "open", pair, row.strip().startswith("*"))
        for kinds, line in rows(text)
        for pair, row in enumerate(line.split(","))
    )


def verb_word(english: str, czech: str, kinds: str, tags: str = "", manners: str = "", objects: str = "") -> VerbWord:
    base, past = (form.replace("_", " ") for form in english.split())
    infinitive, present, participle, *rest = czech.split()
    reflexive = rest.pop() if rest and rest[-1] in ("se", "si") else ""
    stem = rest[0] if rest else participle
    return VerbWord(
        base, infinitive, kinds, tags, past, infinitive, present, participle, stem, reflexive, manners, objects
    )


NOUNS = read_pairs(LEXICAL, "lexical") + read_pairs(PRONOUN, "pronoun") + read_open(OPEN) + read_open(CHILDREN)
VERB_WORDS = tuple(verb_word(*row) for row in rows(VERBS))
HARD_TO_SIT_IN = ("bridge", "station", "airport", "playground", "town", "village")  # na mostě; or too large to stand in
MASS = ("cheese", "salad", "bread", "tea", "soup", "coffee", "fish", "chocolate", "meat", "milk", "wine", "beer")

ADJECTIVE_WORDS = tuple(AdjectiveWord(*row) for row in rows(ADJECTIVES))
WHEN_WORDS = tuple(AdverbWord(*row) for row in rows(WHEN))

# what may stand in a slot of a construction: `{adjective2}` takes a word of DOMAINS["adjective"]
DOMAINS: Mapping[str, tuple[Word, ...]] = {
    "noun": NOUNS,
    "person": tuple(noun for noun in NOUNS if noun.family == "lexical"),
    "item": tuple(noun for noun in NOUNS if noun.kinds in "tcbl"),
    "place": tuple(noun for noun in NOUNS if noun.kinds in "bl"),
    "building": tuple(noun for noun in NOUNS if noun.kinds == "b"),
    "interior": tuple(noun for noun in NOUNS if noun.kinds == "b" and noun.english not in HARD_TO_SIT_IN),
    "object": tuple(noun for noun in NOUNS if noun.kinds in "tcf"),
    "treat": tuple(noun for noun in NOUNS if noun.english in MASS),
    "verb": VERB_WORDS,
    "activity": tuple(verb for verb in VERB_WORDS if "i" in verb.tags),
    "hobby": tuple(verb for verb in VERB_WORDS if "h" in verb.tags),
    "event": tuple(verb for verb in VERB_WORDS if "e" in verb.tags),
    "staying": tuple(verb for verb in VERB_WORDS if "i" in verb.tags or "p" not in verb.kinds),
    "transitive": tuple(verb_word(english, czech, kinds, objects=o) for english, czech, kinds, o in rows(TRANSITIVE)),
    "meeting": tuple(verb_word(english, czech, kinds, objects=o) for english, czech, kinds, o in rows(MEETING)),
    "opinion": tuple(VerbWord(english, czech, present=czech, objects=o) for english, czech, o in rows(OPINION)),
    "speech": tuple(
        verb_word(english, czech, "p", manners="quietly loudly slowly calmly") for english, czech in rows(SPEECH)
    ),
    "witness": tuple(AdverbWord(*row) for row in rows(WITNESS)),
    "adjective": tuple(word for word in ADJECTIVE_WORDS if "a" in word.tags),
    "degree": tuple(word for word in ADJECTIVE_WORDS if "a" in word.tags and "g" in word.tags),
    "quality": tuple(word for word in ADJECTIVE_WORDS if "g" in word.tags),
    "predicate": ADJECTIVE_WORDS,
    "state": tuple(word for word in ADJECTIVE_WORDS if "s" in word.tags),
    "passive": tuple(PassiveWord(english.replace("_", " "), *rest) for english, *rest in rows(PASSIVES)),
    "when": WHEN_WORDS,
    "day": tuple(word for word in WHEN_WORDS if word.english not in ("again", "once")),
    "where": tuple(AdverbWord(*row) for row in rows(WHERE)),
    "manner": tuple(AdverbWord(*row) for row in rows(MANNER)),
    "soon": tuple(AdverbWord(*row) for row in rows(SOON)),
    "now": tuple(AdverbWord(*row) for row in rows(NOW)),
    "preposition": tuple(
        PrepositionWord(english, czech, kinds, case=case, objects=o)
        for english, czech, case, kinds, o in rows(PREPOSITIONS)
    ),
    "location": tuple(
        PrepositionWord(english, czech, "ptcfbl", case=case, objects="bl")
        for english, czech, case, *_ in rows(PREPOSITIONS)
        if english in ("near", "behind", "in front of")
    ),
}
