// Tables as CSV and figures as PNG, made in the page itself.
function save(name, blob) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const fileName = (name, kind) => `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "table"}.${kind}`;

// A cell that a spreadsheet could take for a formula gets an apostrophe before it.
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function cellText(cell) {
  if (cell.dataset.v) return cell.dataset.v;
  const parts = all(".place", cell).map((one) => one.textContent.trim());
  const own = [...cell.childNodes].filter((node) => !(node.classList?.contains("place")));
  return [own.map((node) => node.textContent).join("").trim(), ...parts].filter(Boolean).join(" | ").replace(/\s+/g, " ");
}

// Numbers in full, rows in the order and the choice in which they are shown; the mark at the start is for Excel.
function csvOf(table) {
  const rows = [...table.rows].filter((row) => !row.classList.contains("away"));
  return `\uFEFF${rows.map((row) => [...row.cells].map((cell) => csvCell(cellText(cell))).join(",")).join("\r\n")}\r\n`;
}

const STYLES = [
  "display", "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "opacity", "font-size", "font-family", "font-weight", "text-anchor", "vector-effect",
];

function standalone(svg, width, height) {
  const copy = svg.cloneNode(true);
  const [own, copied] = [svg, copy].map((one) => [one, ...all("*", one)]);
  own.forEach((element, at) => {
    const computed = getComputedStyle(element);
    copied[at].removeAttribute("class");
    copied[at].setAttribute("style", STYLES.map((name) => `${name}:${computed.getPropertyValue(name)}`).join(";"));
  });
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return new XMLSerializer().serializeToString(copy);
}

// Twice the size of the drawing, on the panel's colour, with its name above it.
async function pngOf(svg, title) {
  const { width, height } = svg.viewBox.baseVal;
  const [scale, head] = [2, 34];
  const picture = new Image();
  const url = URL.createObjectURL(new Blob([standalone(svg, width * scale, height * scale)], { type: "image/svg+xml" }));
  picture.src = url;
  await picture.decode();
  const canvas = make("canvas", { width: width * scale, height: (height + head) * scale });
  const pen = canvas.getContext("2d");
  const { color, backgroundColor } = getComputedStyle(svg.closest(".panel"));
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = color;
  pen.font = `600 ${13 * scale}px system-ui, sans-serif`;
  pen.fillText(title, 12 * scale, 22 * scale, canvas.width - 24 * scale);
  pen.drawImage(picture, 0, head * scale);
  URL.revokeObjectURL(url);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

function tool(words, label, action) {
  const button = make("button", { type: "button", className: "tool", textContent: words, ariaLabel: label });
  button.addEventListener("click", action);
  return make("p", { className: "tools" }, button);
}

function startDownloads() {
  for (const table of all("table[data-file]")) {
    const name = fileName(table.dataset.file, "csv");
    const csv = () => save(name, new Blob([csvOf(table)], { type: "text/csv;charset=utf-8" }));
    table.closest(".scroll").after(tool("Save as CSV", `Save the table as ${name}`, csv));
  }
  for (const svg of all("figure svg[role=img]:not(.trend)")) {
    const title = svg.getAttribute("aria-label");
    const name = fileName(title, "png");
    const caption = svg.closest("figure").querySelector("figcaption");
    caption.before(tool(svg.classList.contains("chart") ? "PNG" : "Save as PNG", `Save the figure as ${name}`, async () => save(name, await pngOf(svg, title))));
  }
}
