"use strict";
// Which units, what setting them does, what is left without them, and by which path.

// What is done to the units, in words: once, at the noun.
const OPERATIONS = { interchange: "a partner's values put in", clamp: "set to the class mean", steer: "the means' difference added", zero: "set to zero", mean: "set to the mean of both genders", resample: "another noun's values put in", "matched sets": "a partner's values put in", "random directions": "the means' difference added" };
const operation = ({ name }) => OPERATIONS[name] ?? OPERATIONS[name.split(/[ ,]/)[0]] ?? "";

const effectColumns = [
  words("what", (each) => datum(each, "name")), words("operation", operation), words("site", (each) => datum(each, "site")), column("units", (each) => datum(each, "units")), words("held", (each) => datum(each, "span")), words("direction", (each) => datum(each, "direction")), column("beam", (each) => datum(each, "beam")),
  column("all words change", (each) => estimate(each.all_words)), column("still right", (each) => estimate(each.kept_gender)), column("log-odds", (each) => estimate(each.log_odds, "two")), column("of the whole", (each) => estimate(each.normalised, "two")),
  column("chrF outside", (each) => datum(each.chrf, "value", "one")), column("words changed there", (each) => datum(each.changed_words, "value", "two")), column("words still there", (each) => datum(each.kept_number, "value", "percent")), column("KL", (each) => datum(each.divergence, "value", "three")),
  column("p", (each) => datum(each, "p", "small")),
];

