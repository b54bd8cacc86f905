// Appointments in hand: cut here (x on an appointment, or its button), carried to another week, dropped or put down there.
"use strict";

(() => {
  const NAME = "in-hand";
  const bar = document.getElementById("in-hand");
  const list = bar?.querySelector("ul");
  let chosen = null;

  function items() {
    try { return JSON.parse(sessionStorage.getItem(NAME)) ?? []; } catch { return []; }
  }

  function keep(now) {
    sessionStorage.setItem(NAME, JSON.stringify(now));
    if (!now.some((item) => item.id === chosen?.id)) chosen = null;
    draw();
  }

  function cut(event) {
    if (!bar || event.extendedProps.code === undefined) return;
    const start = new Date(event.start.getTime() - event.start.getTimezoneOffset() * 60_000).toISOString();
    const item = { id: event.id, version: event.extendedProps.version, title: event.title, on: start.slice(0, 10), at: start.slice(11, 16) };
    keep([...items().filter((known) => known.id !== item.id), item]);
    window.announce(bar.dataset.cut.replace("{name}", item.title));
  }

  function forget(id) {
    keep(items().filter((item) => item.id !== id));
  }

  function draw() {
    if (!bar) return;
    const now = items();
    bar.hidden = now.length === 0;
    list.replaceChildren(...now.map((item) => {
      const row = document.createElement("li");
      const take = Object.assign(document.createElement("button"), { type: "button", className: "chip", draggable: true });
      take.textContent = `${item.title}, ${item.on.slice(8)}.${item.on.slice(5, 7)}. ${item.at}`;
      take.setAttribute("aria-pressed", String(chosen?.id === item.id));
      take.addEventListener("click", () => { chosen = chosen?.id === item.id ? null : item; draw(); window.announce(chosen ? bar.dataset.chosen : ""); });
      take.addEventListener("dragstart", (drag) => { drag.dataTransfer.setData("text/plain", item.id); drag.dataTransfer.effectAllowed = "move"; });
      const drop = Object.assign(document.createElement("button"), { type: "button", className: "chip-close", textContent: "×" });
      drop.setAttribute("aria-label", `${bar.dataset.leave}: ${item.title}`);
      drop.addEventListener("click", () => forget(item.id));
      row.append(take, drop);
      return row;
    }));
  }

  const place = document.getElementById("calendar");
  place?.addEventListener("dragover", (drag) => { if (items().length) drag.preventDefault(); });
  place?.addEventListener("drop", (drag) => {
    const item = items().find((known) => known.id === drag.dataTransfer.getData("text/plain"));
    const point = item && window.diary.calendar.dateFromPoint(drag.clientX, drag.clientY);
    if (!point) return;
    drag.preventDefault();
    const wall = new Date(point.date.getTime() - point.date.getTimezoneOffset() * 60_000).toISOString();
    window.diary.put(item, { on: wall.slice(0, 10), at: wall.slice(11, 16), ...window.diary.whose(point.resource) });
  });

  window.clipboard = { cut, forget, get chosen() { return chosen; } };
  draw();
})();
