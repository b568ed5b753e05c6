"use strict";
// Drawings. Each is made anew for the width that it has, so that its letters keep their size on every screen.

/** A box that draws itself for its width, now and whenever that changes. */
function responsive(label, draw, least = 280) {
  const box = element("div", { class: "drawing" });
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const now = Math.max(least, Math.floor(contentRect.width));
    if (now === width) return;
    width = now;
    const { height, parts } = draw(width);
    box.replaceChildren(drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, parts));
  }).observe(box);
  return box;
}

const line = (x1, y1, x2, y2, more) => drawn("line", { x1, y1, x2, y2, ...more });
const label = (x, y, text, more) => drawn("text", { x, y, ...more }, text);

/** A datum as text in a drawing. */
const figureText = (x, y, item, more) => label(x, y, written(item), { ...marks(item), ...more });

/** Words and data in turn, in a drawing. */
const spans = (parts) => [parts].flat().map((part) => (part.owner ? drawn("tspan", marks(part), written(part)) : part));

const hover = (item) => drawn("title", marks(item), written(item));

/** Which line is which: drawn beside its name. */
function legend(series) {
  const swatch = ({ tone, dash, marker }) =>
    drawn(
      "svg",
      { class: `swatch ${tone}`, width: 30, height: 12, "aria-hidden": "true" },
      line(0, 6, 30, 6, { class: "curve", "stroke-dasharray": dash }),
      mark(15, 6, marker),
    );
  return element("ul", { class: "legend" }, series.map((each) => element("li", null, swatch(each), each.name)));
}

/** A point: a disc, a square, a diamond or a ring, so that lines differ without colour, too. */
function mark(x, y, shape = "disc", inside = null) {
  if (shape === "disc") return drawn("circle", { class: "point", cx: x, cy: y, r: 3.5 }, inside);
  if (shape === "ring") return drawn("circle", { class: "ring", cx: x, cy: y, r: 6 }, inside);
  const turn = shape === "diamond" ? `rotate(45 ${x} ${y})` : null;
  return drawn("rect", { class: "point", x: x - 3, y: y - 3, width: 6, height: 6, transform: turn }, inside);
}

/**
 * Lines over named places, intervals upright. series: {name, tone, dash, marker, points}, a point {at, item}: the number of its
 * place and a datum or an estimate. `marked`: {at, text}, a place with a dashed upright.
 * A series with `beside` is drawn so many points to the right, where it would hide another.
 */
function lines(name, { places, series, across, up, least = 0, most = 1, form = "percent", marked = null }) {
  const draw = (width) => {
    const height = 300, left = 52, right = 14, top = 20, bottom = 48;
    const x = (at) => left + 14 + ((width - left - right - 28) * at) / Math.max(1, places.length - 1);
    const y = (value) => top + (height - top - bottom) * (1 - (Math.min(most, Math.max(least, value)) - least) / (most - least));
    const parts = [];
    for (let quarter = 0; quarter <= 4; quarter++) {
      const level = least + ((most - least) * quarter) / 4;
      const said = form === "percent" ? `${Math.round(100 * level)} %` : String(Math.round(100 * level) / 100);
      parts.push(line(left, y(level), width - right, y(level), { class: "rule" }));
      parts.push(label(left - 8, y(level) + 4, said, { class: "tick", "text-anchor": "end" }));
    }
    places.forEach((place, at) => {
      const where = { class: "tick", "text-anchor": "middle" };
      parts.push(place.owner ? figureText(x(at), height - bottom + 20, place, where) : label(x(at), height - bottom + 20, place, where));
    });
    parts.push(label((left + width - right) / 2, height - 6, across, { class: "axis", "text-anchor": "middle" }));
    parts.push(label(left - 44, 12, up, { class: "axis" }));
    if (marked) parts.push(line(x(marked.at), top, x(marked.at), height - bottom, { class: "marked" }), label(x(marked.at) - 6, height - bottom - 8, marked.text, { class: "axis", "text-anchor": "end" }));
    for (const { tone, dash, marker, points, beside = 0 } of series) {
      const over = (at) => x(at) + beside;
      const known = points.filter(({ item }) => item && plain(item) !== null && plain(item) !== undefined);
      const group = drawn("g", { class: tone });
      group.append(drawn("polyline", { class: "curve", "stroke-dasharray": dash, points: known.map(({ at, item }) => `${over(at)},${y(plain(item))}`).join(" ") }));
      for (const { at, item } of known) {
        const of = item.estimate;
        if (of) group.append(line(over(at), y(of.low), over(at), y(of.high), { class: "whisker" }));
        group.append(mark(over(at), y(plain(item)), marker, hover(of ? datum(of, "value", item.form) : item)));
      }
      parts.push(group);
    }
    return { height, parts };
  };
  return element("div", null, series.length > 1 ? legend(series) : null, responsive(name, draw));
}

/**
 * Rows of dots with their intervals, one scale for all. rows: {name, item, tone, marker, beside}, `beside` a datum that is drawn as an
 * upright: the control.
 */
function dots(name, rows, { least = 0, most = 1, form = "percent", up = "", bar = null }) {
  const draw = (width) => {
    const letters = Math.max(...rows.map(({ name }) => spell(name).length)), wide = 24 + 7 * letters < width / 2; // else above the dots
    const left = wide ? 24 + 7 * letters : 16, right = 20, top = 30;
    const above = wide ? 0 : 20 * Math.ceil((8 * letters) / (width - left - right)); // points for a name, in as many lines as it needs
    const step = 28 + above, height = top + step * rows.length + 10;
    const x = (value) => left + (width - left - right) * ((Math.min(most, Math.max(least, value)) - least) / (most - least));
    const parts = [];
    for (let quarter = 0; quarter <= 4; quarter++) {
      const level = least + ((most - least) * quarter) / 4;
      const said = form === "percent" ? `${Math.round(100 * level)} %` : String(Math.round(100 * level) / 100);
      parts.push(line(x(level), top - 6, x(level), height - 10, { class: "rule" }));
      parts.push(label(x(level), 14, said, { class: "tick", "text-anchor": "middle" }));
    }
    if (bar !== null) parts.push(line(x(bar), top - 6, x(bar), height - 10, { class: "marked" }));
    rows.forEach(({ name, item, tone, marker, beside }, n) => {
      const y = top + step * n + above + 10;
      if (wide) parts.push(label(left - 12, y + 4, spans(name), { "text-anchor": "end" }));
      else parts.push(drawn("foreignObject", { x: left, y: y - above - 8, width: width - left - right, height: above }, element("div", { class: "name" }, element("span", null, tell(name)))));
      const group = drawn("g", { class: tone });
      if (beside && plain(beside) !== null) group.append(drawn("path", { class: "control", d: `M${x(plain(beside))} ${y - 7}v14` }, hover(beside)));
      if (item && plain(item) !== null) {
        const of = item.estimate;
        if (of) group.append(line(x(of.low), y, x(of.high), y, { class: "whisker" }));
        group.append(mark(x(plain(item)), y, marker, hover(of ? datum(of, "value", item.form) : item)));
      } else group.append(label(x(least), y + 4, NONE));
      parts.push(group);
    });
    return { height, parts };
  };
  return element("div", null, up ? element("p", { class: "up" }, up) : null, responsive(name, draw));
}

/** The shade of a value: brown above zero, teal below, as strong as it is large. */
const shade = (value, largest) => {
  const share = largest ? Math.min(1, Math.abs(value) / largest) : 0;
  return `background: color-mix(in srgb, var(${value < 0 ? "--below" : "--above"}) ${Math.round(55 * share)}%, transparent)`;
};
