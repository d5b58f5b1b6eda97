// One page at a time, chosen by the address behind #: a page, or anything on a page. Paper gets all of them.
const root = document.documentElement;
root.classList.add("js");
root.dataset.page = /^#(segments|migration|kpis|quality|model)$/.test(location.hash) ? location.hash.slice(1) : "overview";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const data = () => JSON.parse(document.getElementById("data").textContent);

function make(tag, settings = {}, ...children) {
  const element = Object.assign(document.createElement(tag), settings);
  element.append(...children);
  return element;
}

function target() {
  try {
    return document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null; // no address that a page could have
  }
}

function showPage(moved) {
  const wanted = target();
  if (wanted && !wanted.closest(".page")) return; // the link that skips to the content
  const page = wanted?.closest(".page") ?? document.querySelector(".page");
  root.dataset.page = page.id;
  for (const link of all("nav a")) {
    if (link.hash === `#${page.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const filters = document.querySelector(".filters");
  if (filters) filters.hidden = !("filtered" in page.dataset);
  const heading = page.querySelector("h2");
  document.title = `${heading.textContent} – ${document.querySelector("h1").textContent}`;
  if (wanted && wanted !== page) wanted.scrollIntoView();
  else if (moved) scrollTo({ top: 0, behavior: "instant" });
  if (moved) heading.focus({ preventScroll: true });
}

function startPages() {
  addEventListener("hashchange", () => showPage(true));
  showPage(false);
}

// The switch between light and dark overrules what the system prefers, as long as the file is open.
function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = make("button", { type: "button", className: "theme" });
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const name = () => { button.textContent = isDark() ? "Light colours" : "Dark colours"; };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  name();
  document.querySelector("header").append(button);
}
