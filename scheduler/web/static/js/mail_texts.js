// The words of a mail: chips put fields where one was writing, and the frame shows the mail a moment after typing.
"use strict";

(() => {
  const PAUSE_MS = 600;
  const form = document.querySelector("[data-mail-text]");
  const show = form?.querySelector("[data-show]");
  if (!show) return;

  const texts = [...form.querySelectorAll("#subject, #lead, #closing")];
  let last = form.querySelector("#lead");
  let timer = 0;

  for (const text of texts) text.addEventListener("focus", () => { last = text; });

  form.addEventListener("click", (event) => {
    const field = event.target.closest("[data-field]")?.dataset.field;
    if (!field) return;
    last.setRangeText(field, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    last.dispatchEvent(new Event("input", { bubbles: true }));
  });

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => form.requestSubmit(show), PAUSE_MS);
  });
})();
