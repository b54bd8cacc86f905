// What is drawn in the diary's calendar: appointments with their keys and button, free times, the line of the present.
"use strict";

Object.assign(diary, {
  statusKeys: { a: "arrived", c: "completed", o: "no_show", b: "booked" },
  arrives: new Set(["booked", "confirmed"]),

  booked() {
    return this.shown.events.filter((event) => event.display !== "background")
      .map((event) => ({ ...event, styles: event.extendedProps.colour ? [`--colour: ${event.extendedProps.colour}`] : [] }));
  },

  // When nobody treats, with the reason; in the week of everybody by whole days, with the times where it is a part of one.
  shut() {
    const gaps = this.shown.events.filter((event) => event.display === "background").map((gap) => ({ ...gap, why: this.why(gap) }));
    if (!this.isOf("team")) return gaps.map((gap) => ({ ...gap, extendedProps: { ...gap.extendedProps, why: gap.why } }));
    return gaps.flatMap((gap) => this.byDay(gap)).filter(({ why, whole }) => why || whole).map(({ gap, on, why, whole, times }, number) => ({
      id: `day-${number}`, resourceIds: gap.resourceIds, allDay: true, start: on, end: on, display: "background",
      classNames: whole ? gap.classNames : ["shut", "part"], extendedProps: { why: whole ? why : `${why} ${times}` },
    }));
  },

  why(gap) {
    return gap.extendedProps?.why || (gap.classNames.includes("away") ? this.addresses.away : gap.classNames.includes("closed") ? this.addresses.closed : "");
  },

  // What of a gap lies in the hours shown of each day.
  byDay(gap) {
    const days = [];
    for (let on = gap.start.slice(0, 10); `${on}T00:00` < gap.end; on = this.asWall(this.asTime(`${on}T00:00`) + 86_400_000).slice(0, 10)) {
      const [opens, shuts] = [`${on}T${this.shown.first}`, `${on}T${this.shown.last}`];
      const [starts, ends] = [gap.start > opens ? gap.start : opens, gap.end < shuts ? gap.end : shuts];
      if (starts < ends) days.push({ gap, on, why: gap.why, whole: starts === opens && ends === shuts, times: `${starts.slice(11)}–${ends.slice(11)}` });
    }
    return days;
  },

  // The component's own indicator knows only the browser's clock.
  nowLine() {
    const start = this.now();
    return {
      id: "now", start, end: this.asWall(this.asTime(start) + 60_000), display: "background", classNames: ["now"],
      resourceIds: this.shown.resources.map((column) => column.id),
    };
  },

  // A free time that the panel lists: drawn behind it, and taken there by a click.
  freeTime(slot) {
    return {
      id: `free-${slot.id}`, start: `${slot.on}T${slot.at}`, end: `${slot.on}T${slot.until}`, resourceIds: [slot.with],
      display: "background", classNames: slot.chosen ? ["free", "chosen"] : ["free"], extendedProps: { slot: slot.id },
    };
  },

  // Those at this location in a view of people; in the week of one practitioner, theirs.
  drawFree(slots) {
    const here = slots.filter((slot) => slot.location === this.addresses.place && (!this.isOf("week") || slot.with === this.practitioner()));
    const wanted = this.isOf("rooms") ? [] : here;
    if (JSON.stringify(wanted) === JSON.stringify(this.free)) return;
    this.free = wanted;
    this.calendar.setOption("events", this.changeable().events);
    requestAnimationFrame(() => this.place.querySelector(".ec-bg-event.free.chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  },

  // Which of the free times is drawn at a point of the window; of two that overlap, the one that begins later.
  freeAt(x, y) {
    const hit = [...this.place.querySelectorAll(".ec-bg-event.free")].map((element) => [element.getBoundingClientRect(), element.dataset.slot])
      .filter(([box]) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    return hit.sort(([one], [other]) => other.top - one.top)[0]?.[1];
  },

  columnName({ title, extendedProps: known }) {
    if (!known.week) return { domNodes: [this.line("span", title)] };
    const link = this.line("a", title, "column-name");
    link.href = known.week;
    link.style.setProperty("--colour", known.colour);
    return { domNodes: [link] };
  },

  drawn(event) {
    const known = event.extendedProps;
    if (event.display === "background") return { domNodes: known.why ? [this.line("span", known.why, "why")] : [] };
    const link = this.line("a", "", (event.end - event.start) / 900_000 * this.slotHeight() < 32 ? "entry-link short" : "entry-link");
    link.href = known.href ?? this.address(this.addresses.appointment, event.id);
    link.draggable = false;
    link.dataset.id = event.id;
    link.title = [known.time, event.title, known.detail, known.status].join("\n");
    const when = this.line("small", this.isOf("team") ? known.time.split("–")[0] : known.time);
    when.append(this.line("span", ` · ${known.status}`, "entry-status"));
    const what = this.line("span", known.detail);
    const name = this.line("b", this.isOf("team") ? event.title.replace(/^(\S)\S*\s+(\S.*)/, "$2 $1.") : event.title);
    link.append(...(this.isOf("team") ? [when, name, what] : this.isOf("week") ? [name, when, what] : [name, what, when]));
    link.addEventListener("click", (click) => { if (!this.opensElsewhere(click)) click.preventDefault(); });
    link.addEventListener("keydown", (key) => this.pressed(key, event));
    const today = !this.isOf("team") && this.parts(this.wallOf(event.start)).on <= this.parts(this.now()).on;
    return { domNodes: this.addresses.status && today && this.arrives.has(known.code) ? [link, this.arrived(event)] : [link] };
  },

  // Keys on an appointment: Enter opens, m moves, x takes it in hand, the letters of the statuses set them.
  pressed(key, event) {
    const known = event.extendedProps;
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    const single = document.body.dataset.keys !== "off" && known.version;
    const deeds = {
      Enter: () => this.open(event.id),
      ...(single && this.addresses.move ? { m: () => this.open(event.id, { ...this.parts(this.event(event.id).start), move: "1" }), x: () => window.clipboard.cut(event.id) } : {}),
      ...(single && this.addresses.status && this.statusKeys[key.key] ? { [key.key]: () => this.setStatus(event.id, known.version, this.statusKeys[key.key]) } : {}),
    };
    if (!deeds[key.key]) return;
    key.preventDefault();
    key.stopPropagation();
    deeds[key.key]();
  },

  // One click for what happens most at a desk.
  arrived(event) {
    const button = this.line("button", "●", "arrive");
    button.type = "button";
    button.title = this.addresses.arrived;
    button.setAttribute("aria-label", `${this.addresses.arrived}: ${event.title}`);
    for (const name of ["pointerdown", "click", "keydown"]) button.addEventListener(name, (deed) => deed.stopPropagation());
    button.addEventListener("click", () => this.setStatus(event.id, event.extendedProps.version, "arrived"));
    return button;
  },

  mounted(element, event) {
    if (event.extendedProps.slot) element.dataset.slot = event.extendedProps.slot;
    if (event.extendedProps.title) element.title = event.extendedProps.title;
    if (event.display === "background") return;
    element.removeAttribute("role");
    element.removeAttribute("tabindex");
    element.dataset.id = event.id;
  },

  line: (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className }),
});
