"use strict";
// Every run beside the others, the conditions, and what fills the page.

Object.assign(figures, {
  seeds(run, box) {
    const runs = content.results;
    const least = (each) => each.causal.effects.filter(({ name, beam, units }) => name === "interchange, c → h" && beam === 1 && units === each.causal.chosen.length).reduce((a, b) => (a.all_words.value <= b.all_words.value ? a : b));
    figure(box, {
      title: "Every run on this page: the chosen units exchanged at the noun, the weaker direction",
      draw: dots("Every run", runs.map((each) => ({ name: datum(each, "run"), item: estimate(least(each).all_words), tone: each === run ? "above" : "ink" })), { bar: 0.9, up: "sentences in which every later agreeing word changes; dashed: the bar" }),
      open: true,
      rows: runs,
      columns: [
        words("run", (each) => datum(each, "run")),
        column("seed", (each) => datum(each.facts, "training seed")),
        column("units", (each) => datum(each.causal.chosen, "length")),
        column("all change", (each) => estimate(least(each).all_words)),
        words("direction", (each) => datum(least(each), "direction")),
        ...run.ladder.map((rung, n) => words(rung.name.split(" ")[0], (each) => verdictOf(each.ladder[n]))),
        ...(runs.some(({ register }) => register) ? [words("register?", (each) => (each.register ? datum(each.register.sites[0], "verdict") : NONE))] : []),
      ],
    });
    ladderTable(run, box, "Over the training seeds", [content.replicated]);
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
});

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

// a word that is linked from the text opens the list that it stands in
const unfold = () => document.getElementById(location.hash.slice(1))?.closest("details")?.setAttribute("open", "");
addEventListener("hashchange", unfold);
unfold();

// on paper everything is open, and as it was afterwards
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((each) => ((each.open = true), (each.dataset.shut = ""), each.dispatchEvent(new Event("toggle")))));
addEventListener("afterprint", () => document.querySelectorAll("details[data-shut]").forEach((each) => ((each.open = false), delete each.dataset.shut)));

render(content.results[0]);
document.documentElement.dataset.ready = "";
