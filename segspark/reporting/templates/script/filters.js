// The choice of a segment and of periods. Whatever belongs to a segment says so in data-at (several: by spaces), rows
// of a period in data-period; -1 are all customers, who are never filtered away.
const chosen = { segment: "", from: 0, to: Infinity };

function isOther(element) {
  const own = element.dataset.at.split(" ");
  return chosen.segment !== "" && !own.includes("-1") && !own.includes(chosen.segment);
}

function isOutside(element) {
  const period = Number(element.dataset.period);
  return period < chosen.from || period > chosen.to;
}

function applyFilters(periods) {
  for (const page of all("[data-filtered]")) {
    for (const mark of all("svg .mark[data-at]", page)) mark.classList.toggle("dim", isOther(mark));
    for (const element of all(":not(.mark)[data-at]:not(svg *)", page)) {
      const away = isOther(element) || ("period" in element.dataset && isOutside(element));
      element.classList.toggle("away", away);
    }
  }
  filterComparisons(periods);
}

// A comparison is shown where the later of its dates is in the chosen periods, or at their end.
function filterComparisons(periods) {
  const comparisons = all(".comparison");
  const narrowed = chosen.from > 0 || chosen.to < periods.length - 1;
  for (const one of comparisons) {
    const { until } = one.dataset;
    one.classList.toggle("away", narrowed && !(periods[chosen.from].start < until && until <= periods[chosen.to].end));
  }
  const none = document.getElementById("no-comparison");
  if (none) none.hidden = comparisons.some((one) => !one.classList.contains("away"));
}

function startFilters({ names, everybody, periods }, redraw) {
  const form = document.querySelector(".filters");
  if (!form) return;
  const { segment, from, to } = form.elements;
  const read = () => {
    if (from && from.selectedIndex > to.selectedIndex) to.selectedIndex = from.selectedIndex;
    Object.assign(chosen, { segment: segment.value, from: from?.selectedIndex ?? 0, to: to?.selectedIndex ?? Infinity });
    applyFilters(periods);
    redraw();
    const who = segment.value === "" ? everybody : names[segment.value];
    const when = from ? `, ${periods[chosen.from].label} to ${periods[chosen.to].label}` : "";
    document.getElementById("said").textContent = `Shown: ${who}${when}`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", read);
  form.addEventListener("reset", () => setTimeout(read));
  form.reset();
  chosen.to = periods.length ? periods.length - 1 : Infinity;
}
