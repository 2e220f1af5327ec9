"use strict";
document.documentElement.classList.add("js");
const table = document.querySelector("table.groups");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const NAME = 1;
const byName = new Intl.Collator("en", { numeric: true }).compare;
const amount = (row, column) => Number(row.cells[column].dataset.v);
const compare = (a, b, column) =>
  column === NAME
    ? byName(a.cells[NAME].textContent, b.cells[NAME].textContent)
    : amount(a, column) - amount(b, column) || amount(b, 0) - amount(a, 0);
heads.forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const old = head.getAttribute("aria-sort");
    const order = old ? (old === "ascending" ? "descending" : "ascending") : column <= NAME ? "ascending" : "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows];
    rows.sort((a, b) => sign * compare(a, b, column));
    body.append(...rows);
  });
});
const find = document.getElementById("find");
find.addEventListener("input", () => {
  const text = find.value.trim().toLowerCase();
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = !row.cells[1].textContent.toLowerCase().includes(text);
    shown += row.hidden ? 0 : 1;
  }
  document.getElementById("found").textContent = text ? `${shown} of ${body.rows.length}` : "";
});
for (const copy of document.querySelectorAll(".copy")) {
  copy.addEventListener("click", async () => {
    const command = document.getElementById(copy.dataset.of);
    try {
      await navigator.clipboard.writeText(command.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      copy.textContent = "Selected";
    }
  });
}
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((one) => (one.open = true));
});
addEventListener("afterprint", () => closed.forEach((one) => (one.open = false)));
