// Who is asked in turn: ticking gives the next number, a number that is changed puts the others behind it.
"use strict";

(() => {
  const form = document.querySelector("form.ranking");
  const chain = document.getElementById("chain");
  const rows = [...(form?.querySelectorAll("li.row") ?? [])].map((row) => ({
    tick: row.querySelector("[name=chosen]"),
    turn: row.querySelector("[name^='turn-']"),
    name: row.querySelector("label b").textContent,
  })).filter((row) => row.turn);

  // Those who have a turn, in its order.
  const inOrder = () => rows.filter((row) => row.turn.value).sort((one, other) => one.turn.value - other.turn.value);
  let asked = inOrder();

  function number() {
    for (const row of rows) row.turn.value = asked.includes(row) ? asked.indexOf(row) + 1 : "";
    for (const row of rows) row.tick.checked = asked.includes(row);
    chain.replaceChildren(); // it told another order
    const names = asked.map((row, place) => `${place + 1}. ${row.name}`).join(", ");
    window.announce?.(chain.dataset.order.replace("{names}", names));
  }

  for (const row of rows) {
    const others = () => asked.filter((other) => other !== row);
    row.tick.addEventListener("change", () => {
      asked = row.tick.checked ? [...others(), row] : others();
      number();
    });
    row.turn.addEventListener("change", () => {
      const wanted = Number.parseInt(row.turn.value, 10);
      const rest = others();
      asked = wanted > 0 ? [...rest.slice(0, wanted - 1), row, ...rest.slice(wanted - 1)] : rest;
      number();
    });
  }
  form?.addEventListener("draft:back", () => { asked = inOrder(); });
})();
