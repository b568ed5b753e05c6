"""The words, as rows of data. One English word has one Czech word; forms come from morphology, exceptions stand in the row.

Semantic kinds say what goes with what (a wizard learns, a soup gets cold):
p person · k child (a person of neuter gender) · h furniture and what stands · t small thing · c clothes · f food ·
b building · l landscape
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpora.agreement.morphology import PARADIGMS, noun_forms


@dataclass(frozen=True, eq=False)
class Word:
    """A row: `english` names it, `kinds` lists the semantic kinds it is at home with."""

    english: str
    czech: str
    kinds: str = ""
    tags: str = ""


@dataclass(frozen=True, eq=False)
class NounWord(Word):
    gender: str = ""
    family: str = ""  # lexical, pronoun, open
    pair: int = 0  # partners by lexicon share it: boy and girl
    held_out: bool = False  # kept from the probes' fit part
    forms: Mapping[str, str] = field(default_factory=dict)  # case → form
    english_plural: str = ""

    @property
    def animate(self) -> bool:
        return self.kinds in "pk"


@dataclass(frozen=True, eq=False)
class VerbWord(Word):
    past: str = ""
    infinitive: str = ""
    present: str = ""  # third person singular; of an opinion, first person plural
    participle: str = ""
    stem: str = ""  # of the participle's other genders: přišel, přišl-
    reflexive: str = ""  # se, si or nothing
    manners: str = ""  # the adverbs of manner that fit, in English
    objects: str = ""  # kinds of what it takes in the accusative


@dataclass(frozen=True, eq=False)
class AdjectiveWord(Word):
    """Tags: a attributive, g gradable ("very old"), s a passing state of a person ("tired")."""


@dataclass(frozen=True, eq=False)
class PassiveWord(Word):
    """A short passive participle: pozván; `english` is the participle."""


@dataclass(frozen=True, eq=False)
class AdverbWord(Word):
    """Adverbs, conjunctions and other words that never change."""


@dataclass(frozen=True, eq=False)
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
# kind, then nouns; a star holds the noun out of probe fitting; a mass noun has no plural here
OPEN = """
    h | table stůl hrad stem=stol, piano klavír hrad, computer počítač stroj, suitcase kufr hrad
    h | lamp lampa žena, bed postel píseň, cupboard skříň píseň, chair židle růže
    h | mirror zrcadlo město, armchair křeslo město, bicycle kolo město, car auto město
    h | *machine stroj stroj, *basket koš stroj, *bottle láhev píseň stem=lahv, *vase váza žena
    h | *radio rádio město, *deckchair lehátko město
    t | picture obraz hrad, carpet koberec stroj stem=koberc, telephone telefon hrad, key klíč stroj
    t | backpack batoh hrad, ball míč stroj, *umbrella deštník hrad, *knife nůž stroj stem=nož en=knives
    t | bag taška žena, book kniha žena, spoon lžíce růže, map mapa žena
    t | toy hračka žena, coin mince růže, *box krabice růže, *thing věc kost
    t | pen pero město, rope lano město, saddle sedlo město, broom koště kuře stem=košť
    t | soap mýdlo město, paddle pádlo město, *hammer kladivo město, *board prkno město
    c | coat kabát hrad, sweater svetr hrad, hat klobouk hrad, scarf šátek hrad stem=šátk en=scarves
    c | *ring prsten hrad, *belt pásek hrad stem=pásk, *skirt sukně růže, *glove rukavice růže
    c | shirt košile růže, jacket bunda žena, cap čepice růže, tie kravata žena
    c | T-shirt tričko město, blazer sako město, poncho pončo město, vest tílko město
    c | *kimono kimono město, *laundry prádlo město mass
    f | cheese sýr hrad genitive=sýra mass, cake dort hrad, salad salát hrad mass, pie koláč stroj
    f | *bread chléb hrad stem=chleb genitive=chleba mass, *tea čaj stroj mass
    f | soup polévka žena mass, coffee káva žena mass, fish ryba žena, pear hruška žena
    f | *sauce omáčka žena, *chocolate čokoláda žena mass
    f | apple jablko město, meat maso město mass, milk mléko město mass, wine víno město mass
    f | *egg vejce moře, *beer pivo město mass
    b | house dům hrad stem=dom locative=domě, castle hrad hrad locative=hradě, bridge most hrad
    b | shop obchod hrad locative=obchodě, church kostel hrad genitive=kostela locative=kostele, hotel hotel hrad
    b | *palace palác stroj, *monastery klášter hrad genitive=kláštera locative=klášteře
    b | school škola žena, tower věž píseň, village vesnice růže, library knihovna žena, hospital nemocnice růže
    b | café kavárna žena, *factory továrna žena, *restaurant restaurace růže
    b | theatre divadlo město locative=divadle, town město město, station nádraží stavení, airport letiště moře
    b | museum muzeum město stem=muze accusative=muzeum, cinema kino město locative=kině
    b | *prison vězení stavení, *playground hřiště moře
    l | park park hrad, forest les hrad genitive=lesa, pond rybník hrad genitive=rybníka
    l | island ostrov hrad genitive=ostrova, *hill kopec stroj stem=kopc, *stream potok hrad genitive=potoka
    l | garden zahrada žena, river řeka žena, mountain hora žena, vineyard vinice růže, *meadow louka žena
    l | *beach pláž píseň
    l | lake jezero město, field pole moře, square náměstí stavení, waterfront nábřeží stavení
    l | *campsite tábořiště moře, *sea moře moře
