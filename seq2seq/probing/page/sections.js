"use strict";
// The figures of the page: each is given one run's result and the box that it fills, and returns why there is nothing to show.

const verdictOf = (owner, key = "verdict") => element("span", { class: `verdict ${owner[key].split(" ")[0]}` }, shown(datum(owner, key)));
const toneOf = (direction) => (direction.startsWith("masculine") ? "feminine" : "masculine"); // what it leads to
const steps = (step) => (step ? `+${step}` : "noun");
const missing = (run, what) => run.not_measured[what] ?? "not measured in this run";

function ladderTable(box, title, rungs) {
  figure(box, {
    title,
    open: true,
    rows: rungs,
    columns: [
      words("rung", (rung) => element("span", null, element("b", null, shown(datum(rung, "name"))), element("span", { class: "note" }, shown(datum(rung, "question"))))),
      words("verdict", (rung) => verdictOf(rung)),
      words("decided by", (rung) => datum(rung, "decided_by")),
      words("control", (rung) => datum(rung, "control")),
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

const figures = {
  answer(run, box) {
    box.append(shown(datum(run, "answer")));
  },

  ladder(run, box) {
    ladderTable(box, "Seven rungs: each with its verdict, the number that decides it, and its control", [...run.ladder, content.replicated]);
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
    const states = Object.keys(walks[0][czech].units[0].values);
    const state = { shown: walks[0][czech].memory, from: english[0] };
    const draw = () => {
      const largest = (place) => Math.max(...walks.flatMap((of) => of[place].units.flatMap((unit) => unit.values[state.shown].map(Math.abs))));
      const card = (sentence, of) =>
        element(
          "div",
          { class: "card" },
          element("p", { class: "sentence" }, sentence.source, element("br"), element("b", { lang: "cs" }, shown(datum(sentence, "translation")))),
          strip(sentence, of[state.from], state.shown, largest(state.from)),
          strip(sentence, of[czech], state.shown, largest(czech)),
        );
      const rows = [boy, girl].flatMap((sentence, n) => [state.from, czech].flatMap((place) => walks[n][place].units.flatMap((unit) => walks[n][place].pieces.map((piece, step) => ({ sentence, place, unit, piece, step })))));
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
        draw: element("div", { class: "pair" }, card(boy, walks[0]), card(girl, walks[1])),
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

  units(run, box) {
    const at = run.reading.steps[0], later = run.reading.steps.at(-1), best = new Set(run.best), chosen = new Set(run.causal.chosen);
    const rows = at.areas.map((_, unit) => ({ unit }));
    const readout = element("p", { class: "now", "aria-live": "polite" }, "Point at a unit.");
    const map = (layer) => {
      const name = `${layer.site}: how well each unit tells the genders at the noun`;
      const draw = (width) => {
        const side = width > 600 ? 16 : 11, across = Math.floor(width / side);
        const parts = layer.areas.map((area, unit) => {
          const ring = layer.site === run.site && chosen.has(unit);
          return drawn("rect", {
            x: (unit % across) * side + 1, y: Math.floor(unit / across) * side + 1, width: side - 2, height: side - 2, rx: 2,
            class: `unit ${area < 0.5 ? "masculine" : "feminine"}${ring ? " chosen" : ""}`, "fill-opacity": Math.abs(area - 0.5) * 2,
            onpointerenter: () => readout.replaceChildren(layer.site, ", unit ", shown(datum(layer.areas, unit, "index")), ": AUC for feminine ", shown(datum(layer.areas, unit, "two")), ring ? "; one of the chosen units" : ""),
          });
        });
        return { height: side * Math.ceil(layer.areas.length / across) + 2, parts };
      };
      return element("div", null, element("p", { class: "up" }, layer.site, " (", shown(datum(layer, "nouns")), " nouns)"), responsive(name, draw));
    };
    figure(box, {
      title: "Every unit of every layer: how well it tells the genders by itself, at the noun (chosen units have a frame)",
      draw: element("div", null, run.layers.map(map), readout),
      rows,
      json: { layers: run.layers, steps: run.reading.steps, alone: run.causal.alone, chosen: run.causal.chosen, best: run.best },
      sortable: true,
      columns: [
        column("unit", ({ unit }) => datum(at.areas, unit, "index")),
        column("AUC at the noun", ({ unit }) => datum(at.areas, unit, "two")),
        column("p, family-wise", ({ unit }) => datum(at.p, unit, "three")),
        column("AUC at the last word read", ({ unit }) => datum(later.areas, unit, "two")),
        column("own effect on log-odds", ({ unit }) => datum(run.causal.alone, unit, "three")),
        words("chosen", ({ unit }) => (chosen.has(unit) ? "yes" : "")),
        words("drawn above", ({ unit }) => (best.has(unit) ? "yes" : "")),
      ],
    });
  },

  few(run, box) {
    figure(box, {
      title: "The boy's sentence with so many of the girl's units; each line was decoded by the model, the words up to the noun forced",
      open: true,
      rows: run.boy_to_girl,
      columns: [column("units", (each) => datum(each, 0)), words("the boy's sentence becomes", (each) => datum(each, 1))],
    });
  },

  flips(run, box) {
    const own = run.flips.filter(({ family }) => family === "lexical");
    const sizes = [...new Set(own.map(({ k }) => k))].sort((a, b) => a - b);
    const by = (direction) => sizes.map((k) => own.find((each) => each.k === k && each.direction === direction));
    const directions = [...new Set(own.map(({ direction }) => direction))];
    const series = directions.flatMap((direction, n) => {
      const dash = n ? "7 4" : null, marker = n ? "square" : "disc";
      return [
        { name: direction, tone: toneOf(direction), dash, marker, points: by(direction).map((each, at) => ({ at, item: estimate(each.all_words) })) },
        { name: `random sets, ${direction}`, tone: "quiet", dash, marker, points: by(direction).map((each, at) => ({ at, item: datum(each, "random_mean", "percent") })) },
      ];
    });
    const eighth = Math.max(1, Math.floor(run.units / 8));
    figure(box, {
      title: "How often every later agreeing word changes its gender, over the number of units exchanged",
      draw: lines("Sentences changed over units exchanged", {
        places: by(directions[0]).map((each) => datum(each, "k")), series, across: "units exchanged", up: "sentences changed",
        marked: { at: sizes.indexOf(eighth), text: "an eighth" },
      }),
      rows: run.flips,
      columns: [
        words("nouns", (each) => datum(each, "family")),
        words("ranked on", (each) => datum(each, "chosen_on")),
        words("direction", (each) => datum(each, "direction")),
        column("k", (each) => datum(each, "k")),
        column("all words change", (each) => estimate(each.all_words)),
        column("any word", (each) => estimate(each.any_word)),
        column("random: mean", (each) => datum(each, "random_mean", "percent")),
        column("95th percentile", (each) => datum(each, "random_high", "percent")),
        column("draws", (each) => datum(each, "draws")),
        column("p", (each) => datum(each, "p", "three")),
        column("sentences", (each) => datum(each.all_words, "n")),
        column("nouns", (each) => datum(each.all_words, "clusters")),
      ],
    });
  },

  doses(run, box) {
    const own = run.causal.effects.filter(({ name, units }) => name.startsWith("clamp") && units === run.causal.chosen.length);
    const directions = [...new Set(own.map(({ direction }) => direction))];
    const names = [...new Set(own.map(({ name }) => name))];
    figure(box, {
      title: "How often every later agreeing word changes, over the dose: the chosen units set toward the other gender's mean",
      draw: lines("Sentences changed over the dose", {
        places: names.map((name) => name.split(" ").at(-1)), across: "dose", up: "sentences changed",
        series: directions.map((direction, n) => ({
          name: direction, tone: toneOf(direction), dash: n ? "7 4" : null, marker: n ? "square" : "disc",
          points: names.map((name, at) => ({ at, item: estimate(own.find((each) => each.name === name && each.direction === direction).all_words) })),
        })),
      }),
      rows: own,
      columns: effectColumns,
    });
  },

  tests(run, box) {
    const few = run.causal.chosen.length;
    const kinds = [
      ["interchange, c → h", "another noun's values, once"], ["interchange, c only", "the same, the hidden state held"],
      ["interchange, h only", "the hidden state's instead"], ["clamp, dose 1", "the other gender's mean"],
    ];
    const rows = run.causal.effects.filter(({ name, units, beam, site }) => units === few && beam === 1 && (site === run.site || name.endsWith("h only")) && kinds.some(([kind]) => kind === name));
    const control = ({ name, direction }) => (name === "interchange, c → h" ? run.causal.controls.find((each) => each.name === "matched sets" && each.direction === direction) : null);
    figure(box, {
      title: "What setting the chosen units does: sentences in which every later agreeing word changes; the upright is the mean of matched random sets",
      draw: dots("Interventions on the chosen units", rows.map((each) => ({
        name: `${kinds.find(([kind]) => kind === each.name)[1]}, ${each.direction}`, item: estimate(each.all_words), tone: toneOf(each.direction),
        marker: each.direction.startsWith("masculine") ? "disc" : "square", beside: control(each) ? datum(control(each), "mean", "percent") : null,
      })), {}),
      rows,
      columns: effectColumns,
    });
  },

  controls(run, box) {
    figure(box, {
      title: "The chosen units beside random ones of the same number, and random directions of the same length",
      open: true,
      rows: run.causal.controls,
      columns: [
        words("control", (each) => datum(each, "name")),
        words("direction", (each) => datum(each, "direction")),
        column("units", (each) => datum(each, "units")),
        column("observed", (each) => datum(each, "observed", "percent")),
        column("random: mean", (each) => datum(each, "mean", "percent")),
        column("95th percentile", (each) => datum(each, "high", "percent")),
        column("draws", (each) => datum(each, "draws")),
        column("p", (each) => datum(each, "p", "three")),
      ],
    });
    box.append(element("p", null, "A donor of the same gender changes a word's gender in ", shown(estimate(run.same_gender)), " of ", shown(datum(run.same_gender, "n")), " sentences."));
  },

  ablation(run, box) {
    const few = run.causal.chosen.length;
    const rows = run.causal.effects.filter(({ name, units }) => units === few && ["zero", "zero, held", "mean", "mean, held", "resample"].includes(name));
    figure(box, {
      title: "Without them: sentences in which every agreeing word still has the noun's gender",
      draw: dots("Ablation of the chosen units", rows.map((each) => ({
        name: `${each.name}, ${each.direction.split(" ")[0]} nouns`, item: estimate(each.kept_gender), tone: each.direction.split(" ")[0],
        marker: each.direction.startsWith("masculine") ? "disc" : "square", beside: each.name in run.causal.ablated ? datum(run.causal.ablated, each.name, "percent") : null,
      })), {}),
      rows,
      columns: effectColumns,
    });
    const rates = element("ul", null, run.causal.erased.map((each) => element("li", null, "Gender erased (LEACE) from ", shown(datum(each, "sites")), ", held: still right in ", shown(datum(each, "kept_gender", "percent")), "; random genders erased instead, ", each.control.map((_, n) => [n ? ", " : "", shown(datum(each.control, n, "percent"))]), "; p ", shown(datum(each, "p", "three")))));
    box.append(element("details", null, element("summary", null, "Gender erased from whole states"), rates));
  },

  everything(run, box) {
    figure(box, { title: "Every intervention, on the chosen units and on whole sites", rows: run.causal.effects, columns: effectColumns, sortable: true });
  },

  smallest(run, box) {
    const rows = run.causal.smallest.flatMap((each) => {
      const ways = Object.entries(each.measured);
      return ways.length ? ways.map(([direction, rate]) => ({ each, direction, rate })) : [{ each, direction: NONE, rate: null }];
    });
    figure(box, {
      title: "The fewest units that change nine sentences in ten in both directions: found on some nouns, measured on others",
      open: true,
      rows,
      columns: [
        words("ranked by", ({ each }) => datum(each, "order")),
        column("units", ({ each }) => (each.units ? datum(each.units, "length") : "not even all")),
        words("direction", ({ direction }) => direction),
        column("all words change", ({ rate }) => estimate(rate)),
      ],
    });
  },

  paths(run, box) {
    if (!run.paths.length) return "not measured in this run";
    const rows = run.paths.flatMap((cut) => [...cut.parts, cut.total].map((path) => ({ cut, path })));
    const cuts = [...new Set(run.paths.map(({ cut }) => cut))];
    const flow = (cut) => {
      const both = run.paths.filter((each) => each.cut === cut);
      const parts = both[0].parts.map(({ name }) => ({ name, ways: both.map((each) => ({ direction: each.direction, path: each.parts.find((part) => part.name === name) })) }));
      const name = `By which path, ${cut}`;
      const draw = (width) => {
        const row = 76, height = row * parts.length + 20, left = 110, right = width - 110;
        const middle = height / 2, inside = (n) => 10 + row * n + row / 2;
        const box = (x, y, text, wide) => [drawn("rect", { class: "box", x: x - wide / 2, y: y - 17, width: wide, height: 34, rx: 8 }), label(x, y + 4, text, { "text-anchor": "middle" })];
        return {
          height,
          parts: [
            parts.flatMap(({ ways }, n) => ways.map(({ direction, path }, way) => {
              const y = inside(n) + (way ? 9 : -9), share = path.all_words.value;
              return drawn("path", { class: `flow ${toneOf(direction)}`, d: `M${left} ${middle}C${left + 70} ${middle} ${left + 30} ${y} ${width / 2} ${y}S${right - 70} ${middle} ${right} ${middle}`, "stroke-width": 1 + 16 * share });
            })),
            box(58, middle, "the noun", 100), box(width - 58, middle, "the words", 100),
            parts.flatMap(({ name, ways }, n) => [
              ...box(width / 2, inside(n), name, Math.min(220, 8.4 * name.length + 24)),
              ...ways.map(({ direction, path }, way) => figureText(width / 2 + (way ? 8 : -8), inside(n) + 33, datum(path.all_words, "value", "percent"), { class: `value ${toneOf(direction)}`, "text-anchor": way ? "start" : "end" })),
            ]),
          ],
        };
      };
      return element("div", null, element("p", { class: "up" }, `Cut ${cut}`), responsive(name, draw, 340));
    };
    figure(box, {
      title: "By which path the noun's gender reaches the words that agree: one thing at a time taken from the donor's run",
      draw: element("div", null, legend(run.paths.filter(({ cut }) => cut === cuts[0]).map(({ direction }, n) => ({ name: direction, tone: toneOf(direction), dash: n ? "7 4" : null, marker: n ? "square" : "disc" }))), cuts.map(flow)),
      rows,
      columns: [
        words("cut", ({ cut }) => datum(cut, "cut")),
        words("direction", ({ cut }) => datum(cut, "direction")),
        words("path", ({ path }) => datum(path, "name")),
        column("all words change", ({ path }) => estimate(path.all_words)),
        column("any word", ({ path }) => estimate(path.any_word)),
        column("share of log-odds", ({ path }) => estimate(path.share)),
        column("unexplained", ({ cut, path }) => (path === cut.total ? estimate(cut.unexplained_share) : null)),
      ],
    });
    return null;
  },

  probes(run, box) {
    const { reading } = run, own = reading.probes.filter(({ site }) => site === reading.site);
    const line = (name, tone, dash, marker, item) => ({ name, tone, dash, marker, points: own.map((each, at) => ({ at, item: item(each) })) });
    const bases = [...new Set(own.flatMap(({ probe }) => Object.keys(probe.baselines)))];
    figure(box, {
      title: ["A linear probe of ", datum(reading, "site"), ", so many words after the noun: accuracy on nouns and templates never seen"],
      draw: lines("Accuracy of probes over words after the noun", {
        places: own.map((each) => datum(each, "step")), across: "gender-neutral words after the noun", up: "balanced accuracy",
        series: [
          line("the probe", "ink", null, "disc", ({ probe }) => estimate(probe.both)),
          line("selectivity on seen nouns, above random genders", "quiet", "7 4", "square", ({ probe }) => estimate(probe.selective)),
        ],
      }),
      rows: reading.probes,
      columns: [
        words("site", (each) => datum(each, "site")),
        column("words after noun", (each) => datum(each, "step")),
        column("held-out nouns", (each) => estimate(each.probe.both)),
        column("p", (each) => datum(each.probe, "p", "small")),
        column("seen nouns", (each) => estimate(each.probe.templates)),
        column("selectivity", (each) => estimate(each.probe.selective)),
        column("fitted on", (each) => datum(each.probe, "fit_nouns")),
        column("tested on", (each) => datum(each.probe, "held_out_nouns")),
      ],
      sortable: true,
    });
    figure(box, {
      title: "The same beside what else could tell it: paired, on held-out nouns in held-out templates",
      rows: own.flatMap((each) => bases.filter((name) => name in each.probe.baselines).map((name) => ({ each, name, base: each.probe.baselines[name] }))),
      columns: [
        column("words after noun", ({ each }) => datum(each, "step")),
        words("beside", ({ name }) => name),
        column("its accuracy", ({ base }) => estimate(base.accuracy)),
        column("gain of the probe", ({ base }) => estimate(base.gain)),
        column("p", ({ base }) => datum(base, "p", "small")),
      ],
    });
    if (reading.transfer) box.append(element("p", null, "From nouns whose gender English tells to those whose gender it does not, ", shown(datum(reading.transfer, "step")), " neutral words after the noun: AUC ", shown(estimate(reading.transfer.area, "two")), ", ", shown(datum(reading.transfer.area, "clusters")), " nouns, p ", shown(datum(reading.transfer, "p", "small")), "."));
    if (reading.code) box.append(element("p", null, "Online code: ", shown(datum(reading.code, "bits", "one")), " bits to send the gender of ", shown(datum(reading.code, "nouns")), " nouns; ", shown(datum(reading.code, "uniform", "one")), " by the uniform code, ", shown(datum(reading.code, "control", "one")), " for random genders: ", shown(datum(reading.code, "compression", "one")), " times shorter."));
  },

  sparse(run, box) {
    const rows = run.reading.sparse;
    figure(box, {
      title: "How few units a probe needs",
      draw: lines("Accuracy over the number of units", {
        places: rows.map((each) => datum(each, "k")), across: "units read", up: "balanced accuracy",
        series: [
          { name: "the best units", tone: "ink", marker: "disc", points: rows.map((each, at) => ({ at, item: estimate(each.best) })) },
          { name: "the best of several random sets", tone: "quiet", dash: "7 4", marker: "square", points: rows.map((each, at) => ({ at, item: estimate(each.random) })) },
        ],
      }),
      rows,
      columns: [column("k", (each) => datum(each, "k")), column("best units", (each) => estimate(each.best)), column("random sets", (each) => estimate(each.random)), column("draws", (each) => datum(each, "draws"))],
    });
  },

  time(run, box) {
    const across = run.reading.across_time;
    if (!across) return "too few sentences with words between the noun and the word that agrees";
    const tell = run.reading.steps.slice(0, across.areas.length);
    const cell = (row, n) => element("td", { style: shade(row[n] - 0.5, 0.5) }, shown(datum(row, n, "two")));
    const name = "AUC across time: a row is where the probe was fitted, a column where it is read; words after the noun";
    const matrix = element(
      "table",
      { class: "matrix" },
      element("caption", null, name),
      element("thead", null, element("tr", null, element("th", { scope: "col" }, "fitted at"), tell.map((each) => element("th", { scope: "col" }, shown(datum(each, "step")))))),
      element("tbody", null, across.areas.map((row, n) => element("tr", null, element("th", { scope: "row" }, shown(datum(tell[n], "step"))), row.map((_, at) => cell(row, at))))),
    );
    figure(box, {
      title: "The same code all along? A probe fitted at one word and read at another",
      draw: scrolled(name, matrix),
      rows: across.areas.flatMap((row, fitted) => row.map((_, read) => ({ row, fitted, read }))),
      json: across,
      columns: [column("fitted at", ({ fitted }) => datum(tell[fitted], "step")), column("read at", ({ read }) => datum(tell[read], "step")), column("AUC", ({ row, read }) => datum(row, read, "two"))],
    });
    return null;
  },

  attractors(run, box) {
    const rows = run.reading.cells;
    figure(box, {
      title: "Still there where the word must agree? AUC of the units that are set, by what stands between",
      draw: dots("AUC by distance and intervener", rows.map((each) => ({ name: datum(each, "cell"), item: estimate(each.area, "two"), tone: "ink" })), { form: "two", bar: 0.5, up: "AUC just before the agreeing word; dashed: chance" }),
      rows,
      columns: [words("between", (each) => datum(each, "cell")), column("AUC", (each) => estimate(each.area, "two")), column("p", (each) => datum(each, "p", "small")), column("nouns", (each) => (each.area ? datum(each.area, "clusters") : "too few"))],
    });
  },

  decay(run, box) {
    if (!run.persistence.length) return missing(run, "how long it is kept");
    const places = [...new Set(run.persistence.map(({ place }) => place))], kinds = [...new Set(run.persistence.map(({ intervener }) => intervener))];
    const state = { place: places[0], kind: kinds[0] };
    const draw = () => {
      const own = run.persistence.filter((each) => each.place === state.place && each.intervener === state.kind && each.of !== "all units");
      const one = own.find(({ partner }) => partner === "of the other gender"), same = own.find(({ partner }) => partner === "of the same gender");
      const along = (list) => list.map((each, at) => ({ at, item: estimate(each, "two") }));
      box.replaceChildren(
        element("div", { class: "controls" }, list("Layer", places.map((each) => [each, each]), state.place, (place) => ((state.place = place), draw(), box.querySelector("select").focus())), kinds.length > 1 ? choice("Between", kinds.map((each) => [each, each]), state.kind, (kind) => ((state.kind = kind), draw(), box.querySelector("input:checked").focus())) : null),
      );
      figure(box, {
        title: "How long the cell tells which noun was said",
        draw: one
          ? lines("Distance of the cells over words after the noun", {
              places: one.distance.map((_, at) => steps(at)), across: "words after the noun, the same in both sentences", up: "distance, as a share",
              series: [
                { name: "after a noun of the other gender", tone: "feminine", marker: "disc", points: along(one.distance) },
                { name: "what the forget gates would have kept", tone: "masculine", dash: "7 4", marker: "square", points: along(one.kept) },
                ...(same ? [{ name: "control: after another noun of the same gender", tone: "quiet", dash: "2 3", marker: "diamond", points: along(same.distance) }] : []),
              ],
            })
          : element("p", { class: "missing" }, "too few such sentences"),
        rows: run.persistence,
        columns: [
          words("layer", (each) => datum(each, "place")), words("units", (each) => datum(each, "of")), words("partner", (each) => datum(each, "partner")), words("between", (each) => datum(each, "intervener")),
          column("half-life, words", (each) => (each.half_life === null ? `> ${each.distance.length - 1}` : datum(each, "half_life", "two"))),
          column("by the forget gates", (each) => (each.half_life_kept === null ? `> ${each.kept.length - 1}` : datum(each, "half_life_kept", "two"))),
        ],
      });
    };
    draw();
    return null;
  },

  register(run, box) {
    const test = run.register;
    if (!test) return missing(run, "register or slots");
    const state = { site: test.sites[0].site };
    const draw = () => {
      const site = test.sites.find((each) => each.site === state.site);
      const reading = (fitted, clauseFitted, noun, clause) => site.readings.filter((each) => each.noun_fitted === fitted && each.clause_fitted === clauseFitted && each.noun_read === noun && each.clause_read === clause).sort((a, b) => a.step - b.step);
      const words1 = reading(1, 1, 1, 1), words2 = reading(1, 1, 2, 2), shift = words1.length;
      const along = (before, after) => [...before.map((each, at) => ({ at, item: estimate(each.auc, "two") })), ...after.map((each, at) => ({ at: shift + at, item: estimate(each.auc, "two") }))];
      box.replaceChildren(
        element("div", { class: "controls" }, list("Where", test.sites.map((each) => [each.site, each.site]), state.site, (site) => ((state.site = site), draw(), box.querySelector("select").focus()))),
        element("p", null, element("b", null, shown(datum(site, "verdict"))), ": ", shown(datum(site, "why"))),
      );
      figure(box, {
        title: "Whose gender is in it, word by word, and who is waiting",
        draw: lines("AUC of the noun's genders over the words of two clauses", {
          places: [...words1.map(({ step }) => (step ? `+${step}` : "noun 1")), ...words2.map(({ step }) => (step ? `+${step}` : "noun 2"))], across: "words of clause 1, then of clause 2", up: "AUC",
          form: "two", marked: { at: shift, text: "clause 2" },
          series: [
            { name: "clause 1's probe, asked for noun 1", tone: "masculine", marker: "disc", points: along(words1, reading(1, 1, 1, 2)) },
            { name: "the same probe, asked for noun 2", tone: "feminine", dash: "7 4", marker: "square", points: along(reading(1, 1, 2, 1), words2) },
            { name: "who waits: a probe of its own for noun 2 in clause 1", tone: "quiet", dash: "2 3", marker: "diamond", points: along(reading(2, 1, 2, 1), []) },
          ],
        }),
        rows: site.readings,
        columns: [
          column("probe learnt noun", (each) => datum(each, "noun_fitted")), column("in clause", (each) => datum(each, "clause_fitted")), column("asked for noun", (each) => datum(each, "noun_read")), column("read in clause", (each) => datum(each, "clause_read")),
          column("words after the noun", (each) => datum(each, "step")), column("AUC", (each) => estimate(each.auc, "two")), column("trace", (each) => estimate(each.trace, "two")), column("gap", (each) => datum(each, "gap", "two")),
        ],
      });
    };
    draw();
    return null;
  },

  swaps(run, box) {
    if (!run.register) return missing(run, "register or slots");
    const rows = run.register.swaps;
    const one = (each, verb) => [datum(each, "what"), ", clause ", datum(each, "clause"), verb];
    figure(box, {
      title: "Put in from a partner's sentence at one clause's noun: which verb changes its gender (upright: random sets)",
      draw: dots("Swaps of the register", rows.flatMap((each) => [
        ...(each.first_verb ? [{ name: one(each, ": verb 1"), item: estimate(each.first_verb), tone: "masculine", marker: "disc", beside: each.clause === 1 && each.random_mean !== null ? datum(each, "random_mean", "percent") : null }] : []),
        { name: one(each, ": verb 2"), item: estimate(each.second_verb), tone: "feminine", marker: "square", beside: each.clause === 2 && each.random_mean !== null ? datum(each, "random_mean", "percent") : null },
      ]), {}),
      rows,
      columns: [
        column("at clause", (each) => datum(each, "clause")), words("what", (each) => datum(each, "what")), column("units", (each) => datum(each, "units")), column("verb 1 changes", (each) => estimate(each.first_verb)), column("verb 2 changes", (each) => estimate(each.second_verb)),
        column("random", (each) => datum(each, "random_mean", "percent")), column("p", (each) => datum(each, "p", "three")),
      ],
    });
    return null;
  },

  story(run, box) {
    if (!run.gates) return missing(run, "the gates");
    figure(box, {
      title: "Clause by clause: what is taught, and what was found",
      open: true,
      rows: run.gates.sites.flatMap((site) => site.clauses.map((clause) => ({ site, clause }))),
      columns: [words("the cell …", ({ clause }) => datum(clause, "clause")), words("layer", ({ site }) => datum(site, "place")), words("verdict", ({ clause }) => verdictOf(clause)), words("decided by", ({ clause }) => datum(clause, "decided_by"))],
    });
    return null;
  },

  gates(run, box) {
    if (!run.gates) return missing(run, "the gates");
    const places = run.gates.sites.map(({ place }) => place), state = { place: places[0], gate: "forget" };
    const looks = { "M→F": ["feminine", null, "disc"], "F→M": ["masculine", null, "square"], "M→M": ["masculine", "3 3", "disc"], "F→F": ["feminine", "3 3", "square"] };
    const draw = () => {
      const site = run.gates.sites.find(({ place }) => place === state.place), gates = [...new Set(site.trajectories.map(({ gate }) => gate))];
      const own = site.trajectories.filter(({ kind, gate }) => gate === state.gate && kind in looks);
      const least = state.gate === "candidate" ? -1 : 0;
      box.replaceChildren(element("div", { class: "controls" }, list("Layer", places.map((each) => [each, each]), state.place, (place) => ((state.place = place), draw(), box.querySelector("select").focus())), choice("Gate", gates.map((each) => [each, each]), state.gate, (gate) => ((state.gate = gate), draw(), box.querySelector("input:checked").focus()))));
      figure(box, {
        title: `The ${state.gate}${state.gate === "candidate" ? "" : " gate"} around a new subject, mean of the units: after a noun of the other gender, and of the same`,
        draw: own.length
          ? lines("Gate around a new noun", {
              places: own[0].words.map((word) => (word ? `${word > 0 ? "+" : "−"}${Math.abs(word)}` : "noun")), across: "words around the new subject", up: state.gate, form: "two", least,
              series: own.map((each) => ({ name: each.kind, tone: looks[each.kind][0], dash: looks[each.kind][1], marker: looks[each.kind][2], points: each.chosen.map((value, at) => ({ at, item: estimate(value, "two") })) })),
            })
          : element("p", { class: "missing" }, "no second subjects here"),
        rows: site.trajectories.flatMap((each) => each.words.map((_, at) => ({ each, at }))),
        json: site.trajectories,
        columns: [words("at", ({ each }) => datum(each, "kind")), words("gate", ({ each }) => datum(each, "gate")), column("words away", ({ each, at }) => datum(each.words, at)), column("chosen units", ({ each, at }) => estimate(each.chosen[at], "three")), column("random units", ({ each, at }) => datum(each.random, at, "three"))],
      });
    };
    draw();
    return null;
  },

  findings(run, box) {
    if (!run.gates) return missing(run, "the gates");
    figure(box, {
      title: "Every number of the story; larger is as the story has it",
      rows: run.gates.sites.flatMap((site) => site.findings.map((each) => ({ site, each }))),
      columns: [
        words("layer", ({ site }) => datum(site, "place")), words("clause", ({ each }) => datum(each, "hypothesis")), words("claim", ({ each }) => datum(each, "claim")), column("value", ({ each }) => estimate(each.value, "three")), column("bar", ({ each }) => datum(each, "bar")),
        column("p", ({ each }) => datum(each, "p", "small")), column("random units", ({ each }) => datum(each, "random_mean", "three")), words("verdict", ({ each }) => datum(each, "verdict")), column("nouns", ({ each }) => datum(each.value, "clusters")),
      ],
      sortable: true,
    });
    return null;
  },

  surgery(run, box) {
    if (!run.gates) return missing(run, "the gates");
    const rows = run.gates.sites.flatMap((site) => site.surgeries);
    if (!rows.length) return "too few sentences for surgery";
    figure(box, {
      title: "Surgery: gates of the units set once, by hand (upright: the same gates of random units)",
      draw: dots("Gate surgery", rows.map((each) => ({ name: [datum(each, "change"), ": ", datum(each, "event")], item: estimate(each.rate), tone: "ink", beside: each.random_mean === null ? null : datum(each, "random_mean", "percent") })), {}),
      rows,
      columns: [words("at", (each) => datum(each, "event")), words("set", (each) => datum(each, "change")), words("counted", (each) => datum(each, "counted")), column("rate", (each) => estimate(each.rate)), column("where nothing may change", (each) => estimate(each.left_alone)), column("random units", (each) => datum(each, "random_mean", "percent")), column("p", (each) => datum(each, "p", "three")), words("verdict", (each) => datum(each, "verdict"))],
    });
    return null;
  },

  seeds(run, box) {
    const runs = content.results;
    const least = (each) => each.causal.effects.filter(({ name, beam, units }) => name === "interchange, c → h" && beam === 1 && units === each.causal.chosen.length).reduce((a, b) => (a.all_words.value <= b.all_words.value ? a : b));
    figure(box, {
      title: "Every run on this page: the chosen units exchanged at the noun, the weaker direction",
      draw: dots("Every run", runs.map((each) => ({ name: datum(each, "run"), item: estimate(least(each).all_words), tone: each === run ? "feminine" : "ink" })), { bar: 0.9, up: "sentences in which every later agreeing word changes; dashed: the bar" }),
      open: true,
      rows: runs,
      columns: [
        words("run", (each) => datum(each, "run")),
        column("training seed", (each) => datum(each.facts, "training seed")),
        column("units", (each) => datum(each.causal.chosen, "length")),
        column("all words change", (each) => estimate(least(each).all_words)),
        words("direction", (each) => datum(least(each), "direction")),
        ...run.ladder.map((rung, n) => words(rung.name, (each) => verdictOf(each.ladder[n]))),
        ...(runs.some(({ register }) => register) ? [words("register or slots", (each) => (each.register ? datum(each.register.sites[0], "verdict") : NONE))] : []),
      ],
    });
    ladderTable(box, "Over the training seeds", [content.replicated]);
  },

  facts(run, box) {
    const flat = Object.entries(run.facts).flatMap(([name, value]) => (value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value).map((key) => ({ name: `${name}, ${key}`, item: datum(value, key) })) : [{ name, item: datum(run.facts, name) }]));
    figure(box, { title: "Conditions of every number on this page", open: true, rows: flat, json: run.facts, columns: [words("fact", ({ name }) => name), words("value", ({ item }) => item)] });
    const reasons = Object.keys(run.not_measured).map((what) => element("li", null, what, ": ", shown(datum(run.not_measured, what))));
    if (reasons.length) box.append(element("p", null, "Not measured:"), element("ul", null, reasons));
  },

  understood(run, box) {
    const all = Object.keys(run.understood).map((family) => [element("li", null, family === "lexical" ? "nouns whose gender English tells: " : "nouns whose gender English does not tell: ", shown(estimate(run.understood[family])), " of ", shown(datum(run.understood[family], "n")), " sentences, ", shown(datum(run.understood[family], "clusters")), " nouns")]);
    box.append("Given the noun, the run says right:", element("ul", null, all));
  },

  command(run, box) {
    box.append(element("pre", { tabindex: "0" }, element("code", null, shown(datum(content, "command")))));
  },
};

const effectColumns = [
  words("what", (each) => datum(each, "name")), words("site", (each) => datum(each, "site")), column("units", (each) => datum(each, "units")), words("held", (each) => datum(each, "span")), words("direction", (each) => datum(each, "direction")), column("beam", (each) => datum(each, "beam")),
  column("all words change", (each) => estimate(each.all_words)), column("still right", (each) => estimate(each.kept_gender)), column("log-odds", (each) => estimate(each.log_odds, "two")), column("of the whole", (each) => estimate(each.normalised, "two")),
  column("chrF outside", (each) => datum(each.chrf, "value", "one")), column("words changed there", (each) => datum(each.changed_words, "value", "two")), column("words still there", (each) => datum(each.kept_number, "value", "percent")), column("KL", (each) => datum(each.divergence, "value", "three")),
  column("p", (each) => datum(each, "p", "small")),
];

/** Fill every box with the figures of one run. */
function render(run) {
  for (const box of document.querySelectorAll("main [data-figure]")) {
    box.replaceChildren();
    const why = figures[box.dataset.figure](run, box);
    if (why) box.replaceChildren(element("p", { class: "missing" }, "Nothing to show here: ", why, "."));
  }
}

const names = content.results.map(({ run }, n) => [n, run]);
const runs = document.getElementById("runs");
if (names.length > 1) runs.append(list("Run", names, 0, (n) => render(content.results[n])));
else runs.append(element("span", null, "Run ", shown(datum(content.results[0], "run"))));

const themes = ["auto", "light", "dark"];
const theme = document.getElementById("theme");
theme.addEventListener("click", () => {
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
  document.documentElement.dataset.theme = next;
  theme.textContent = `Theme: ${next}`;
});

// on paper everything is open, and as it was afterwards
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((each) => ((each.open = true), (each.dataset.shut = ""), each.dispatchEvent(new Event("toggle")))));
addEventListener("afterprint", () => document.querySelectorAll("details[data-shut]").forEach((each) => ((each.open = false), delete each.dataset.shut)));

render(content.results[0]);
document.documentElement.dataset.ready = "";
