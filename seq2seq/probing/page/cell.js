"use strict";
// One step of an LSTM, as it is taught, with the model's own numbers; and the valves over a whole sentence.

const pieceText = (piece) => ({ "<s>": "begin", "</s>": "end" })[piece] ?? piece.replaceAll("▁", "");

/** The last layer of a network that has gates to show: places → walks of a sentence. */
const walksOf = (sentence) => Object.fromEntries(sentence.walks.map((walk) => [walk.place, walk]));

const sign = (value) => (value < 0 ? "below" : "above");

/** The diagram of one step of one unit: what comes in from the left and from below, what goes out up and to the right. */
function diagram(walk, unit, step) {
  const { values, before, pushes } = unit;
  const past = (state) => (step ? datum(values[state], step - 1, "signed") : datum(before, state, "signed"));
  const now = (name, form = "signed") => datum(values[name], step, form);
  const wire = (path, value, more) =>
    drawn("path", { d: path, class: `wire ${sign(value)}`, "stroke-width": 1.5 + 5 * Math.min(1, Math.abs(value)), ...more });
  const op = (x, y, text) => [drawn("circle", { class: "op", cx: x, cy: y, r: 15 }), label(x, y + 5, text, { "text-anchor": "middle", class: "sign" })];
  const gate = (x, name, symbol, letter) => [
    drawn("rect", { class: `gate${name === "candidate" ? " candidate" : ""}`, x: x - 34, y: 246, width: 68, height: 34, rx: 6 }),
    label(x, 268, symbol, { "text-anchor": "middle", class: "sign" }),
    label(x, 238, letter, { "text-anchor": "middle", class: "letter" }),
  ];
  const value = (x, y, item, more) => figureText(x, y, item, { class: "value", ...more });
  const at = (name) => values[name][step];
  const c0 = plain(past("cell")), h0 = plain(past("hidden"));
  const parts = [
    drawn("rect", { class: "body", x: 96, y: 40, width: 624, height: 300, rx: 16 }),
    // the memory line
    wire("M16 90H185", c0), wire("M215 90H385", c0 * at("forget")), wire("M415 90H884", at("cell")),
    // hidden and word come in below
    wire("M16 320H610", h0), drawn("path", { class: "wire word", d: "M130 384V320" }),
    ...[200, 320, 440, 610].map((x) => drawn("path", { class: "wire thin", d: `M${x} 320V280` })),
    ...gate(200, "forget", "σ", "forget gate f"), ...gate(320, "input", "σ", "input gate i"),
    ...gate(440, "candidate", "tanh", "candidate g"), ...gate(610, "output", "σ", "output gate o"),
    wire("M200 222V105", at("forget")), wire("M320 222V170H385", at("input")), wire("M440 222V170H415", at("candidate")),
    wire("M400 155V105", at("input") * at("candidate")), wire("M610 222V185", at("output")),
    wire("M610 90V118", at("cell")), wire("M610 140V155", Math.tanh(at("cell"))),
    drawn("rect", { class: "squash", x: 584, y: 116, width: 52, height: 24, rx: 12 }), label(610, 133, "tanh", { "text-anchor": "middle" }),
    ...op(200, 90, "×"), ...op(400, 90, "+"), ...op(400, 170, "×"), ...op(610, 170, "×"),
    // the new hidden state, twice: up to the readout, on to the next step
    wire("M625 170H680V20", at("hidden")), wire("M680 170V320H884", at("hidden")),
    label(16, 66, "c, the memory before", { class: "letter" }), value(16, 82, past("cell")),
    label(16, 306, "h before", { class: "letter" }), value(16, 340, past("hidden")),
    label(130, 400, `x: ${pieceText(walk.pieces[step])}`, { "text-anchor": "middle", class: "word" }),
    label(884, 66, "c′, the memory now", { class: "letter", "text-anchor": "end" }), value(884, 82, now("cell"), { "text-anchor": "end" }),
    label(884, 306, "h′, on to the next word", { class: "letter", "text-anchor": "end" }), value(884, 340, now("hidden"), { "text-anchor": "end" }),
    label(668, 16, walk.side === "target" ? "h′, up to the Czech word" : "h′, up to whoever reads on", { class: "letter", "text-anchor": "end" }), value(668, 33, now("hidden"), { "text-anchor": "end" }),
    value(212, 200, now("forget", "two")), value(312, 200, now("input", "two"), { "text-anchor": "end" }),
    value(450, 200, now("candidate")), value(622, 214, now("output", "two")),
  ];
  const name = `One step of unit ${unit.unit}: the memory ${unit.cases[step]}`;
  const rows = Object.entries(pushes).map(([gate, push]) => ({ gate, push }));
  return [
    scrolled(name, drawn("svg", { class: "cell", viewBox: "0 0 900 410", role: "img", "aria-label": name }, parts)),
    rows.length
      ? table(
          "What moves the gates at this step: σ (the candidate: tanh) of the sum of the three",
          rows,
          [
            words("gate", ({ gate }) => gate),
            column("from the word x", ({ push }) => datum(push.word, step, "signed")),
            column("from h", ({ push }) => datum(push.hidden, step, "signed")),
            column("bias", ({ push }) => datum(push, "bias", "signed")),
            column("opens it to", ({ gate }) => now(gate, gate === "candidate" ? "signed" : "two")),
          ],
        )
      : null,
  ];
}

