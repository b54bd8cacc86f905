// The diary stays true: what others do appears within seconds, and the focus stays where it is.
"use strict";

Object.assign(diary, {
  refreshedEvery: 60_000,
  askedEvery: 4_000,
  list: document.getElementById("day-list"),
  listed: null,
  asking: false,

  async refresh() {
    const listed = this.list.querySelector("table, .empty") !== null; // a long list is there only where it was asked for
    const [data, list] = await Promise.all([window.panel.ask(this.addresses.source), listed ? window.panel.ask(this.addresses.list) : null]);
    if (!data?.ok || (listed && !list?.ok)) return;
    const [fresh, html] = [await data.json(), await list?.text()];
    if (this.dragging) return;
    this.countTasks(fresh.open_tasks);
    const giveBack = this.focusKept();
    const before = this.changeable();
    [this.shown, this.loadedAt] = [this.whole(fresh), performance.now()];
    for (const [name, value] of Object.entries(this.changeable())) {
      if (JSON.stringify(value) !== JSON.stringify(before[name])) this.calendar.setOption(name, value);
    }
    if (!this.isOf("team")) this.calendar.updateEvent(this.nowLine());
    if (listed && html !== this.listed) this.list.innerHTML = this.listed = html;
    requestAnimationFrame(giveBack);
  },

  // How many tasks wait stands in the navigation of who sees them.
  countTasks(open) {
    for (const count of document.querySelectorAll("[data-open-tasks]")) {
      count.hidden = !open;
      count.querySelector("b").textContent = open;
    }
  },

  // A long list comes when it is asked for; from then on it is kept up to date.
  async showList() {
    const list = await window.panel.ask(this.addresses.list);
    if (!list?.ok) return;
    this.list.innerHTML = this.listed = await list.text();
    document.getElementById("list-title").focus();
  },

  // Printed is the list, so it comes first.
  async printList() {
    if (document.querySelector("[data-show-list]")) await this.showList();
    window.print();
  },

  // What had the focus is drawn anew: give it to the same appointment, or to the page where that is gone.
  focusKept() {
    const inCalendar = this.place.contains(document.activeElement);
    const id = document.activeElement.closest("[data-id]")?.dataset.id;
    return () => {
      if (!id || document.activeElement !== document.body) return;
      const area = inCalendar ? this.place : this.list;
      (area.querySelector(`a[data-id="${CSS.escape(id)}"], [data-id="${CSS.escape(id)}"] a`) ?? document.getElementById("main")).focus({ preventScroll: true });
    };
  },

  idle() {
    return !document.hidden && !this.dragging && !window.panel.dialog().open;
  },

  // A short question every few seconds, answered by "nothing new" nearly always, and by nobody while the tab is hidden.
  async askWhetherNew() {
    if (!this.idle() || this.asking) return;
    this.asking = true;
    try {
      const response = await fetch(this.addresses.version, { headers: { "If-None-Match": `"${this.shown.version}"`, "HX-Request": "true" } });
      if (response.status === 200 && response.headers.get("ETag") !== `"${this.shown.version}"` && this.idle()) await this.refresh();
    } catch { /* Not reached: the next question may be. */ } finally { this.asking = false; }
  },

  // The line of the present moves on once a minute.
  live() {
    setInterval(() => this.askWhetherNew(), this.askedEvery);
    setInterval(() => { if (this.idle()) this.refresh(); }, this.refreshedEvery);
    document.addEventListener("visibilitychange", () => this.askWhetherNew());
    document.addEventListener("free:found", (event) => this.drawFree(event.detail));
    for (const button of document.querySelectorAll("[data-print-list]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.printList());
    }
    this.list.addEventListener("click", (click) => {
      if (!click.target.closest("[data-show-list]") || this.opensElsewhere(click)) return;
      click.preventDefault();
      this.showList();
    });
  },
});

if (diary.place) {
  diary.draw();
  diary.live();
}
diary.sayWhoseClock();
