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

  // By the key on an appointment that is drawn.
  function cut(id) {
    const event = window.diary.event(String(id));
    if (event?.extendedProps.code === undefined) return;
    takeUp({ id: event.id, version: event.extendedProps.version, title: event.title, ...window.diary.parts(event.start) });
  }

  function takeUp(item) {
    if (!bar) return;
    keep([...items().filter((known) => known.id !== item.id), item]);
    window.panel.tell(bar.dataset.cut.replace("{name}", item.title), "good");
  }

  // What became of an appointment that may be in hand: put down it leaves the hand, else the hand knows how it is now.
  function follow(id, now, isPut = false) {
    if (!now) return;
    const { version, on, at, movable } = now;
    if (isPut || !movable) forget(String(id));
    else keep(items().map((item) => (item.id === String(id) ? { ...item, version, on, at } : item)));
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

  // The button in an appointment's panel: as good as the key, for fingers, and whatever day is drawn behind it.
  document.addEventListener("click", (click) => {
    const button = click.target.closest("[data-cut-id]");
    if (!button) return;
    window.panel.dialog().close();
    const { cutId: id, version, title, on, at } = button.dataset;
    takeUp({ id, version, title, on, at });
  });

  window.clipboard = { cut, follow, get chosen() { return items().find((item) => item.id === chosen?.id); } };
  draw();
})();