const CASES = {
  kept: "Memory kept: the forget gate is more than half open, the input gate more than half shut.",
  replaced: "Memory replaced: the forget gate is more than half shut, the input gate more than half open.",
  "added to": "Memory added to: both gates are more than half open.",
  "let go": "Memory let go: both gates are more than half shut.",
  between: "Between: a gate is about half open, so go by the numbers.",
};

/** The valves of one unit over a sentence, as Graves draws them: ○ open, – shut; below the input gate, left the forget gate, above the output gate. */
function valves(walk, unit, step, go) {
  const largest = Math.max(...unit.values.cell.map(Math.abs));
  const valve = (x, y, value) => (value > 0.5 ? drawn("circle", { class: "valve", cx: x, cy: y, r: 5 }) : line(x - 6, y, x + 6, y, { class: "valve" }));
  const node = (n) => {
    const at = (name) => unit.values[name][n];
    const chosen = () => go(n);
    return element(
      "li",
      null,
      element(
        "button",
        { type: "button", "aria-pressed": String(n === step), class: "node", onclick: chosen },
        drawn(
          "svg",
          { viewBox: "0 0 64 92", width: 64, height: 92, role: "img", "aria-label": `output gate ${at("output") > 0.5 ? "open" : "shut"}, forget gate ${at("forget") > 0.5 ? "open" : "shut"}, input gate ${at("input") > 0.5 ? "open" : "shut"}` },
          drawn("circle", { cx: 38, cy: 46, r: 19, class: `store ${sign(at("cell"))}`, "fill-opacity": Math.abs(at("cell")) / largest }),
          valve(38, 12, at("output")), valve(8, 46, at("forget")), valve(38, 80, at("input")),
        ),
        element("span", { class: "piece" }, pieceText(walk.pieces[n])),
        shown(datum(unit.values.cell, n, "signed")),
        element("span", { class: "case" }, unit.cases[n]),
      ),
    );
  };
  return element("ol", { class: "valves" }, walk.pieces.map((_, n) => node(n)));
}

/** A sentence and a unit to step through: valves over the words, the diagram of the chosen one, forward and back. */
function stepper(box, sentences, first) {
  const state = { sentence: first, place: null, unit: null, step: 0 };
  const draw = (focus) => {
    const sentence = sentences[state.sentence];
    const walks = walksOf(sentence), places = Object.keys(walks);
    if (!(state.place in walks)) state.place = places.at(-1);
    const walk = walks[state.place];
    const unit = walk.units.find(({ unit }) => String(unit) === String(state.unit)) ?? walk.units[0];
    state.unit = unit.unit;
    state.step = Math.min(state.step, walk.pieces.length - 1);
    const own = Object.keys(unit.pushes).length > 0; // the diagram's parts
    const set = (change) => (Object.assign(state, change), draw());
    const go = (step) => (Object.assign(state, { step }), draw(".node[aria-pressed=true]"));
    const move = (by, name) => () => (Object.assign(state, { step: state.step + by }), draw(`button[name=${name}]`));
    box.replaceChildren(
      element(
        "div",
        { class: "controls" },
        sentences.length > 1 ? list("Sentence", sentences.map((each, n) => [n, each.source]), state.sentence, (n) => set({ sentence: Number(n), step: 0 })) : null,
        list("Layer", places.map((place) => [place, place]), state.place, (place) => set({ place, unit: null })),
        list("Unit", walk.units.map((each) => [each.unit, datum(each, "unit")]), state.unit, (n) => set({ unit: n })),
        own ? [
          element("button", { type: "button", name: "previous", disabled: state.step === 0, onclick: move(-1, "previous") }, "← previous piece"),
          element("button", { type: "button", name: "next", disabled: state.step === walk.pieces.length - 1, onclick: move(1, "next") }, "next piece →"),
        ] : null,
      ),
      element("p", { class: "sentence" }, sentence.source, element("br"), element("b", { lang: "cs" }, sentence.target)),
    );
    if (!own) box.append(element("p", { class: "missing" }, "This run's cell is no LSTM: the diagram would not be its own; these are its states and gates."));
    figure(box, {
      title: ["Unit ", datum(unit, "unit"), " of ", datum(walk, "place"), ", piece by piece"],
      open: !own,
      draw: own ? element("div", null, valves(walk, unit, state.step, go), element("p", { class: "now", "aria-live": "polite" }, element("b", null, pieceText(walk.pieces[state.step])), " — ", CASES[unit.cases[state.step]]), diagram(walk, unit, state.step)) : null,
      rows: walk.pieces.map((_, n) => n),
      json: [{ sentence: sentence.target, place: walk.place, pieces: walk.pieces, ...unit }],
      columns: [
        words("reads", (n) => pieceText(walk.pieces[n])),
        ...Object.keys(unit.values).map((name) => column(name, (n) => datum(unit.values[name], n, "three"))),
        ...(unit.cases.length ? [words("memory", (n) => datum(unit.cases, n))] : []),
      ],
    });
    if (focus) (box.querySelector(`${focus}:not([disabled])`) ?? box.querySelector(".controls button:not([disabled])")).focus({ preventScroll: true });
  };
  draw();
}
