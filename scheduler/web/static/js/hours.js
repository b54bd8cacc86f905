// A week of working hours to paint: cells of half an hour above the seven lines that are sent with the form.
// The lines stay the truth: painting writes them, typing in them repaints the grid. A tick is five minutes.
"use strict";

for (const week of document.querySelectorAll("[data-hours]")) paintable(week);

function paintable(week) {
  const TICKS = 288, CELL = 6;
  const words = week.dataset;
  const days = words.days.split("|"), short = words.short.split("|");
  const lines = days.map((_, day) => week.querySelector(`[name="hours_${day}"]`));
  let ticks = lines.map((line) => read(line.value));
  let whole = false, brush = null, anchor = null;

  const table = document.createElement("table");
  table.className = "paint";
  table.setAttribute("role", "grid");
  const more = document.createElement("button");
  more.type = "button";
  more.className = "button small";
  more.textContent = words.whole;
  week.querySelector("#week-hint").before(table, more);

  // 09:00–12:00, 13:00–17:30 as ticks; what cannot be read is left to the server to say.
  function read(text) {
    const found = new Array(TICKS).fill(false);
    for (const span of text.matchAll(/(\d{1,2})(?:[:.](\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d\d))?/g)) {
      const starts = (+span[1] * 60 + +(span[2] ?? 0)) / 5, ends = (+span[3] * 60 + +(span[4] ?? 0)) / 5;
      found.fill(true, Math.min(starts, TICKS), Math.min(ends, TICKS));
    }
    return found;
  }

  function write(day) {
    const spans = [];
    for (let tick = 0; tick < TICKS; tick += 1) {
      if (!ticks[day][tick]) continue;
      const starts = tick;
      while (tick < TICKS && ticks[day][tick]) tick += 1;
      spans.push(`${clock(starts)}–${clock(tick)}`);
    }
    lines[day].value = spans.join(", ");
  }

  function clock(tick) {
    const minute = tick * 5;
    return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  }

  // From 07:00 to 20:00, and further where somebody works earlier or later.
  function range() {
    const used = ticks.flatMap((day) => [day.indexOf(true), day.lastIndexOf(true)]).filter((tick) => tick >= 0);
    const first = Math.min(7 * 12, ...used), last = Math.max(20 * 12 - 1, ...used);
    return whole ? [0, TICKS / CELL] : [Math.floor(first / 12) * 2, Math.ceil((last + 1) / 12) * 2];
  }

  function build() {
    const [first, end] = range();
    table.replaceChildren();
    const caption = table.createCaption();
    caption.textContent = words.caption;
    const columns = document.createElement("colgroup");
    for (let column = 0; column < 8; column += 1) {
      const each = document.createElement("col");
      if (column === 0) each.className = "hour";
      columns.append(each);
    }
    table.append(columns);
    const head = table.createTHead().insertRow();
    head.append(document.createElement("td"));
    head.cells[0].className = "corner";
    short.forEach((name, day) => head.append(header(name, "col", days[day])));
    const body = table.createTBody();
    for (let cell = first; cell < end; cell += 1) {
      const row = body.insertRow();
      row.append(header(cell % 2 ? "" : clock(cell * CELL), "row", clock(cell * CELL)));
      for (let day = 0; day < 7; day += 1) {
        const place = row.insertCell();
        Object.assign(place.dataset, { day, cell });
        place.setAttribute("role", "gridcell");
        place.tabIndex = -1;
      }
    }
    more.hidden = whole;
    show();
    const start = table.querySelector("td.works") ?? table.querySelector("td[data-day]");
    start.tabIndex = 0;
  }

  function header(text, scope, label) {
    const cell = document.createElement("th");
    cell.scope = scope;
    const said = document.createElement("span");
    said.className = "unseen";
    said.textContent = label;
    if (text === label) cell.textContent = text;
    else if (text === "") cell.append(said);
    else [cell.textContent, cell.abbr] = [text, label];
    return cell;
  }

  function show() {
    for (const place of table.querySelectorAll("td[data-day]")) {
      const day = +place.dataset.day, cell = +place.dataset.cell;
      const set = ticks[day].slice(cell * CELL, (cell + 1) * CELL).filter(Boolean).length;
      place.className = set === CELL ? "works" : set ? "partly" : "";
      place.setAttribute("aria-selected", String(set === CELL));
      const state = set === CELL ? words.works : set ? words.partly : words.free;
      place.setAttribute("aria-label", `${days[day]} ${clock(cell * CELL)}–${clock((cell + 1) * CELL)}, ${state}`);
    }
  }

  function at(day, cell) {
    return table.querySelector(`td[data-day="${day}"][data-cell="${cell}"]`);
  }

  function paint(day, cell, on) {
    ticks[day].fill(on, cell * CELL, (cell + 1) * CELL);
    write(day);
  }

  function isPainted(place) {
    return place.classList.contains("works");
  }

  // Everything between two cells, as a rectangle.
  function paintBetween(one, other, on) {
    const [day1, day2] = [+one.dataset.day, +other.dataset.day].sort((a, b) => a - b);
    const [cell1, cell2] = [+one.dataset.cell, +other.dataset.cell].sort((a, b) => a - b);
    for (let day = day1; day <= day2; day += 1) {
      for (let cell = cell1; cell <= cell2; cell += 1) paint(day, cell, on);
    }
    show();
  }

  function focus(place) {
    table.querySelectorAll('td[tabindex="0"]').forEach((each) => { each.tabIndex = -1; });
    place.tabIndex = 0;
    place.focus({ preventScroll: false });
  }

  // Mouse, pen and finger paint rectangles from where they went down; what was there before comes back as one shrinks.
  // A finger scrolls the page beside the cells: on the hours and the days (touch-action in CSS).
  let before = null;
  table.addEventListener("pointerdown", (event) => {
    const place = event.target.closest("td[data-day]");
    if (!place || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    place.releasePointerCapture?.(event.pointerId);
    focus(place);
    [anchor, brush, before] = [place, !isPainted(place), { ticks: ticks.map((day) => [...day]), typed: lines.map((line) => line.value) }];
    paintBetween(place, place, brush);
  });
  table.addEventListener("pointermove", (event) => {
    const place = before && document.elementFromPoint(event.clientX, event.clientY)?.closest("td[data-day]");
    if (!place || !table.contains(place) || !event.isPrimary) return;
    putBack();
    paintBetween(anchor, place, brush);
    place.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("pointerup", () => { if (before) typed(); before = null; });
  document.addEventListener("pointercancel", () => { if (before) putBack(); before = null; show(); });

  function putBack() {
    ticks = before.ticks.map((day) => [...day]);
    lines.forEach((line, day) => { line.value = before.typed[day]; });
  }

  // Painting counts as typing: what watches over unsent forms is told.
  function typed() {
    lines[0].dispatchEvent(new Event("input", { bubbles: true }));
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  table.addEventListener("keydown", (event) => {
    const place = event.target.closest("td[data-day]");
    if (!place) return;
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      [anchor, brush] = [place, !isPainted(place)];
      paintBetween(place, place, brush);
      typed();
    } else if (event.key in STEPS) {
      event.preventDefault();
      const [right, down] = STEPS[event.key];
      const next = at(+place.dataset.day + right, +place.dataset.cell + down);
      if (!next) return;
      // With Shift the cells from where one began are painted as the first one was; the space bar begins, too.
      if (event.shiftKey) {
        if (anchor === null) [anchor, brush] = [place, !isPainted(place)];
        paintBetween(anchor, next, brush);
        typed();
      } else {
        anchor = null;
      }
      focus(next);
    }
  });

  more.addEventListener("click", () => { whole = true; build(); });
  lines.forEach((line, day) => line.addEventListener("change", () => {
    ticks[day] = read(line.value);
    build();
  }));
  week.closest("form").addEventListener("draft:back", () => { ticks = lines.map((line) => read(line.value)); build(); });
  build();
}
