"use strict";
// Elements, numbers, tables and downloads. Every number that is shown is a datum: an owner in the results and a key of it; so each
// carries the path of what it shows, and a table, a drawing and a downloaded file say the same.

const content = JSON.parse(document.getElementById("results").textContent);
const pathOf = new WeakMap();
(function note(node, path) {
  pathOf.set(node, path);
  for (const [key, value] of Object.entries(node)) {
    if (value !== null && typeof value === "object") note(value, [...path, key]);
  }
})(content, []);

const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element with attributes (on… are listeners) and children; strings become text. */
const element = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

/** The same in SVG. */
const drawn = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

// Numbers

const NONE = "–";
const minus = (text) => text.replace(/^-/, "−");
const fixed = (value, digits) => minus((Number(value.toFixed(digits)) || 0).toFixed(digits)); // what rounds to nothing has no sign
const forms = {
  text: (value) => (typeof value === "number" ? minus(String(value)) : String(value)),
  percent: (value) => `${fixed(100 * value, 1)}\u00a0%`,
  one: (value) => fixed(value, 1),
  two: (value) => fixed(value, 2),
  three: (value) => fixed(value, 3),
  after: (value) => (value < 0 ? "at the end" : String(value)), // an encoder is asked once it has read the sentence
  small: (value) => (value < 0.001 ? value.toExponential(1) : value.toFixed(3)),
  signed: (value) => `${value < 0 ? "" : "+"}${minus(value.toFixed(2))}`,
  index: (_, key) => String(key), // the number of a unit is its place in a list
};

/** One value of the results: its owner, its key there, and how it is written. */
const datum = (owner, key, form = "text") => ({ owner, key, form });

/** A value with its 95 % interval; null where it was not measured. */
const estimate = (owner, form = "percent") => (owner ? { estimate: owner, form } : null);

const written = ({ owner, key, form }) => (owner[key] === null || owner[key] === undefined ? NONE : forms[form](owner[key], key));

const marks = ({ owner, key, form }) => ({ "data-path": JSON.stringify([...pathOf.get(owner), key]), "data-form": form });

/** What is shown of a datum, an estimate, or plain words. */
function shown(item) {
  if (item === null || item === undefined) return NONE;
  if (item.estimate) {
    const part = (key) => shown(datum(item.estimate, key, item.form));
    return element("span", { class: "estimate" }, part("value"), " [", part("low"), ", ", part("high"), "]");
  }
  if (item.owner) return element("data", marks(item), written(item));
  return item;
}

/** Words and data in turn: as nodes, and as plain text. */
const tell = (parts) => [parts].flat().map(shown);
const spell = (parts) => [parts].flat().map((part) => (part.owner ? written(part) : part)).join("");

// Tables and files

/** A column: its name, and a row's item: a datum, an estimate or words. */
const column = (name, of, kind = "number") => ({ name, of, kind });
const words = (name, of) => column(name, of, "words");

const plain = (item) => {
  if (item === null || item === undefined) return null;
  if (item instanceof Node) return item.textContent;
  if (item.estimate) return item.estimate.value;
  if (item.form === "index") return item.key;
  if (item.form === "after" && item.owner[item.key] < 0) return written(item);
  return item.owner ? item.owner[item.key] : item;
};

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

/** A table with a caption; with `sortable` each heading is a button that sorts, with `cards` a row is a card where the screen is narrow. */
function table(caption, rows, columns, { sortable = false, cards = false } = {}) {
  const body = element("tbody");
  const fill = (ordered) =>
    body.replaceChildren(
      ...ordered.map((row) =>
        element("tr", null, columns.map((each, n) => element(n ? "td" : "th", { class: each.kind, scope: n ? null : "row", "data-label": n ? each.name : null }, shown(each.of(row))))),
      ),
    );
  const headings = columns.map((each) => element("th", { scope: "col", class: each.kind }, each.name));
  if (sortable) {
    headings.forEach((heading, n) => {
      const sort = () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const ordered = [...rows].sort((a, b) => compare(plain(columns[n].of(a)), plain(columns[n].of(b))));
        fill(down ? ordered.reverse() : ordered);
      };
      heading.replaceChildren(element("button", { type: "button", class: "sort", onclick: sort }, columns[n].name));
    });
  }
  fill(rows);
  const whole = element("table", { class: cards ? "cards" : null }, element("caption", null, tell(caption)), element("thead", null, element("tr", null, headings)), body);
  return scrolled(spell(caption), whole);
}

/** What is wider than the screen scrolls by itself, also by keyboard. */
const scrolled = (name, ...inside) => element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, inside);

const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** The rows of a table as CSV, every digit; an interval has columns of its own. */
function csv(rows, columns) {
  const wide = columns.map((each) => rows.some((row) => each.of(row)?.estimate));
  const head = columns.flatMap(({ name }, n) => (wide[n] ? [name, `${name}, low`, `${name}, high`] : [name]));
  const lines = rows.map((row) =>
    columns.flatMap((each, n) => {
      const item = each.of(row);
      if (!wide[n]) return [plain(item)];
      return item ? ["value", "low", "high"].map((key) => item.estimate[key]) : [null, null, null];
    }),
  );
  return [head, ...lines].map((line) => line.map((value) => quoted(String(value ?? ""))).join(",")).join("\n") + "\n";
}

function save(name, type, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A figure with its title, words and data in turn: what is drawn, and below it, a click away, its numbers as a table and as files. `json` is the data behind them. */
function figure(box, { title, draw, rows, columns, json = rows, sortable = false, open = false, cards = false }) {
  const name = box.closest("[data-figure]").dataset.figure;
  box.append(element("figcaption", null, tell(title)));
  if (draw) box.append(draw);
  const button = (label, type, text) =>
    element("button", { type: "button", "aria-label": `${label} of ${spell(title)}`, onclick: () => save(`${name}.${label.toLowerCase()}`, type, text()) }, label);
  const files = element(
    "span",
    { class: "files" },
    button("CSV", "text/csv", () => csv(rows, columns)),
    button("JSON", "application/json", () => JSON.stringify(json, null, 1)),
  );
  const numbers = () => table(title, rows, columns, { sortable, cards });
  if (open) box.append(numbers(), files);
  else box.append(unfolded("The numbers", numbers), files);
}

/** What is made only when it is opened: a page of ten thousand numbers would be slow to appear. */
function unfolded(summary, make) {
  const fill = () => details.open && details.children.length === 1 && details.append(make());
  const details = element("details", { class: "numbers", ontoggle: fill }, element("summary", null, summary));
  return details;
}

/** Radio buttons under a name; `chosen` hears the value of the one that is chosen. */
function choice(name, options, value, chosen) {
  const label = ([key, text]) =>
    element(
      "label",
      null,
      element("input", { type: "radio", name, value: key, checked: key === value, onchange: () => chosen(key) }),
      element("span", null, shown(text)),
    );
  return element("fieldset", { class: "choice" }, element("legend", null, name), options.map(label));
}

/** A list to choose from, with its label. */
function list(label, options, value, chosen) {
  const select = element(
    "select",
    { onchange: () => chosen(select.value) },
    options.map(([key, text]) => element("option", { value: key, selected: String(key) === String(value), ...(text.owner ? marks(text) : {}) }, spell(text))),
  );
  return element("label", { class: "list" }, `${label} `, select);
}
