// The diary's calendar: drawn from wall times of the location, moved by dragging, opened by clicking.
"use strict";

(() => {
  const REFRESHED_EVERY = 60_000;
  const ASKED_EVERY = 4_000;
  const VIEWS = { day: "resourceTimeGridDay", rooms: "resourceTimeGridDay", team: "resourceTimelineWeek", week: "timeGridWeek" };
  const place = document.getElementById("calendar");
  const addresses = place?.dataset;
  let shown = JSON.parse(document.getElementById("calendar-data").textContent);
  let loadedAt = performance.now();
  const dayList = document.getElementById("day-list");
  let listed = null;
  let dragging = false;
  const STATUS_KEYS = { a: "arrived", c: "completed", o: "no_show", b: "booked" };
  const ARRIVES = new Set(["booked", "confirmed"]);
  let undecided = null;
  let free = [];

  // Wall times are reckoned with as if they were UTC: no zone, neither the browser's nor its clock changes, comes in.
  const asTime = (wall) => Date.parse(`${wall}Z`);
  const asWall = (time) => new Date(time).toISOString().slice(0, 16);
  const parts = (wall) => ({ on: wall.slice(0, 10), at: wall.slice(11, 16) });
  const now = () => asWall(asTime(shown.now) + performance.now() - loadedAt);

  const calendar = place && draw();
  sayWhoseClock();

  function draw() {
    const made = window.EventCalendar.create(place, {
      view: VIEWS[shown.view],
      date: shown.date,
      firstDay: 1,
      locale: document.documentElement.lang,
      headerToolbar: { start: "", center: "", end: "" },
      allDaySlot: false,
      ...(shown.view === "team" ? { slotDuration: { days: 1 } } : { slotDuration: "00:15:00", slotLabelInterval: "01:00:00", slotHeight: 24 }),
      columnWidth: byColumn() ? "minmax(9rem, 1fr)" : "minmax(7.5rem, 1fr)",
      ...changeable(),
      scrollTime: beginning(),
      nowIndicator: false,
      editable: Boolean(addresses.move),
      eventDurationEditable: Boolean(addresses.move),
      longPressDelay: 400,
      dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
      slotLabelFormat: { hour: "2-digit", minute: "2-digit" },
      resourceLabelContent: columnName,
      eventContent: drawn,
      eventDidMount: mounted,
      eventClick: ({ event, jsEvent }) => opensElsewhere(jsEvent) || open(event.id),
      dateClick: book,
      eventDragStart: () => { dragging = true; },
      eventDragStop: () => { dragging = false; },
      eventResizeStart: () => { dragging = true; },
      eventResizeStop: () => { dragging = false; },
      eventDrop: drop,
      eventResize: resize,
    });
    place.hidden = false;
    const main = place.querySelector(".ec-main");
    main.tabIndex = 0;
    main.setAttribute("role", "region");
    main.setAttribute("aria-labelledby", "diary-title");
    strip();
    new MutationObserver(strip).observe(place, { childList: true, subtree: true, attributeFilter: ["role", "aria-colindex"] });
    return made;
  }

  function byColumn() {
    return shown.view === "day" || shown.view === "rooms";
  }

  // What comes anew from the server.
  function changeable() {
    return {
      slotMinTime: shown.first,
      slotMaxTime: shown.last,
      hiddenDays: shown.left_out,
      highlightedDates: shown.view !== "day" && shown.view !== "rooms" ? [now().slice(0, 10)] : [],
      resources: shown.view === "week" ? [] : shown.resources,
      events: [...shown.events.map(coloured), ...free.map(freeTime), ...(shown.view === "team" ? [] : [nowLine()])],
    };
  }

  // A free time that the panel lists: drawn behind it, and taken there by a click.
  function freeTime(slot) {
    return {
      id: `free-${slot.id}`, start: `${slot.on}T${slot.at}`, end: `${slot.on}T${slot.until}`, resourceIds: [slot.with],
      display: "background", classNames: slot.chosen ? ["free", "chosen"] : ["free"], extendedProps: { slot: slot.id },
    };
  }

  // Those at this location in a view of people; in the week of one practitioner, theirs.
  function drawFree(slots) {
    const own = new URL(addresses.source, window.location).searchParams.get("practitioner_id");
    const here = slots.filter((slot) => slot.location === addresses.place && (shown.view !== "week" || slot.with === own));
    const wanted = shown.view === "rooms" ? [] : here;
    if (JSON.stringify(wanted) === JSON.stringify(free)) return;
    free = wanted;
    calendar.setOption("events", changeable().events);
    requestAnimationFrame(() => place.querySelector(".ec-bg-event.free.chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  }

  // Which of the free times is drawn at a point of the window; of two that overlap, the one that begins later.
  function freeAt(x, y) {
    const hit = [...place.querySelectorAll(".ec-bg-event.free")].map((element) => [element.getBoundingClientRect(), element.dataset.slot])
      .filter(([box]) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    return hit.sort(([one], [other]) => other.top - one.top)[0]?.[1];
  }

  function coloured(event) {
    const colour = event.extendedProps?.colour;
    return colour ? { ...event, styles: [`--colour: ${colour}`] } : event;
  }

  // The component's own indicator knows only the browser's clock.
  function nowLine() {
    const start = now();
    return {
      id: "now", start, end: asWall(asTime(start) + 60_000), display: "background", classNames: ["now"],
      resourceIds: shown.resources.map((column) => column.id),
    };
  }

  function beginning() {
    const { on, at } = parts(asWall(asTime(now()) - 3_600_000));
    return on === shown.date ? `${at.slice(0, 2)}:00` : shown.first;
  }

  // Tell when the computer's clock shows other times than the location's on the day that is looked at.
  function sayWhoseClock() {
    const noon = new Date(shown.noon * 1000);
    const here = new Date(noon.getTime() - noon.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    document.getElementById("other-clock").hidden = here === `${shown.date}T12:00`;
  }

  // The component's table roles describe no table; without them its text reads in order.
  function strip() {
    for (const element of place.querySelectorAll("[role=row], [role=rowgroup], [role=columnheader], [role=rowheader], [role=grid], [role=table], [role=gridcell], [role=cell], [aria-colindex]")) {
      for (const name of ["role", "aria-colindex", "aria-colspan"]) element.removeAttribute(name);
    }
  }

  function columnName({ resource }) {
    if (!resource.extendedProps.week) return { domNodes: [line("span", resource.title)] };
    const link = line("a", resource.title);
    link.className = "column-name";
    link.href = resource.extendedProps.week;
    link.style.setProperty("--colour", resource.extendedProps.colour);
    return { domNodes: [link] };
  }

  function drawn({ event }) {
    if (event.display === "background") {
      const why = document.createElement("span");
      why.className = "why";
      why.textContent = event.extendedProps.why ?? "";
      return { domNodes: why.textContent ? [why] : [] };
    }
    const known = event.extendedProps;
    const link = document.createElement("a");
    link.className = "entry-link";
    link.href = known.href ?? address(addresses.appointment, event.id);
    link.draggable = false;
    link.dataset.id = event.id;
    const when = line("small", known.time);
    when.append(Object.assign(line("span", ` · ${known.status}`), { className: "entry-status" }));
    link.append(line("b", event.title), ...(byColumn() ? [line("span", known.detail), when] : [when, line("span", known.detail)]));
    link.addEventListener("click", (click) => { if (!opensElsewhere(click)) click.preventDefault(); });
    link.addEventListener("keydown", (key) => {
      if (key.key === "Enter") { key.preventDefault(); key.stopPropagation(); open(event.id); return; }
      if (key.ctrlKey || key.metaKey || key.altKey || document.body.dataset.keys === "off" || !known.version) return;
      if (key.key === "m" && addresses.move) { key.preventDefault(); key.stopPropagation(); open(event.id, { ...parts(shown.events.find((one) => one.id === event.id).start), move: "1" }); return; }
      if (key.key === "x") { key.preventDefault(); key.stopPropagation(); window.clipboard.cut(event); return; }
      const status = STATUS_KEYS[key.key];
      if (status) { key.preventDefault(); key.stopPropagation(); setStatus(event.id, known.version, status); }
    });
    const today = shown.view !== "team" && parts(asWall(event.start.getTime() - event.start.getTimezoneOffset() * 60_000)).on <= parts(now()).on;
    return { domNodes: addresses.status && today && ARRIVES.has(known.code) ? [link, arrived(event)] : [link] };
  }

  // One click for what happens most at a desk.
  function arrived(event) {
    const button = line("button", "●");
    button.type = "button";
    button.className = "arrive";
    button.title = addresses.arrived;
    button.setAttribute("aria-label", `${addresses.arrived}: ${event.title}`);
    for (const name of ["pointerdown", "click", "keydown"]) button.addEventListener(name, (deed) => deed.stopPropagation());
    button.addEventListener("click", () => setStatus(event.id, event.extendedProps.version, "arrived"));
    return button;
  }

  async function setStatus(id, version, status) {
    if (!addresses.status) return;
    const response = await send(address(addresses.status, id), { status, version });
    if (!response) return;
    if (response.ok) { changed(await response.json()); return; }
    window.panel.tell((await sentenceOf(response)).sentence);
    refresh();
  }

  function send(target, entered) {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    return window.panel.ask(target, { method: "POST", body: new URLSearchParams(entered), headers });
  }

  function mounted({ el, event }) {
    if (event.extendedProps.slot) el.dataset.slot = event.extendedProps.slot;
    if (event.display === "background") return;
    el.removeAttribute("role");
    el.removeAttribute("tabindex");
    el.dataset.id = event.id;
  }

  function line(name, text) {
    return Object.assign(document.createElement(name), { textContent: text });
  }

  function opensElsewhere(click) {
    return click.ctrlKey || click.metaKey || click.shiftKey;
  }

  function address(pattern, id) {
    return pattern.replace(/\/0(?=\/|$)/, `/${id}`);
  }

  function open(id, more = {}) {
    if (String(id).startsWith("held-")) {
      const kept = shown.events.find((known) => known.id === id)?.extendedProps.href;
      if (kept) window.location = kept;
      return null;
    }
    const query = new URLSearchParams(more).toString();
    return window.panel.open(address(addresses.appointment, id) + (query ? `?${query}` : ""));
  }

  function book({ dateStr, resource: column }) {
    if (!addresses.new) return;
    const wanted = new URLSearchParams(parts(dateStr));
    const practitioner = column?.id ?? new URL(addresses.source, window.location).searchParams.get("practitioner_id");
    if (practitioner && shown.view !== "rooms") wanted.set("practitioner_id", practitioner);
    if (window.clipboard?.chosen) { put(window.clipboard.chosen, { ...parts(dateStr), ...whose(column) }); return; }
    if (shown.view === "team") wanted.delete("at");
    window.panel.open(`${addresses.new}?${wanted}`);
  }

  // What a column stands for, as the server is told.
  function whose(column) {
    if (!column) return {};
    return shown.view === "rooms" ? { room_id: column.id } : { practitioner_id: column.id };
  }

  // Something in hand is put down; in the week of the team it keeps its time of day.
  async function put(item, target) {
    if (shown.view === "team") target.at = item.at;
    if (await moved(item.id, item.version, target, () => {})) window.clipboard.forget(item.id);
  }

  async function resize({ event, endDelta, revert }) {
    const before = shown.events.find((known) => known.id === event.id);
    const minutes = (asTime(before.end) - asTime(before.start)) / 60_000 + (endDelta?.seconds ?? 0) / 60;
    await moved(event.id, event.extendedProps.version, { ...parts(before.start), minutes }, revert);
  }

  async function drop({ event, delta, newResource, revert }) {
    const before = shown.events.find((known) => known.id === event.id);
    const target = parts(asWall(asTime(before.start) + (delta.days * 86_400 + delta.seconds) * 1000));
    await moved(event.id, event.extendedProps.version, { ...target, ...whose(newResource) }, revert);
  }

  // Move an appointment; whether it was done at once.
  async function moved(id, version, target, revert) {
    const response = await send(address(addresses.move, id), { ...target, version });
    if (response?.ok) { changed(await response.json()); return true; }
    const said = response ? await sentenceOf(response) : null;
    if (said?.panel) { await ask(said, revert); return false; }
    revert();
    if (!said) return false;
    window.panel.tell(said.sentence);
    if (!said.needs_reason) { refresh(); return false; }
    await open(id, { ...target, reason: "1" });
    window.panel.tell(said.sentence);
    return false;
  }

  // The move has a price: the entry stays where it was dropped until it is decided, or the panel is closed without.
  async function ask(said, revert) {
    await window.panel.open(said.panel);
    if (!window.panel.dialog().open) { revert(); return; }
    window.announce(said.sentence);
    undecided = revert;
  }

  function giveBack() {
    undecided?.();
    undecided = null;
  }

  // A refusal comes as JSON; what is refused before it is looked at (a form out of date) as a piece of page.
  async function sentenceOf(response) {
    if (response.headers.get("Content-Type")?.startsWith("application/json")) return response.json();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return { sentence: page.body.textContent.trim() };
  }

  function changed(said) {
    undecided = null;
    if (!calendar) { window.location.reload(); return; }
    window.panel.tell(said.sentence, "good");
    refresh();
  }

  async function refresh() {
    const [data, list] = await Promise.all([window.panel.ask(addresses.source), window.panel.ask(addresses.list)]);
    if (!data?.ok || !list?.ok) return;
    const [fresh, html] = [await data.json(), await list.text()];
    if (dragging) return;
    const giveBack = focusKept();
    const before = changeable();
    [shown, loadedAt] = [fresh, performance.now()];
    for (const [name, value] of Object.entries(changeable())) {
      if (JSON.stringify(value) !== JSON.stringify(before[name])) calendar.setOption(name, value);
    }
    if (shown.view !== "team") calendar.updateEvent(nowLine());
    if (html !== listed) dayList.innerHTML = listed = html;
    requestAnimationFrame(giveBack);
  }

  // What had the focus is drawn anew: give it to the same appointment, or to the page where that is gone.
  function focusKept() {
    const inCalendar = place.contains(document.activeElement);
    const id = document.activeElement.closest("[data-id]")?.dataset.id;
    return () => {
      if (!id || document.activeElement !== document.body) return;
      const area = inCalendar ? place : dayList;
      (area.querySelector(`a[data-id="${CSS.escape(id)}"], [data-id="${CSS.escape(id)}"] a`) ?? document.getElementById("main")).focus({ preventScroll: true });
    };
  }

  // Others book, too: a short question every few seconds, answered by "nothing new" nearly always, and by nobody while
  // the tab is hidden. The line of the present moves on once a minute.
  function idle() {
    return !document.hidden && !dragging && !window.panel.dialog().open;
  }
  async function askWhetherNew() {
    if (!idle() || asking) return;
    asking = true;
    try {
      const response = await fetch(addresses.version, { headers: { "If-None-Match": `"${shown.version}"`, "HX-Request": "true" } });
      if (response.status === 200 && response.headers.get("ETag") !== `"${shown.version}"` && idle()) await refresh();
    } catch { /* Not reached: the next question may be. */ } finally { asking = false; }
  }
  let asking = false;
  if (calendar) {
    setInterval(askWhetherNew, ASKED_EVERY);
    setInterval(() => { if (idle()) refresh(); }, REFRESHED_EVERY);
    document.addEventListener("visibilitychange", askWhetherNew);
  }
  window.diary = { calendar, put, place, whose, freeAt };
  if (calendar) document.addEventListener("free:found", (event) => drawFree(event.detail));

  window.panel.dialog().addEventListener("close", giveBack);
  document.addEventListener("appointment:changed", (event) => changed(event.detail));
  document.getElementById("choose").addEventListener("change", (event) => event.currentTarget.requestSubmit());
})();
