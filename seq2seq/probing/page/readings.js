"use strict";
// What can be read: probes, how long, register or slots, the gates.

/** Where gates are set: words and data. */
function where(cut) {
  const known = { "predicts an agreeing word": "at the step that chooses an agreeing word", "M→F, F→M": "at a new noun of the other gender" }[cut.event];
  return known ? [known] : [cut.event.startsWith("attractor") ? "at an " : "at ", datum(cut, "event")];
}

/** What decides a clause: by a reading as the results tell it, by surgery in plain words and with the bar that the rate must pass. */
function decisionOf(site, clause) {
  const cut = site.surgeries.find((each) => each.rate && clause.decided_by.startsWith(`H4: ${each.change} at ${each.event}:`));
  if (!cut) return datum(clause, "decided_by");
  const random = cut.random_mean === null ? null : [", random units ", shown(datum(cut, "random_mean", "percent"))];
  const alone = cut.left_alone ? [", where nothing may change ", shown(estimate(cut.left_alone)), " (bar: at most 5 %)"] : null;
  return element("span", null, shown(datum(cut, "change")), " ", tell(where(cut)), ": ", shown(datum(cut, "counted")), " in ", shown(estimate(cut.rate)), ", bar: more than 50 %", random, alone);
}

/** What f and i do at a new noun, and what carries the gender, from the verdicts on them. */
function inShort(site) {
  const of = (hypothesis, gate = "") => site.findings.filter((each) => each.hypothesis === hypothesis && each.claim.startsWith(gate));
  const apart = of("H1"), any = of("any noun"), candidate = of("saves", "candidate");
  const all = (list, verdict) => list.length > 0 && list.every((each) => each.verdict === verdict);
  const moved = (word) => any.filter(({ claim, verdict }) => verdict === "supported" && claim.endsWith(word)).map(({ claim }) => claim[0]);
  const atNouns = moved("no noun"), compared = any.some(({ claim }) => claim.endsWith("agrees")), notAsAgreeing = moved("agrees");
  const own = compared ? atNouns.filter((gate) => notAsAgreeing.includes(gate)) : atNouns;
  const says = (gates, rest) => `${gates.join(" and ")} move${gates.length > 1 ? "" : "s"} ${rest}`;
  const reacting = own.length
    ? says(own, `more at any new noun than at other words${compared ? ", also than at words that agree" : ""}`)
    : atNouns.length ? says(atNouns, "more at any new noun than at a word that shows no gender, but not more than at one that agrees")
    : "nor do they move more at nouns than at words that show no gender";
  const carried = all(candidate, "supported") ? "; the candidate carries the gender" : "";
  const told = all(apart, "not supported")
    ? `the gates move no more for another gender than for the same; ${reacting}${carried}`
    : all(apart, "supported") ? "the gates move more for another gender than for the same, as taught" : `whether the gates move more for another gender is not clear${carried}`;
  const numbers = apart.map((each, n) => [n ? "; " : " (", shown(datum(each, "claim")), " ", shown(estimate(each.value, "three")), ", bar ", shown(datum(each, "bar"))]);
  return [element("b", null, shown(datum(site, "place"))), ", ", shown(datum(site.units, "length")), " units: ", told, numbers, numbers.length ? ")." : "."];
}

Object.assign(figures, {
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
        column("words after noun", (each) => datum(each, "step", "after")),
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
              places: one.distance.map((_, at) => steps(at)), across: "words after the noun, alike in both", up: "distance, as a share",
              series: [
                { name: "after a noun of the other gender", tone: "above", marker: "disc", points: along(one.distance) },
                { name: "what the forget gates would have kept", tone: "below", dash: "7 4", marker: "square", points: along(one.kept) },
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
          places: [...words1, ...words2].map(({ step }) => steps(step)), across: "words of clause 1, then of clause 2", up: "AUC",
          form: "two", marked: { at: shift, text: "clause 2" },
          series: [
            { name: "clause 1's probe, asked for noun 1", tone: "above", marker: "disc", points: along(words1, reading(1, 1, 1, 2)) },
            { name: "the same probe, asked for noun 2", tone: "below", dash: "7 4", marker: "square", beside: 4, points: along(reading(1, 1, 2, 1), words2) },
            { name: "who waits: a probe of its own for noun 2 in clause 1", tone: "quiet", dash: "2 3", marker: "diamond", beside: 8, points: along(reading(2, 1, 2, 1), []) },
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
        ...(each.first_verb ? [{ name: one(each, ": verb 1"), item: estimate(each.first_verb), tone: "above", marker: "disc", beside: each.clause === 1 && each.random_mean !== null ? datum(each, "random_mean", "percent") : null }] : []),
        { name: one(each, ": verb 2"), item: estimate(each.second_verb), tone: "below", marker: "square", beside: each.clause === 2 && each.random_mean !== null ? datum(each, "random_mean", "percent") : null },
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
    box.append(element("ul", null, run.gates.sites.map((site) => element("li", null, inShort(site)))));
    box.append(element("p", null, "Each number is a mean over the units of a layer. A single unit, as in ", element("a", { href: "#both" }, "Both in one sentence"), ", may still do as the textbook says."));
    figure(box, {
      title: "Clause by clause: what is taught, and what was found",
      open: true,
      cards: true,
      rows: run.gates.sites.flatMap((site) => site.clauses.map((clause) => ({ site, clause }))),
      columns: [words("the cell …", ({ clause }) => datum(clause, "clause")), words("layer", ({ site }) => datum(site, "place")), words("verdict", ({ clause }) => verdictOf(clause)), words("decided by", ({ site, clause }) => decisionOf(site, clause))],
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
      draw: dots("Gate surgery", rows.map((each) => ({ name: [datum(each, "change"), " ", ...where(each)], item: estimate(each.rate), tone: "ink", beside: each.random_mean === null ? null : datum(each, "random_mean", "percent") })), {}),
      rows,
      columns: [words("at", (each) => element("span", null, tell(where(each)))), words("set", (each) => datum(each, "change")), words("counted", (each) => datum(each, "counted")), column("rate", (each) => estimate(each.rate)), column("where nothing may change", (each) => estimate(each.left_alone)), column("random units", (each) => datum(each, "random_mean", "percent")), column("p", (each) => datum(each, "p", "three")), words("verdict", (each) => datum(each, "verdict"))],
    });
    return null;
  },
});
