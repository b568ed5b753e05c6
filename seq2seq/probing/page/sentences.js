"use strict";
// The answer, and single sentences: looked at, turned by hand, stepped through. A figure is given one run's result and the box that it
// fills, and returns why there is nothing to show.

const figures = {};

const verdictOf = (owner, key = "verdict") => element("span", { class: `verdict ${owner[key].split(" ")[0]}` }, shown(datum(owner, key)));
const toneOf = (direction) => (direction.startsWith("masculine") ? "feminine" : "masculine"); // what it leads to
const steps = (step) => (step ? `+${step}` : "noun");
const missing = (run, what) => run.not_measured[what] ?? "not measured in this run";

// The bars of the ladder, as they stand in ladder.py; L1 to L4 go by the interval, L5 and L6 by the rate itself.
const BARS = {
  L1: "interval above 75 %, p at most .05",
  L2: "both intervals above 0",
  L3: "every interval above .75",
  L4: "interval below 75 %, in every way of taking them away; matched random sets at least 75 %",
  L5: "rate at least 90 %; random sets and same gender at most 2 %, random directions at most 5 %",
  L6: "chrF at least 95; words still there at least 95 %",
  L7: "all of them, in five runs or more",
};

/** What could have explained a rung away: for L1 and L2 a probe of something else, for L4 to L6 as the ladder says it. */
function controlOf(run, rung) {
  const own = run.reading.probes.filter(({ site }) => site === run.reading.site);
  const alone = (name) => own.map(({ probe }) => probe.baselines[name]).find((each) => each);
  const beside = (name, text) => (alone(name) ? element("span", null, text, shown(estimate(alone(name).accuracy))) : null);
  const number = rung.name.split(" ")[0];
  if (number === "L1") return beside("an untrained model", "a probe of an untrained model: ") ?? "";
  if (number === "L2") return beside("the embeddings of what was read", "the embeddings of what was read alone: ") ?? "";
  return ["L3", "L7"].includes(number) ? "" : datum(rung, "control");
}

/** What a rung says beside the number that decides it, where that is no control. */
const asideOf = (rung) => (["L1", "L2", "L3", "L7"].includes(rung.name.split(" ")[0]) ? element("span", { class: "note" }, shown(datum(rung, "control"))) : null);

function ladderTable(run, box, title, rungs) {
  figure(box, {
    title,
    open: true,
    cards: true,
    rows: rungs,
    columns: [
      words("rung", (rung) => element("span", null, element("b", null, shown(datum(rung, "name"))), element("span", { class: "note" }, shown(datum(rung, "question"))))),
      words("verdict", (rung) => verdictOf(rung)),
      words("decided by", (rung) => element("span", null, shown(datum(rung, "decided_by")), asideOf(rung))),
      words("bar", (rung) => BARS[rung.name.split(" ")[0]]),
      words("control", (rung) => controlOf(run, rung)),
    ],
  });
}

/** A sentence with its words apart: those that are changed marked, those that were forced dimmed. */
function marked(text, changed, forced) {
  const fixed = forced.split(" ").length;
  const all = text.split(" ").map((word, n) => element("span", { class: changed.includes(n) ? "changed" : n < fixed ? "forced" : null }, word));
  return element("span", { lang: "cs" }, all.flatMap((word, n) => (n ? [" ", word] : [word])));
}

/** Units over the words of a sentence: a row a unit, its value once the word has been read. */
function strip(sentence, walk, state, largest) {
  const names = walk.side === "source" ? sentence.source_words : sentence.target_words;
  const last = names.map((_, word) => walk.words.lastIndexOf(word)); // of a word of several pieces, the piece read last
  const heading = (word, n) => {
    const shows = walk.side === "target" ? sentence.shows[n] : null;
    return element("th", { scope: "col", class: shows ? `agrees ${shows}` : null, title: shows ? `its form is ${shows}` : null }, word);
  };
  const cell = (unit, step) => element("td", { style: shade(unit.values[state][step], largest) }, shown(datum(unit.values[state], step, "signed")));
  const whole = element(
    "table",
    { class: "strip" },
    element("caption", null, shown(datum(walk, "place")), `, ${state}: unit by word`),
    element("thead", null, element("tr", null, element("th", { scope: "col" }, "unit"), names.map(heading))),
    element("tbody", null, walk.units.map((unit) => element("tr", null, element("th", { scope: "row" }, shown(datum(unit, "unit"))), last.map((step) => cell(unit, step))))),
  );
  return scrolled(`${walk.place}.${state} over the words of ${names.join(" ")}`, whole);
}

