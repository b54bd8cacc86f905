// What is changed in the diary: moved by dragging or from the clipboard, made longer, given a status, booked by a click.
"use strict";

Object.assign(diary, {
  undecided: null,
  inHand: null,

  send(target, entered) {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    return window.panel.ask(target, { method: "POST", body: new URLSearchParams(entered), headers });
  },

  async setStatus(id, version, status) {
    const response = await this.send(this.address(this.addresses.status, id), { status, version });
    if (!response) return;
    if (response.ok) { this.changed(await response.json()); return; }
    window.panel.tell((await this.sentenceOf(response)).sentence);
    this.refresh();
  },

  // A click on a free time puts down what is in hand, else it books.
  book({ dateStr, resource: column }) {
    if (!this.addresses.new) return;
    const clicked = this.parts(dateStr);
    if (window.clipboard?.chosen) { this.put(window.clipboard.chosen, { ...clicked, ...this.whose(column) }); return; }
    const wanted = new URLSearchParams(clicked);
    const practitioner = column?.id ?? this.practitioner();
    if (practitioner && !this.isOf("rooms")) wanted.set("practitioner_id", practitioner);
    if (this.isOf("team")) wanted.delete("at");
    window.panel.open(`${this.addresses.new}?${wanted}`);
  },

  // What a column stands for, as the server is told.
  whose(column) {
    if (!column) return {};
    return this.isOf("rooms") ? { room_id: column.id } : { practitioner_id: column.id };
  },

  // Something in hand is put down; in the week of the team it keeps its time of day.
  async put(item, target) {
    if (this.isOf("team")) target.at = item.at;
    this.inHand = item.id;
    await this.moved(item.id, item.version, target, () => {});
    if (!window.panel.dialog().open) this.inHand = null;
  },

  async resize({ event, endDelta, revert }) {
    const before = this.event(event.id);
    const minutes = this.minutes(before) + (endDelta?.seconds ?? 0) / 60;
    await this.moved(event.id, event.extendedProps.version, { ...this.parts(before.start), minutes }, revert);
  },

  async drop({ event, delta, newResource, revert }) {
    const before = this.asTime(this.event(event.id).start);
    const target = this.parts(this.asWall(before + (delta.days * 86_400 + delta.seconds) * 1000));
    await this.moved(event.id, event.extendedProps.version, { ...target, ...this.whose(newResource) }, revert);
  },

  // Move an appointment; whether it was done at once.
  async moved(id, version, target, revert) {
    const response = await this.send(this.address(this.addresses.move, id), { ...target, version });
    if (response?.ok) { this.changed(await response.json()); return true; }
    const said = response ? await this.sentenceOf(response) : null;
    if (said?.panel) { await this.ask(said, revert); return false; }
    revert();
    if (!said) return false;
    window.panel.tell(said.sentence);
    window.clipboard.follow(id, said.now);
    if (!said.needs_reason) { this.refresh(); return false; }
    await this.open(id, { ...target, reason: "1" });
    window.panel.tell(said.sentence);
    return false;
  },

  // The move has a price: the entry stays where it was dropped until it is decided, or the panel is closed without.
  async ask(said, revert) {
    await window.panel.open(said.panel);
    if (!window.panel.dialog().open) { revert(); return; }
    window.announce(said.sentence);
    this.undecided = revert;
  },

  giveBack() {
    this.undecided?.();
    this.undecided = this.inHand = null;
  },

  // A refusal comes as JSON; what is refused before it is looked at (a form out of date) as a piece of page.
  async sentenceOf(response) {
    if (response.headers.get("Content-Type")?.startsWith("application/json")) return response.json();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return { sentence: page.body.textContent.trim() };
  },

  // What was done on a day that is not shown is told with a way to it.
  tellWhere({ sentence, on, location }) {
    const last = this.asWall(this.asTime(`${this.shown.date}T00:00`) + (this.isOf("week", "team") ? 6 : 0) * 86_400_000).slice(0, 10);
    const isElsewhere = String(location) === this.addresses.place && (on < this.shown.date || on > last);
    const line = window.panel.tell(sentence, "good", isElsewhere ? 20_000 : undefined);
    if (!isElsewhere) return;
    const day = new URL(window.location);
    day.searchParams.set("on", on);
    line.append(Object.assign(this.line("a", this.addresses.go, "button small"), { href: day }));
  },

  changed(said) {
    this.undecided = null;
    window.clipboard.follow(said.id, said, this.inHand === String(said.id));
    if (!this.calendar) { window.location.reload(); return; }
    this.tellWhere(said);
    this.refresh();
  },
});

window.panel.dialog().addEventListener("close", () => diary.giveBack());
document.addEventListener("appointment:changed", (event) => diary.changed(event.detail));
