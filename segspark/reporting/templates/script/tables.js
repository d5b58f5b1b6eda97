// Tables that are sorted by a click, or by Enter, on the head of a column: numbers by value, unknown ones last.
function valueOf(cell, numeric) {
  if (!numeric) return cell.textContent.trim();
  if ("v" in cell.dataset) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  const text = (cell.firstChild?.textContent ?? "").trim();
  const found = /^[^\d+-]*([+-]?\d[\d,]*(\.\d+)?)/.exec(text.replace(/^≤.*/, ""));
  return found ? Number(found[1].replaceAll(",", "")) : null;
}

function compare(one, other, down) {
  if (one === null || other === null) return (one === null) - (other === null);
  const order = typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
  return down ? -order : order;
}

function sortTable(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = head.classList.contains("n");
  const body = table.tBodies[0];
  const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
  const keyed = rows.map((row) => [valueOf(row.cells[column], numeric), row]);
  keyed.sort(([one], [other]) => compare(one, other, down));
  body.prepend(...keyed.map(([, row]) => row));
}

function startTable(table) {
  all("thead th", table).forEach((head, column) => {
    const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
    button.addEventListener("click", () => sortTable(table, column, head));
    head.append(button);
  });
}
