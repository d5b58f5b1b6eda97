"""The page in a real browser: nothing fetched, nothing run, nothing cut off, on a desk and on a phone."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from segspark.reporting.comparison import render_comparison
from segspark.reporting.page import render

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SAMPLE = Path(__file__).parents[1] / "unit" / "reporting" / "sample.py"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = [(1280, 900), (390, 844)]


@pytest.fixture(scope="module")
def sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("segspark_report_sample", SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    assert path, "Chromium is missing: install it (Debian: apt-get install chromium) to run the tests marked browser."
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("Playwright is missing: pip install playwright (its own browsers are not needed).")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


class Visit:
    """One opening of a page, with everything it said and asked for."""

    def __init__(self, browser: Any, file: Path, size: tuple[int, int], scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def fetched(self) -> list[str]:
        return [url for url in self.requests if not url.startswith("data:")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, sample: ModuleType) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    reports = {"good": sample.report(warning="Little structure."), "hostile": sample.hostile_report()}
    pages = {name: render(report) for name, report in reports.items()}
    pages["comparison"] = render_comparison(sample.comparison_page())
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture
def visit(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    visits: list[Visit] = []

    def open_page(name: str, size: tuple[int, int] = SIZES[0], scheme: str = "light") -> Visit:
        visits.append(Visit(browser, files[name], size, scheme))
        return visits[-1]

    yield open_page
    for one in visits:
        one.context.close()


@pytest.mark.parametrize("name", ["good", "hostile", "comparison"])
def test_nothing_but_the_file_is_fetched_and_the_console_is_silent(visit, files, name):
    opened = visit(name)
    assert opened.fetched() == [files[name].as_uri()]
    assert opened.said == []


@pytest.mark.parametrize("size", SIZES)
def test_all_sections_and_figures_are_visible(visit, size):
    page = visit("good", size).page
    assert page.locator("h2").count() == 10
    for selector, count in (("section[id]", 10), ("article", 5), ("figure svg", 5), ("figcaption", 5), (".warning", 1)):
        found = page.locator(selector)
        assert found.count() == count, selector
        assert all(one.is_visible() for one in found.all()), selector


@pytest.mark.parametrize("name", ["good", "hostile", "comparison"])
@pytest.mark.parametrize("size", SIZES)
def test_the_body_never_scrolls_sideways_even_with_all_tables_open(visit, name, size):
    page = visit(name, size).page
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_cards_stand_in_one_column_on_a_phone_and_in_three_on_a_desk(visit):
    for size, columns in ((SIZES[1], 1), (SIZES[0], 3)):
        boxes = [card.bounding_box() for card in visit("good", size).page.locator("article").all()]
        assert len({round(box["x"]) for box in boxes}) == columns


def test_a_hostile_name_is_text_to_read_in_the_page_and_in_its_figures(visit, sample):
    opened = visit("hostile")
    for name in sample.HOSTILE[:2]:
        assert opened.page.locator("h3", has_text=name).first.is_visible()
        assert opened.page.locator("figure svg text", has_text=name).first.is_visible()
    assert opened.page.locator("script, img").count() == 0
    assert opened.said == []


def test_a_table_stands_behind_each_figure(visit):
    page = visit("good").page
    assert page.locator("figure table").filter(visible=True).count() == 0
    for summary in page.locator("figure summary").all():
        summary.click()
    assert page.locator("figure table").filter(visible=True).count() == 5
    assert page.locator("#selection tbody tr").count() == 27


@pytest.mark.parametrize(("scheme", "ink"), [("light", "rgb(29, 36, 51)"), ("dark", "rgb(232, 235, 241)")])
def test_text_of_page_and_figures_follows_the_colour_scheme(visit, scheme, ink):
    page = visit("good", scheme=scheme).page
    assert page.evaluate("getComputedStyle(document.body).color") == ink
    name = page.locator("figure svg text", has_text="Bargain hunters").first
    assert name.evaluate("element => getComputedStyle(element).fill") == ink


def test_no_text_of_a_figure_is_cut_off_at_its_edge(visit):
    outside = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
            const own = text.getBoundingClientRect();
            return own.left < box.left - 1 || own.right > box.right + 1
                || own.top < box.top - 1 || own.bottom > box.bottom + 1;
        }).map(text => text.textContent);
    })"""
    for size in (SIZES[0], (760, 1000)):
        for name in ("good", "comparison"):
            assert visit(name, size).page.evaluate(outside) == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_condition_of_the_tree_of_splits_runs_into_its_bar(visit, scheme):
    overlaps = """() => {
        const svg = document.querySelector('#splits svg');
        const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
        const named = boxes.filter(([said]) => said.includes(' '));
        const bars = Math.min(...boxes.filter(one => !named.includes(one)).map(([, box]) => box.left));
        return [named.length, named.filter(([, box]) => box.right > bars).map(([said]) => said)];
    }"""
    named, overlapping = visit("good", (760, 1000), scheme).page.evaluate(overlaps)
    assert (named, overlapping) == (13, [])


def test_paper_shows_every_table_on_white_and_nothing_beyond_its_edge(visit):
    page = visit("good", (760, 1000), scheme="dark").page
    page.emulate_media(media="print")
    assert page.locator("#selection tbody tr").last.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 760


@pytest.mark.parametrize(("scheme", "first"), [("light", "#3574b8"), ("dark", "#4291e6")])
def test_the_page_that_compares_shows_matrix_diagram_and_cards_in_the_colours_of_the_scheme(visit, scheme, first):
    page = visit("comparison", scheme=scheme).page
    for selector, count in (("article", 3), ("figure svg", 2), ("#migration figure tbody tr", 5)):
        found = page.locator(selector)
        assert found.count() == count, selector
        assert all(one.is_visible() for one in found.all()), selector
    wanted = "rgb({}, {}, {})".format(*(int(first[at : at + 2], 16) for at in (1, 3, 5)))
    painted = "() => [...document.querySelectorAll('figure svg path')].map(one => getComputedStyle(one).fill)"
    assert wanted in page.evaluate(painted)


def test_the_page_that_compares_fits_on_paper(visit):
    page = visit("comparison", (760, 1000), scheme="dark").page
    page.emulate_media(media="print")
    assert page.locator("#features tbody tr").last.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 760
