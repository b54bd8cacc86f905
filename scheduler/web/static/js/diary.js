// The diary's calendar: drawn from wall times of the location, moved by dragging, opened by clicking.
"use strict";

(() => {
  const place = document.getElementById("calendar");
  const addresses = place.dataset;
  let shown = JSON.parse(document.getElementById("calendar-data").textContent);

  const resource = shown.view === "day";
  const calendar = window.EventCalendar.create(place, {
    view: resource ? "resourceTimeGridDay" : "timeGridWeek",
    date: shown.date,
    firstDay: 1,
    locale: document.documentElement.lang,
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    slotDuration: "00:15:00",
    slotLabelInterval: "01:00:00",
    slotHeight: 22,
    slotMinTime: shown.first,
    slotMaxTime: shown.last,
    nowIndicator: true,
    resources: resource ? shown.resources : [],
    events: shown.events,
    editable: Boolean(addresses.move),
    eventDurationEditable: false,
    eventStartEditable: Boolean(addresses.move),
    longPressDelay: 400,
    dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    eventContent: drawn,
    eventDidMount: ({ el, event }) => {
      if (event.display === "background") return;
      el.removeAttribute("role");
      el.removeAttribute("tabindex");
      el.style.setProperty("--colour", event.extendedProps.colour);
      el.dataset.id = event.id;
    },
    eventClick: ({ event }) => open(event.id),
    dateClick: book,
    eventDrop: drop,
  });
  place.hidden = false;
  strip();
  new MutationObserver(strip).observe(place, { childList: true, subtree: true });

  // The component's table roles describe no table; without them its text reads in order.
  function strip() {
    for (const element of place.querySelectorAll("[role=row], [role=rowgroup], [role=columnheader], [role=rowheader], [role=grid], [role=table], [role=gridcell], [role=cell]")) {
      element.removeAttribute("role");
    }
  }

  function drawn({ event }) {
    if (event.display === "background") return { domNodes: [] };
    const known = event.extendedProps;
    const link = document.createElement("a");
    link.className = "entry-link";
    link.href = address(addresses.appointment, event.id);
    link.draggable = false;
    link.append(line("b", event.title), line("span", known.detail), line("small", `${known.time} · ${known.statusWord}`));
    link.addEventListener("click", (click) => click.preventDefault());
    link.addEventListener("keydown", (key) => {
      if (key.key === "Enter") { key.preventDefault(); key.stopPropagation(); open(event.id); }
    });
    return { domNodes: [link] };
  }

  function line(name, text) {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  function address(pattern, id) {
    return pattern.replace(/\/0(?=\/|$)/, `/${id}`);
  }

  // The calendar counts in the browser's zone; what it shows are the location's wall times, so read them back as shown.
  function wall(date) {
    const two = (number) => String(number).padStart(2, "0");
    return {
      on: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
      at: `${two(date.getHours())}:${two(date.getMinutes())}`,
    };
  }

  function open(id, more = {}) {
    const query = new URLSearchParams(more).toString();
    window.panel.open(address(addresses.appointment, id) + (query ? `?${query}` : ""));
  }

  function book({ date, resource: column }) {
    if (!addresses.new) return;
    const practitioner = column?.id ?? new URL(addresses.source, window.location).searchParams.get("practitioner_id");
    window.panel.open(`${addresses.new}?${new URLSearchParams({ ...wall(date), practitioner_id: practitioner ?? "" })}`);
  }

  async function drop({ event, newResource, revert }) {
    const entered = new FormData();
    const target = wall(event.start);
    entered.set("version", event.extendedProps.version);
    entered.set("on", target.on);
    entered.set("at", target.at);
    if (newResource) entered.set("practitioner_id", newResource.id);
    const token = document.querySelector("meta[name=csrf-token]").content;
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const response = await window.panel.ask(address(addresses.move, event.id), { method: "POST", body: entered, headers });
    if (!response) { revert(); toast(addresses.unreachable, "bad"); return; }
    const said = await response.json();
    if (response.ok) { changed(said); return; }
    revert();
    toast(said.sentence, "bad");
    if (said.needs_reason) {
      open(event.id, { ...target, practitioner_id: newResource?.id ?? "", reason: "1" });
    } else {
      refresh();
    }
  }

  function toast(sentence, mood = "good") {
    document.querySelector(".toast")?.remove();
    const element = line("p", sentence);
    element.className = `notice toast ${mood}`;
    document.body.append(element);
    window.announce(sentence);
    setTimeout(() => element.remove(), 9000);
  }

  function changed(said) {
    toast(said.sentence);
    refresh();
  }

  async function refresh() {
    const [data, list] = await Promise.all([window.panel.ask(addresses.source), window.panel.ask(addresses.list)]);
    if (!data?.ok || !list?.ok) return;
    shown = await data.json();
    calendar.setOption("events", shown.events);
    calendar.setOption("slotMinTime", shown.first);
    calendar.setOption("slotMaxTime", shown.last);
    if (resource) calendar.setOption("resources", shown.resources);
    document.getElementById("day-list").innerHTML = await list.text();
  }

  document.addEventListener("appointment:changed", (event) => changed(event.detail));
  document.getElementById("choose").addEventListener("change", (event) => event.currentTarget.requestSubmit());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
  });
})();
