// Single keys do what an element marked data-key="…" does; ? shows them all. Both can be switched off (My account).
"use strict";

(() => {
  const overlay = document.getElementById("keys-help");
  const off = document.body.dataset.keys === "off";

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea, [contenteditable], details[open]")) return;
    if (off) return;
    if (event.key === "?" && overlay) { event.preventDefault(); show(); return; }
    const scrolls = event.target.closest(".ec-main");
    if (event.key.startsWith("Arrow") && scrolls && scrolls.scrollWidth > scrolls.clientWidth) return;
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
  });
  for (const button of document.querySelectorAll("[data-keys-help]")) button.addEventListener("click", show);
  overlay?.querySelector("[data-close]")?.addEventListener("click", () => overlay.close());

  // What works on this page is read from the page itself, so that the list is never wrong.
  function show() {
    const list = overlay.querySelector("dl");
    for (const row of list.querySelectorAll(".of-page")) row.remove();
    const always = list.firstElementChild;
    for (const element of document.querySelectorAll("[data-key]")) {
      const row = document.createElement("div");
      row.className = "of-page";
      const key = document.createElement("dt");
      key.append(Object.assign(document.createElement("kbd"), { textContent: named(element.dataset.key) }));
      row.append(key, Object.assign(document.createElement("dd"), { textContent: element.dataset.keyDoes ?? element.textContent.trim() }));
      always.before(row);
    }
    overlay.showModal();
  }

  function named(key) {
    return { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "␣" }[key] ?? key;
  }
})();
