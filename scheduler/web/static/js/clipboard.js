// Appointments in hand: cut here (x on an appointment, or the button in its panel), carried to another week, dropped or
// put down there. They are kept in this tab, for this person.
"use strict";

(() => {
  const NAME = "in-hand";
  const bar = document.getElementById("in-hand");
  const list = bar?.querySelector("ul");
  let chosen = null;

  const person = document.body.dataset.person;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

  function items() {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    return kept?.person === person ? kept.items : [];
  }

  function keep(now) {
    sessionStorage.setItem(NAME, JSON.stringify({ person, items: now }));
    if (!now.some((item) => item.id === chosen?.id)) chosen = null;
    draw();
  }

  function cut(id) {
    const event = window.diary.event(String(id));
    if (!bar || event?.extendedProps.code === undefined) return;
    const item = { id: event.id, version: event.extendedProps.version, title: event.title, ...window.diary.parts(event.start) };
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
      take.textContent = `${item.title}, ${day.format(new Date(item.on))}, ${item.at}`;
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
    window.diary.put(item, { ...window.diary.parts(window.diary.wallOf(point.date)), ...window.diary.whose(point.resource) });
  });

  // The button in an appointment's panel: as good as the key, for fingers.
  document.addEventListener("click", (click) => {
    const button = click.target.closest("[data-cut-id]");
    if (!button) return;
    window.panel.dialog().close();
    cut(button.dataset.cutId);
  });

  window.clipboard = { cut, forget, get chosen() { return chosen; } };
  draw();
})();