Object.assign(figures, {
  answer(run, box) {
    box.append(shown(datum(run, "answer")));
  },

  ladder(run, box) {
    ladderTable(run, box, "Seven rungs: each with its verdict, the number that decides it, its bar, and its control", [...run.ladder, content.replicated]);
  },

  hypotheses(run, box) {
    figure(box, {
      title: "Of the five hypotheses fixed beforehand, those that could be measured; p corrected for five by Holm's method",
      open: true,
      rows: run.hypotheses,
      columns: [
        words("hypothesis", (each) => datum(each, "name")),
        words("claim", (each) => datum(each, "claim")),
        column("p", (each) => datum(each, "p", "small")),
        column("corrected", (each) => datum(each, "corrected", "small")),
      ],
    });
  },

  strips(run, box) {
    const [boy, girl] = run.sentences, walks = [boy, girl].map(walksOf);
    const places = Object.keys(walks[0]), english = places.filter((place) => place.startsWith("encoder")), czech = places.at(-1);
    const states = [...new Set(Object.values(walks[0]).flatMap((walk) => Object.keys(walk.units[0].values)))]; // a layer may have gates that another has not
    const has = (walk) => state.shown in walk.units[0].values;
    const state = { shown: walks[0][czech].memory, from: english[0] };
    const draw = () => {
      const largest = (place) => Math.max(...walks.flatMap((of) => of[place].units.flatMap((unit) => unit.values[state.shown].map(Math.abs))));
      // boy and girl by turns, so that they stand one below the other where the screen is narrow
      const card = (place) => (of, n) => {
        const sentence = [boy, girl][n];
        const said = place === czech ? element("b", { lang: "cs" }, shown(datum(sentence, "translation"))) : sentence.source;
        return element("div", { class: "card" }, element("p", { class: "sentence" }, said), strip(sentence, of[place], state.shown, largest(place)));
      };
      const rows = [boy, girl].flatMap((sentence, n) => [state.from, czech].filter((place) => has(walks[0][place])).flatMap((place) => walks[n][place].units.flatMap((unit) => walks[n][place].pieces.map((piece, step) => ({ sentence, place, unit, piece, step })))));
      box.replaceChildren(
        element(
          "div",
          { class: "controls" },
          choice("Show", states.map((name) => [name, name]), state.shown, (name) => ((state.shown = name), draw(), box.querySelector(`input[value=${name}]`).focus())),
          english.length > 1 ? list("English read by", english.map((place) => [place, place]), state.from, (place) => ((state.from = place), draw())) : null,
        ),
      );
      figure(box, {
        title: `The ${state.shown} of the units that most tell the genders apart, word by word: the boy and the girl`,
        draw: element("div", { class: "pair" }, [state.from, czech].map((place) => (has(walks[0][place]) ? walks.map(card(place)) : element("p", { class: "missing" }, shown(datum(walks[0][place], "place")), ` has no ${state.shown}.`)))),
        rows,
        json: [boy, girl],
        columns: [
          words("sentence", ({ sentence }) => sentence.target),
          words("place", ({ place }) => place),
          column("unit", ({ unit }) => datum(unit, "unit")),
          words("reads", ({ piece }) => pieceText(piece)),
          column(state.shown, ({ unit, step }) => datum(unit.values[state.shown], step, "three")),
        ],
      });
    };
    draw();
  },

  slider(run, box) {
    const sources = [...new Set(run.sliders.map(({ source }) => source))];
    const state = { source: sources[0], set: run.sliders.length / sources.length - 1, stop: 0 };
    const draw = (focus) => {
      const own = run.sliders.filter(({ source }) => source === state.source), of = own[state.set];
      const set = (change, focus) => (Object.assign(state, change), draw(focus));
      const named = ({ units }) => (units.length > 1 ? ["the ", datum(units, "length"), " chosen units"] : ["unit ", datum(units, 0), " alone"]);
      const wanted = of.gender === "masculine" ? "feminine" : "masculine";
      const most = Math.ceil(Math.max(1, ...run.sliders.flatMap(({ stops }) => stops.map((stop) => Math.abs(stop.log_odds)))));
      const output = element("div", { class: "output", "aria-live": "polite" });
      const tell = () => {
        const stop = of.stops[state.stop];
        const amount = stop.dose === null ? "the other sentence's own values" : element("span", null, "dose ", shown(datum(stop, "dose", "one")));
        const copy = element("button", { type: "button", onclick: () => navigator.clipboard?.writeText(stop.command) }, "Copy");
        output.replaceChildren(
          element("p", { class: "czech", ...marks(datum(stop, "said")) }, marked(stop.said, stop.changed, of.forced)),
          element(
            "div",
            { class: "odds" },
            element("span", { class: `end ${of.gender}` }, of.gender),
            element("span", { class: "needle", role: "img", "aria-label": "how far the next agreeing word leans" }, element("i", { class: stop.log_odds > 0 ? wanted : of.gender, style: `left: ${50 + (50 * stop.log_odds) / most}%` })),
            element("span", { class: `end ${wanted}` }, wanted),
          ),
          element("p", null, amount, "; log-odds of the other gender's form of the next agreeing word: ", shown(datum(stop, "log_odds", "signed")), " nats"),
          element("details", null, element("summary", null, stop.values.length > 1 ? "The values" : "The value"), element("p", { class: "values" }, of.units.flatMap((_, n) => [element("span", null, shown(datum(of.units, n)), ": ", shown(datum(stop.values, n))), " "]))),
          element("p", { class: "note" }, "The same by command line: ", copy),
          element("pre", { tabindex: "0" }, element("code", null, shown(datum(stop, "command")))),
        );
      };
      const knob = element("input", {
        type: "range", min: 0, max: of.stops.length - 1, step: 1, value: state.stop, "aria-label": "dose", list: "doses",
        "aria-valuetext": of.stops[state.stop].dose === null ? "the other sentence's values" : `dose ${of.stops[state.stop].dose}`,
        oninput: () => {
          state.stop = Number(knob.value);
          knob.setAttribute("aria-valuetext", of.stops[state.stop].dose === null ? "the other sentence's values" : `dose ${of.stops[state.stop].dose}`);
          tell();
        },
      });
      box.replaceChildren(
        element(
          "div",
          { class: "controls" },
          choice("Sentence", sources.map((source) => [source, source]), state.source, (source) => set({ source }, `input[type=radio]:checked`)),
          list("Turn unit", own.map((each, n) => [n, each.units.length > 1 ? "all the chosen units" : datum(each.units, 0)]), state.set, (n) => set({ set: Number(n) }, "select")),
        ),
        element(
          "div",
          { class: "knob" },
          knob,
          element("div", { class: "doses", "aria-hidden": "true" }, of.stops.map((stop) => element("span", null, stop.dose === null ? "other" : shown(datum(stop, "dose"))))),
        ),
        output,
      );
      tell();
      figure(box, {
        title: ["What becomes of “", datum(of, "source"), "” when ", ...named(of), " of ", datum(of, "site"), ` ${of.units.length > 1 ? "are" : "is"} turned toward ${wanted}`],
        open: true,
        rows: of.stops,
        columns: [
          words("dose", (stop) => (stop.dose === null ? "the other sentence's values" : datum(stop, "dose", "one"))),
          words("the model says", (stop) => datum(stop, "said")),
          column("log-odds", (stop) => datum(stop, "log_odds", "signed")),
        ],
        json: [of],
      });
      if (focus) box.querySelector(focus).focus({ preventScroll: true });
    };
    draw();
  },

  cell(run, box) {
    stepper(box, run.sentences.slice(0, 2), 0);
  },

  switch(run, box) {
    const both = run.sentences[2], genders = both.shows.filter((each) => each);
    if (genders.join() !== "masculine,feminine") return ["the run says ", element("b", { lang: "cs" }, shown(datum(both, "translation"))), " which has not both genders right"];
    stepper(box, [both], 0);
    return null;
  },
});