"""
CHILDREN = """
    k | child dítě kuře stem=díť plural=děti en=children mass, lass děvče kuře stem=děvč, twin dvojče kuře stem=dvojč
"""

# ── verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────────
# base, past | infinitive, 3rd person present, participle (its other stem), se/si | kinds | i imperfective, e event,
# h done for pleasure, m going somewhere, o out of doors, z merely being there | manners
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
    swim swam           | plavat plave plaval            | p  | iho | slowly quickly well
    run ran             | běhat běhá běhal               | p  | iho | slowly quickly
    learn learned       | učit učí učil se               | p  | ih | diligently patiently
    study studied       | studovat studuje studoval      | p  | ih | diligently carefully
    laugh laughed       | smát směje smál se             | p  | ih | quietly loudly
    rest rested         | odpočívat odpočívá odpočíval   | p  | ih | calmly quietly
    sit sat             | sedět sedí seděl               | p  | i  | calmly quietly patiently
    whisper whispered   | šeptat šeptá šeptal            | p  | i  | quietly slowly
    shout shouted       | křičet křičí křičel            | p  | i  | loudly
    travel travelled    | cestovat cestuje cestoval      | p  | ihm | slowly quickly
    sew sewed           | šít šije šil                   | p  | ih | slowly carefully beautifully
    train trained       | trénovat trénuje trénoval      | p  | ih | diligently patiently
    play played         | hrát hraje hrál si             | p  | ih | quietly calmly
    smoke smoked        | kouřit kouří kouřil            | p  | ih | slowly calmly quietly
    skate skated        | bruslit bruslí bruslil         | p  | iho | beautifully quickly well
    ski skied           | lyžovat lyžuje lyžoval         | p  | iho | quickly slowly well
    fish fished         | rybařit rybaří rybařil         | p  | iho | patiently calmly quietly
    joke joked          | žertovat žertuje žertoval      | p  | ih | cheerfully
    pray prayed         | modlit modlí modlil se         | p  | ih | quietly calmly
    stroll strolled     | procházet prochází procházel se | p | iho | slowly calmly
    bathe bathed        | koupat koupe koupal se         | p  | ih | calmly
    complain complained | stěžovat stěžuje stěžoval si   | p  | ih | loudly quietly
    help helped         | pomáhat pomáhá pomáhal         | p  | ih | patiently calmly
    teach taught        | vyučovat vyučuje vyučoval      | p  | ih | patiently carefully well
    listen listened     | poslouchat poslouchá poslouchal | p | ih | patiently quietly carefully
    whistle whistled    | pískat píská pískal            | p  | ih | quietly loudly cheerfully
    knit knitted        | plést plete pletl              | p  | ih | slowly quickly beautifully
    iron ironed         | žehlit žehlí žehlil            | p  | ih | slowly quickly carefully
    drive drove         | řídit řídí řídil               | p  | ihm | slowly quickly carefully
    eat ate             | jíst jí jedl                   | p  | ih | slowly quickly quietly
    drink drank         | pít pije pil                   | p  | ih | slowly quickly quietly
    talk talked         | mluvit mluví mluvil            | p  | ih | quietly loudly slowly calmly
    snore snored        | chrápat chrápe chrápal         | p  | i  | quietly loudly
    exercise exercised  | cvičit cvičí cvičil            | p  | ih | diligently slowly patiently
    come came           | přijít přijde přišel přišl     | p  | em | quickly quietly unexpectedly
    leave left          | odejít odejde odešel odešl     | p  | em | quickly quietly unexpectedly
    return returned     | vrátit vrátí vrátil se         | p  | em | quickly unexpectedly
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
    run_away ran_away   | utéct uteče utekl              | p  | em | quickly quietly
    hide hid            | schovat schová schoval se      | p  | e  | quickly quietly
    recover recovered   | uzdravit uzdraví uzdravil se   | p  | e  | quickly slowly
    stumble stumbled    | zakopnout zakopne zakopl       | p  | e  |
    fall_ill fell_ill   | onemocnět onemocní onemocněl   | p  | e  | unexpectedly
    arrive arrived      | dorazit dorazí dorazil         | p  | em | quickly unexpectedly
    answer answered     | odpovědět odpoví odpověděl     | p  | e  | quickly calmly slowly quietly
    pay paid            | zaplatit zaplatí zaplatil      | p  | e  | quickly
    refuse refused      | odmítnout odmítne odmítl       | p  | e  | quickly calmly
    blush blushed       | zčervenat zčervená zčervenal   | p  | e  | quickly unexpectedly
    hesitate hesitated  | zaváhat zaváhá zaváhal         | p  | e  |
    disappear disappeared | zmizet zmizí zmizel          | phtcfbl | e | quickly unexpectedly
    fall fell           | spadnout spadne spadl          | tc | e | quickly unexpectedly
    lie lay             | ležet leží ležel               | tc | iz |
    stand stood         | stát stojí stál                | hb | iz |
    smell smelled       | vonět voní voněl               | f  | i | beautifully
    remain remained     | zůstat zůstane zůstal          | htcf | e |
    burn_down burned_down | shořet shoří shořel          | b | e | quickly slowly unexpectedly
    burn burned         | shořet shoří shořel            | hc | e | quickly slowly unexpectedly
    turn_black turned_black | zčernat zčerná zčernal     | htc | e | quickly slowly unexpectedly
    turn_yellow turned_yellow | zežloutnout zežloutne zežloutl | htc | e | quickly slowly unexpectedly
    turn_grey turned_grey | zešednout zešedne zešedl     | htcbl | e | quickly slowly unexpectedly
    get_wet got_wet     | zmoknout zmokne zmokl          | phtc | e | quickly unexpectedly
    get_lost got_lost   | ztratit ztratí ztratil se      | ptc | e | quickly
    go_bad went_bad     | zkazit zkazí zkazil se         | f  | e  | quickly slowly
    get_cold got_cold   | vystydnout vystydne vystydl    | f  | e  | quickly slowly unexpectedly
    decay decayed       | zchátrat zchátrá zchátral      | b  | e  | quickly slowly unexpectedly
    darken darkened     | potemnět potemní potemněl      | fbl | e | quickly slowly unexpectedly
    freeze froze        | zmrznout zmrzne zmrzl          | f  | e  | quickly slowly unexpectedly
    fall_silent fell_silent | ztichnout ztichne ztichl     | pbl | e | quickly unexpectedly
    turn_white turned_white | zbělet zbělí zbělel          | cbl | e | quickly slowly unexpectedly
    grow_beautiful grew_beautiful | zkrásnět zkrásní zkrásněl | bl | e | quickly slowly unexpectedly
    change changed      | změnit změní změnil se         | pbl | e | quickly slowly
"""
# base, past | infinitive, present, participle, si | kinds of subject | kinds of object
TRANSITIVE = """
    buy bought           | koupit koupí koupil           | p | htcf
    find found           | najít najde našel našl        | p | htcf
    lose lost            | ztratit ztratí ztratil        | p | htc
    sell sold            | prodat prodá prodal           | p | htcf
    bring brought        | přinést přinese přinesl       | p | htcf
    take took            | vzít vezme vzal               | p | htcf
    steal stole          | ukrást ukradne ukradl         | p | htcf
    clean cleaned        | vyčistit vyčistí vyčistil     | p | htc
    borrow borrowed      | půjčit půjčí půjčil si        | p | htc
    choose chose         | vybrat vybere vybral si       | p | htcf
"""
# what one person does to another, or to anything
MEETING = """
    meet met                 | potkat potká potkal                  | p | p
    see saw                  | vidět vidí viděl                     | p | phtcfbl
    invite invited           | pozvat pozve pozval                  | p | p
    praise praised           | pochválit pochválí pochválil         | p | pcfb
    visit visited            | navštívit navštíví navštívil         | p | pb
    photograph photographed  | vyfotografovat vyfotografuje vyfotografoval | p | phtcfbl
    save saved               | zachránit zachrání zachránil         | p | phtb
    greet greeted            | pozdravit pozdraví pozdravil         | p | p
    find found               | najít najde našel našl               | p | htc
    paint painted            | namalovat namaluje namaloval         | p | phtbl
    forget forgot            | zapomenout zapomene zapomněl         | p | htc
    lose lost                | ztratit ztratí ztratil               | p | htc
    buy bought               | koupit koupí koupil                  | p | htcf
"""
# a whole clause's verb, by itself without gender: we know, we admire
OPINION = """
    know      | známe       | pbl
    see       | vidíme      | phtcfbl
    visit     | navštěvujeme | pbl
    admire    | obdivujeme  | phctbl | strong
    love      | milujeme    | phctfbl | strong
    respect   | respektujeme | p | strong
    praise    | chválíme    | pcfb | strong
    want      | chceme      | htcf | strong
    need      | potřebujeme | phtc | strong
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
    we know | víme
    you know | víte
    we see | vidíme
    you see | vidíte
    we understand | chápeme
    you understand | chápete
"""
# ── adjectives, passives ─────────────────────────────────────────────────────────────────────────────────────────────
# a attributive, g gradable predicate, p plain predicate, s passing state of a person
ADJECTIVES = """
    old | starý | phtcbl | ag
    young | mladý | p | ag
    new | nový | htcb | ap
    small | malý | phtcbl | ag
    big | velký | htcbl | ag
    beautiful | krásný | phtcbl | ag
    nice | hezký | phtcbl | ag
    red | červený | htc | ap
    blue | modrý | htc | ap
    green | zelený | htc | ap
    white | bílý | htcb | ap
    black | černý | htc | ap
    yellow | žlutý | htc | ap
    expensive | drahý | htcf | ag
    cheap | levný | htcf | ag
    heavy | těžký | ht | ag
    light | lehký | ht | ag
    clean | čistý | htcbl | ag
    dirty | špinavý | htcbl | ag
    wet | mokrý | htc | ag
    empty | prázdný | b | ap
    famous | slavný | pbl | ag
    quiet | tichý | pbl | ag
    interesting | zajímavý | pb | ag
    strange | podivný | phtcfbl | ag
    dangerous | nebezpečný | pbl | ag
    abandoned | opuštěný | bl | ap
    ugly | ošklivý | htcb | ag
    wide | široký | l | ag
    broken | rozbitý | ht | ap
    rare | vzácný | ht | ag
    modern | moderní | htcb | ag
    cold | studený | f | ag
    warm | teplý | fc | ag
    sweet | sladký | f | ag
    fresh | čerstvý | f | ag
    tasty | chutný | f | ag
    good | dobrý | f | ag
    bad | špatný | f | ag
    sad | smutný | p | gs
    happy | šťastný | p | gs
    cheerful | veselý | p | ag
    ill | nemocný | p | gs
    healthy | zdravý | p | g
    rich | bohatý | p | ag
    poor | chudý | p | ag
    tired | unavený | p | gs
    hungry | hladový | p | gs
    clever | chytrý | p | ag
    kind | laskavý | p | ag
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
    found | nalezen | htc
    sold | prodán | htcfb
    bought | koupen | htcfb
    repaired | opraven | htb
    stolen | ukraden | htcf
    destroyed | zničen | htcbl
    photographed | vyfotografován | phtcfbl
    painted | namalován | phtbl
    opened | otevřen | b
    closed | zavřen | bl
    built | postaven | b
    cleaned | vyčištěn | htcbl
    brought | přinesen | htcf
    taken_away | odnesen | htcf
    discovered | objeven | l
    forgotten | zapomenut | phtcbl
"""
# ── words that never change ──────────────────────────────────────────────────────────────────────────────────────────
WHEN = """
    yesterday | včera
    today | dnes
    recently | nedávno
    then | tehdy
    once | kdysi
    later | později
    last year | loni
"""
WHERE = """
    here | tady | phtcfbl | weak
    there | tam | phtcfbl | weak
    nearby | poblíž | phtcfbl
    outside | venku | phtcf
    upstairs | nahoře | phtcf | indoors
    downstairs | dole | phtcf | indoors
    at home | doma | p | indoors
"""
# the last column: of what scale; two adverbs of one scale contradict each other
MANNER = """
    quietly | tiše | | volume
    loudly | hlasitě | | volume
    slowly | pomalu | | tempo
    quickly | rychle | | tempo
    cheerfully | vesele | | mood
    sadly | smutně | | mood
    calmly | klidně
    carefully | pečlivě
    patiently | trpělivě
    beautifully | krásně
    well | dobře
    diligently | pilně
    unexpectedly | nečekaně
"""
HOW = """
    very | velmi
    really | opravdu
    quite | docela
    too | příliš
    rather | dost
"""
PACE = """
    quickly | rychle
    suddenly | náhle
    unexpectedly | nečekaně
"""
SOON = """
    soon | brzy
    certainly | určitě
    again | znovu
    perhaps | možná
    finally | konečně
    also | také
"""
MOMENT = """
    now | teď
    today | dnes
    again | zase
"""
# English, Czech, the case it governs, kinds of what it modifies, kinds of what follows it
PREPOSITIONS = """
    from | z | genitive | phtcf | b
    near | u | genitive | phtcfbl | bl
    behind | za | instrumental | phtcfbl | bl
    in front of | před | instrumental | phtcfbl | bl
    next to | vedle | genitive | phtcf | htbl
    with | s | instrumental | p | tc
    without | bez | genitive | p | tc
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
    tags = "mass" if "mass" in cells else ""
    cells = [cell for cell in cells if cell != "mass"]
    exceptions = dict(cell.split("=") for cell in cells if "=" in cell)
    *name, czech, paradigm = [cell for cell in cells if "=" not in cell]
    english = name[0] if name else english
    plural = exceptions.pop("en", "") or pluralise(english)
    return NounWord(
        english,
        czech,
        kinds,
        tags,
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
HARD_TO_SIT_IN = ("bridge", "castle", "station", "airport", "playground", "town", "village")  # na mostě; or too large

ADJECTIVE_WORDS = tuple(AdjectiveWord(*row) for row in rows(ADJECTIVES))
WHEN_WORDS = tuple(AdverbWord(*row) for row in rows(WHEN))

OPINION_WORDS = tuple(
    VerbWord(english, czech, tags="".join(tags), present=czech, objects=o) for english, czech, o, *tags in rows(OPINION)
)

# what may stand in a slot of a construction: `{adjective2}` takes a word of DOMAINS["adjective"]
DOMAINS: Mapping[str, tuple[Word, ...]] = {
    "noun": NOUNS,
    "person": tuple(noun for noun in NOUNS if noun.family == "lexical"),
    "item": tuple(noun for noun in NOUNS if noun.kinds in "htcbl"),
    "place": tuple(noun for noun in NOUNS if noun.kinds in "bl"),
    "building": tuple(noun for noun in NOUNS if noun.kinds == "b"),
    "interior": tuple(noun for noun in NOUNS if noun.kinds == "b" and noun.english not in HARD_TO_SIT_IN),
    "object": tuple(noun for noun in NOUNS if noun.kinds in "htcf"),
    "treat": tuple(noun for noun in NOUNS if noun.kinds == "f" and noun.tags == "mass"),
    "verb": tuple(verb for verb in VERB_WORDS if "z" not in verb.tags),
    "activity": tuple(verb for verb in VERB_WORDS if "i" in verb.tags),
    "hobby": tuple(verb for verb in VERB_WORDS if "h" in verb.tags),
    "event": tuple(verb for verb in VERB_WORDS if "e" in verb.tags),
    "staying": tuple(
        verb for verb in VERB_WORDS if "m" not in verb.tags and ("i" in verb.tags or "p" not in verb.kinds)
    ),
    "transitive": tuple(verb_word(english, czech, kinds, objects=o) for english, czech, kinds, o in rows(TRANSITIVE)),
    "meeting": tuple(verb_word(english, czech, kinds, objects=o) for english, czech, kinds, o in rows(MEETING)),
    "opinion": OPINION_WORDS,
    "feeling": tuple(verb for verb in OPINION_WORDS if verb.tags == "strong"),
    "how": tuple(AdverbWord(*row) for row in rows(HOW)),
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
    "day": tuple(word for word in WHEN_WORDS if word.english not in ("then", "once")),
    "scene": tuple(
        AdverbWord(*row) for row in rows(WHERE) if row[0] in ("outside", "upstairs", "downstairs", "at home")
    ),
    "where": tuple(AdverbWord(*row) for row in rows(WHERE)),
    "manner": tuple(AdverbWord(*row) for row in rows(MANNER)),
    "soon": tuple(AdverbWord(*row) for row in rows(SOON)),
    "shortly": tuple(AdverbWord(*row) for row in rows(SOON) if row[0] not in ("also", "perhaps")),
    "pace": tuple(AdverbWord(*row) for row in rows(PACE)),
    "moment": tuple(AdverbWord(*row) for row in rows(MOMENT)),
    "now": tuple(AdverbWord(*row) for row in rows(NOW)),
    "preposition": tuple(
        PrepositionWord(english, czech, kinds, case=case, objects=o)
        for english, czech, case, kinds, o in rows(PREPOSITIONS)
    ),
    "origin": tuple(
        PrepositionWord(english, czech, kinds, case=case, objects=o)
        for english, czech, case, kinds, o in rows(PREPOSITIONS)
        if english in ("from", "with", "without")
    ),
    "location": tuple(
        PrepositionWord(english, czech, "phtcfbl", case=case, objects="bl")
        for english, czech, case, *_ in rows(PREPOSITIONS)
        if english in ("near", "behind", "in front of")
    ),
}