Object.assign(figures, {
  units(run, box) {
    const at = run.reading.steps[0], later = run.reading.steps.at(-1), best = new Set(run.best), chosen = new Set(run.causal.chosen);
    const rows = at.areas.map((_, unit) => ({ unit }));
    const readout = element("div", { class: "now", "aria-live": "polite" }, "Point at a unit, or give its number.");
    const about = (layer, unit) => element("div", null, layer.site, ", unit ", shown(datum(layer.areas, unit, "index")), ": AUC for feminine ", shown(datum(layer.areas, unit, "two")), ...(layer.site === run.site ? ["; own effect on the log-odds ", shown(datum(run.causal.alone, unit, "three")), chosen.has(unit) ? "; one of the chosen units" : ""] : []));
    const maps = element("div"), seek = element("input", { type: "number", min: 0, max: Math.max(...run.layers.map(({ areas }) => areas.length)) - 1 });
    seek.addEventListener("input", () => {
      const having = run.layers.filter(({ areas }) => seek.value in areas);
      maps.querySelectorAll(".unit").forEach((each) => each.classList.toggle("found", each.dataset.unit === seek.value));
      readout.replaceChildren(...(having.length ? having.map((layer) => about(layer, Number(seek.value))) : ["No layer has a unit of this number."]));
    });
    const map = (layer) => {
      const name = `${layer.site}: how well each unit tells the genders at the noun`;
      const draw = (width) => {
        const side = width > 600 ? 16 : 11, across = Math.floor(width / side);
        const parts = layer.areas.map((area, unit) => {
          const ring = layer.site === run.site && chosen.has(unit), found = seek.value === String(unit);
          return drawn("rect", {
            "data-unit": unit,
            x: (unit % across) * side + 1, y: Math.floor(unit / across) * side + 1, width: side - 2, height: side - 2, rx: 2,
            class: `unit ${area < 0.5 ? "masculine" : "feminine"}${ring ? " chosen" : ""}${found ? " found" : ""}`, "fill-opacity": Math.abs(area - 0.5) * 2,
            onpointerenter: () => readout.replaceChildren(about(layer, unit)),
          });
        });
        return { height: side * Math.ceil(layer.areas.length / across) + 2, parts };
      };
      return element("div", null, element("p", { class: "up" }, layer.site, " (", shown(datum(layer, "nouns")), " nouns)"), responsive(name, draw));
    };
    figure(box, {
      title: "Every unit of every layer: how well it tells the genders by itself, at the noun (chosen units have a frame)",
      draw: element("div", null, element("div", { class: "controls" }, element("label", { class: "list" }, "Find unit ", seek)), build(maps, null, run.layers.map(map)), readout),
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
    const few = run.causal.chosen.length, eighth = Math.max(1, Math.floor(run.units / 8));
    const headline = run.causal.effects.filter(({ name, beam, units }) => name === "interchange, c → h" && beam === 1 && units === few);
    if (sizes.includes(few)) series.push(...headline.map((each) => ({ name: `chosen by own effect, ${each.direction}`, tone: toneOf(each.direction), marker: "ring", points: [{ at: sizes.indexOf(few), item: estimate(each.all_words) }] })));
    figure(box, {
      title: "How often every later agreeing word changes its gender, over the number of units exchanged",
      draw: lines("Sentences changed over units exchanged", {
        places: by(directions[0]).map((each) => datum(each, "k")), series, across: "units exchanged", up: "sentences changed",
        marked: { at: sizes.indexOf(eighth), text: "an eighth" },
      }),
      rows: run.flips,
      columns: [
        words("nouns", (each) => datum(each, "family")),
        words("operation", () => OPERATIONS.interchange),
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
    const rates = headline.map((each, n) => [n ? ", " : "", shown(datum(each, "direction")), " ", shown(estimate(each.all_words))]);
    box.append(element("p", null, "Three ways to ", shown(datum(run.causal.chosen, "length")), " units, three numbers: the curve takes the units furthest apart between the genders; the rung L5, and each test below, those with most effect of their own on other nouns (rings on the curve: ", rates, "); and a dose sets the units to the mean over nouns instead of a partner's values."));
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
        words("operation", operation),
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
      title: "The fewest units that change nine sentences in ten in both directions on the nouns they were found on; measured on others",
      open: true,
      rows,
      columns: [
        words("ranked by", ({ each }) => datum(each, "order")),
        words("operation", () => OPERATIONS.interchange),
        column("units", ({ each }) => (each.units ? datum(each.units, "length") : "not even all")),
        words("direction", ({ direction }) => direction),
        column("all words change", ({ rate }) => estimate(rate)),
      ],
    });
  },

  paths(run, box) {
    if (!run.paths.length) return missing(run, "by which path");
    const rows = run.paths.flatMap((cut) => [...cut.parts, cut.total].map((path) => ({ cut, path })));
    const cuts = [...new Set(run.paths.map(({ cut }) => cut))];
    const flow = (cut) => {
      const both = run.paths.filter((each) => each.cut === cut);
      const parts = both[0].parts.map(({ name }) => ({ name, ways: both.map((each) => ({ direction: each.direction, path: each.parts.find((part) => part.name === name) })) }));
      const name = `By which path, ${cut}`;
      const draw = (width) => {
        const side = width < 480 ? 72 : 100, row = 76, height = row * parts.length + 20, left = side + 10, right = width - left; // boxes that leave one another room
        const middle = height / 2, inside = (n) => 10 + row * n + row / 2;
        const box = (x, y, text, wide) => [drawn("rect", { class: "box", x: x - wide / 2, y: y - 17, width: wide, height: 34, rx: 8 }), label(x, y + 4, text, { "text-anchor": "middle" })];
        return {
          height,
          parts: [
            parts.flatMap(({ ways }, n) => ways.map(({ direction, path }, way) => {
              const y = inside(n) + (way ? 9 : -9), share = path.all_words.value;
              return drawn("path", { class: `flow ${toneOf(direction)}`, d: `M${left} ${middle}C${left + 70} ${middle} ${left + 30} ${y} ${width / 2} ${y}S${right - 70} ${middle} ${right} ${middle}`, "stroke-width": 1 + 16 * share });
            })),
            box(8 + side / 2, middle, "the noun", side), box(width - 8 - side / 2, middle, "the words", side),
            parts.flatMap(({ name, ways }, n) => [
              ...box(width / 2, inside(n), name, Math.min(width - 2 * left, 7 * name.length + 20)),
              ...ways.map(({ direction, path }, way) => figureText(width / 2 + (way ? 8 : -8), inside(n) + 33, datum(path.all_words, "value", "percent"), { class: `value halo ${toneOf(direction)}`, "text-anchor": way ? "start" : "end" })),
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
});
