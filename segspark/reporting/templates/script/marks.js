// What is pointed at, or come to by the arrow keys, tells its value: on the screen, and to screen readers.
function tell(words, x, y, aloud) {
  const tip = document.getElementById("tip");
  tip.textContent = words;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x - width / 2, innerWidth - width - 8))}px`;
  tip.style.top = `${y - height - 10 > 0 ? y - height - 10 : y + 24}px`;
  if (aloud) document.getElementById("said").textContent = words;
}

function hush() {
  document.getElementById("tip").hidden = true;
}

// A figure is one stop of the Tab key; within it the arrow keys go from value to value, Escape and leaving end it.
function steps(svg, go, leave) {
  svg.setAttribute("tabindex", "0");
  svg.querySelector(":scope > title")?.remove(); // the label says it already; as a tooltip it would hide the values
  svg.setAttribute("aria-label", `${svg.getAttribute("aria-label")}; arrow keys tell values`);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      go(step);
    } else if (event.key === "Escape") leave();
  });
}

function startMarks(svg) {
  const marks = () => all(".mark:not(.dim)", svg);
  let here = null;
  const leave = () => {
    here?.classList.remove("here");
    here = null;
    hush();
  };
  const show = (mark, aloud) => {
    leave();
    here = mark;
    if (aloud) mark.classList.add("here");
    const box = mark.getBoundingClientRect();
    tell(mark.dataset.tip, box.left + box.width / 2, Math.max(box.top, 8), aloud);
  };
  svg.addEventListener("pointerover", (event) => {
    const mark = event.target.closest(".mark");
    if (mark) show(mark, false);
    else leave();
  });
  svg.addEventListener("pointerleave", leave);
  if (!marks().length) return;
  steps(svg, (step) => {
    const every = marks();
    const at = every.indexOf(here);
    if (every.length) show(every[at < 0 ? 0 : (at + step + every.length) % every.length], true);
  }, leave);
}
