// The diary's calendar: what it is made of. The files beside this one draw in it (diary_drawing), change what it shows
// (diary_changes) and keep it up to date (diary_live); they share this object.
"use strict";

const diary = {
  place: document.getElementById("calendar"),
  shown: null,
  loadedAt: performance.now(),
  dragging: false,
  free: [],
  views: { day: "resourceTimeGridDay", rooms: "resourceTimeGridDay", team: "resourceTimelineWeek", week: "timeGridWeek" },

  // What many appointments share is sent once; here each is made whole, as the calendar component takes it.
  whole({ booked: { rows, spans, kinds }, ...shown }) {
    const booked = rows.map(([id, column, span, kind, version, title, detail]) => {
      const [start, end, time] = spans[span];
      const { code, status, colour, ...drawn } = kinds[kind];
      return { id: String(id), resourceIds: [column], start, end, title, ...drawn, extendedProps: { code, status, colour, version, detail, time } };
    });
    return { ...shown, events: [...booked, ...shown.events] };
  },

  // Wall times are reckoned with as if they were UTC: no zone, neither the browser's nor its clock changes, comes in.
  asTime: (wall) => Date.parse(`${wall}Z`),
  asWall: (time) => new Date(time).toISOString().slice(0, 16),
  parts: (wall) => ({ on: wall.slice(0, 10), at: wall.slice(11, 16) }),
  now() { return this.asWall(this.asTime(this.shown.now) + performance.now() - this.loadedAt); },
  // The calendar component hands out dates of the browser's clock whose figures are the wall time.
  wallOf(date) { return this.asWall(date.getTime() - date.getTimezoneOffset() * 60_000); },

  get addresses() { return this.place?.dataset; },
  address: (pattern, id) => pattern.replace(/\/0(?=\/|$)/, `/${id}`),
  isOf: (...views) => views.includes(diary.shown.view),
  practitioner() { return new URL(this.addresses.source, window.location).searchParams.get("practitioner_id"); },
  event(id) { return this.shown.events.find((known) => known.id === id); },

  draw() {
    const moves = Boolean(this.addresses.move);
    this.calendar = window.EventCalendar.create(this.place, {
      view: this.views[this.shown.view],
      date: this.shown.date,
      firstDay: 1,
      locale: document.documentElement.lang,
      headerToolbar: { start: "", center: "", end: "" },
      allDaySlot: false,
      ...(this.isOf("team") ? { slotDuration: { days: 1 } } : { slotDuration: "00:15:00", slotLabelInterval: "01:00:00" }),
      columnWidth: this.isOf("day", "rooms") ? "minmax(9rem, 1fr)" : "minmax(7.5rem, 1fr)",
      ...this.changeable(),
      scrollTime: this.beginning(),
      nowIndicator: false,
      editable: moves,
      eventDurationEditable: moves,
      longPressDelay: 400,
      dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
      slotLabelFormat: { hour: "2-digit", minute: "2-digit" },
      resourceLabelContent: ({ resource }) => this.columnName(resource),
      eventContent: ({ event }) => this.drawn(event),
      eventDidMount: ({ el, event }) => this.mounted(el, event),
      eventClick: ({ event, jsEvent }) => this.opensElsewhere(jsEvent) || this.open(event.id),
      dateClick: (click) => this.book(click),
      eventDragStart: () => { this.dragging = true; },
      eventDragStop: () => { this.dragging = false; },
      eventResizeStart: () => { this.dragging = true; },
      eventResizeStop: () => { this.dragging = false; },
      eventDrop: (drop) => this.drop(drop),
      eventResize: (resize) => this.resize(resize),
    });
    this.place.hidden = false;
    const main = this.place.querySelector(".ec-main");
    main.tabIndex = 0;
    main.setAttribute("role", "region");
    main.setAttribute("aria-labelledby", "diary-title");
    this.strip();
    new MutationObserver(() => this.strip()).observe(this.place, { childList: true, subtree: true, attributeFilter: ["role", "aria-colindex"] });
  },

  // What comes anew from the server.
  changeable() {
    return {
      slotHeight: this.slotHeight(),
      slotMinTime: this.shown.first,
      slotMaxTime: this.shown.last,
      hiddenDays: this.shown.left_out,
      highlightedDates: this.isOf("week", "team") ? [this.now().slice(0, 10)] : [],
      resources: this.isOf("week") ? [] : this.shown.resources,
      events: [...this.booked(), ...this.shut(), ...this.free.map(this.freeTime), ...(this.isOf("team") ? [] : [this.nowLine()])],
    };
  },

  minutes(event) { return (this.asTime(event.end) - this.asTime(event.start)) / 60_000; },

  // A quarter of an hour is drawn the higher the shorter appointments there are: each has a line that can be read. Asked
  // for each of them, and reckoned once for all.
  slotHeight() {
    this.shown.height ??= this.heightFor(this.shown.events);
    return this.shown.height;
  },
  heightFor(events) {
    const shortest = Math.min(...events.filter((event) => event.display !== "background").map((event) => this.minutes(event)));
    return shortest < 10 ? 48 : shortest < 15 ? 36 : 24;
  },

  beginning() {
    const { on, at } = this.parts(this.asWall(this.asTime(this.now()) - 3_600_000));
    return on === this.shown.date ? `${at.slice(0, 2)}:00` : this.shown.first;
  },

  // Tell when the computer's clock shows other times than the location's on the day that is looked at.
  sayWhoseClock() {
    const here = this.wallOf(new Date(this.shown.noon * 1000));
    document.getElementById("other-clock").hidden = here === `${this.shown.date}T12:00`;
  },

  // The component's table roles describe no table; without them its text reads in order.
  strip() {
    for (const element of this.place.querySelectorAll("[role=row], [role=rowgroup], [role=columnheader], [role=rowheader], [role=grid], [role=table], [role=gridcell], [role=cell], [aria-colindex]")) {
      for (const name of ["role", "aria-colindex", "aria-colspan"]) element.removeAttribute(name);
    }
  },

  // An appointment in the panel; a slot that is kept leads to the plan that it is kept for.
  open(id, more = {}) {
    if (String(id).startsWith("held-")) {
      const kept = this.event(id)?.extendedProps.href;
      if (kept) window.location = kept;
      return null;
    }
    const query = new URLSearchParams(more).toString();
    return window.panel.open(this.address(this.addresses.appointment, id) + (query ? `?${query}` : ""));
  },

  opensElsewhere: (click) => click.ctrlKey || click.metaKey || click.shiftKey,
};
diary.shown = diary.whole(JSON.parse(document.getElementById("calendar-data").textContent));
window.diary = diary;
document.getElementById("choose").addEventListener("change", (event) => event.currentTarget.requestSubmit());
