"""The pages in a real browser: nothing fetched, nothing cut off, on a desk and on a phone, on screen and on paper."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from segspark.reporting.comparison import render_comparison
from segspark.reporting.page import render

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SAMPLE = Path(__file__).parents[1] / "unit" / "reporting" / "sample.py"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = [(1280, 900), (360, 780)]
PAGES = ["overview", "segments", "migration", "kpis", "quality", "model"]


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

    def __init__(
        self, browser: Any, file: Path, size: tuple[int, int], scheme: str, at: str = "", scripted: bool = True
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=scripted
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri() + (f"#{at}" if at else ""))

    def fetched(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(("data:", "blob:"))]


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

    def open_page(name: str, size: tuple[int, int] = SIZES[0], scheme: str = "light", **more: Any) -> Visit:
        visits.append(Visit(browser, files[name], size, scheme, **more))
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
def test_all_sections_and_figures_are_visible_without_script_one_page_after_the_other(visit, size):
    page = visit("good", size, scripted=False).page
    assert page.locator("h2").all_inner_texts() == [
        "Overview", "Segments", "Migration", "KPIs", "Data quality", "Model",
    ]  # fmt: skip
    for selector, count in (("section[id]", 28), ("article", 5), ("figure svg[role=img]", 14), (".warning", 1)):
        found = page.locator(selector)
        assert found.count() == count, selector
        assert all(one.is_visible() for one in found.all()), selector
    assert page.locator("button:visible, .filters:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("name", ["good", "hostile", "comparison"])
@pytest.mark.parametrize("size", SIZES)
def test_the_body_never_scrolls_sideways_even_with_all_tables_open(visit, name, size):
    page = visit(name, size).page
    for at in PAGES if name != "comparison" else [""]:
        page.evaluate("at => { location.hash = at; }", at)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], at


def test_cards_stand_in_one_column_on_a_phone_and_in_three_on_a_desk(visit):
    for size, columns in ((SIZES[1], 1), (SIZES[0], 3)):
        boxes = [card.bounding_box() for card in visit("good", size, at="segments").page.locator("article").all()]
        assert len({round(box["x"]) for box in boxes}) == columns


def test_a_hostile_name_is_text_to_read_on_every_page_and_in_the_figures(visit, sample):
    opened = visit("hostile")
    name = sample.HOSTILE[0]
    for at in PAGES:
        opened.page.evaluate("at => { location.hash = at; }", at)
        opened.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert opened.page.locator(f"#{at}").get_by_text(name).filter(visible=True).count(), at
    opened.page.evaluate("location.hash = 'segments'")
    assert all(opened.page.locator("h4", has_text=one).first.is_visible() for one in sample.HOSTILE[:2])
    opened.page.evaluate("location.hash = 'overview'")
    assert all(opened.page.locator("#sizes svg text", has_text=one).first.is_visible() for one in sample.HOSTILE[:2])
    assert opened.page.locator("img, script[src]").count() == 0
    assert opened.page.locator("script").count() == 2
    assert opened.said == []


def test_a_table_stands_behind_each_figure(visit):
    page = visit("good").page
    for figure in page.locator("figure").all():
        assert figure.locator("table tbody tr").count()
    page.evaluate("location.hash = 'model'")
    page.locator("#selection summary").click()
    assert page.locator("#selection tbody tr").filter(visible=True).count() == 27


@pytest.mark.parametrize(("scheme", "ink"), [("light", "rgb(29, 36, 51)"), ("dark", "rgb(232, 235, 241)")])
def test_text_of_page_and_figures_follows_the_colour_scheme(visit, scheme, ink):
    page = visit("good", scheme=scheme).page
    assert page.evaluate("getComputedStyle(document.body).color") == ink
    name = page.locator("figure svg text", has_text="Bargain hunters").first
    assert name.evaluate("element => getComputedStyle(element).fill") == ink


def test_no_text_of_a_figure_is_cut_off_at_its_edge(visit):
    outside = """() => [...document.querySelectorAll('figure svg[role=img]')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
            const own = text.getBoundingClientRect();
            return own.left < box.left - 1 || own.right > box.right + 1
                || own.top < box.top - 1 || own.bottom > box.bottom + 1;
        }).map(text => text.textContent);
    })"""
    for size in (SIZES[0], (760, 1000)):
        page = visit("good", size).page
        for at in PAGES:
            page.evaluate("at => { location.hash = at; }", at)
            assert page.evaluate(outside) == [], at
        assert visit("comparison", size).page.evaluate(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_condition_of_the_tree_of_splits_runs_into_its_bar(visit, scheme):
    overlaps = """() => {
        const svg = document.querySelector('#splits svg');
        const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
        const named = boxes.filter(([said]) => said.includes(' '));
        const bars = Math.min(...boxes.filter(one => !named.includes(one)).map(([, box]) => box.left));
        return [named.length, named.filter(([, box]) => box.right > bars).map(([said]) => said)];
    }"""
    named, overlapping = visit("good", (760, 1000), scheme, at="model").page.evaluate(overlaps)
    assert (named, overlapping) == (13, [])


def test_paper_shows_every_table_on_white_and_nothing_beyond_its_edge(visit):
    page = visit("good", (760, 1000), scheme="dark").page
    page.emulate_media(media="print")
    assert all(one.is_visible() for one in page.locator("h2").all())
    assert page.locator("#selection tbody tr").last.is_visible()
    assert page.locator(".bar:visible, .tool:visible, .theme:visible").count() == 0
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


def shown(page: Any) -> list[str]:
    return [one.get_attribute("id") for one in page.locator(".page").filter(visible=True).all()]


def test_each_page_has_an_address_a_link_and_a_title_and_is_alone(visit):
    page = visit("good").page
    assert shown(page) == ["overview"]
    for at in PAGES[1:]:
        page.locator(f"nav a[href='#{at}']").click()
        assert shown(page) == [at]
        assert page.locator("nav a[aria-current=page]").get_attribute("href") == f"#{at}"
        assert page.locator(":focus").get_attribute("id") == f"{at}-heading"
        assert page.title().startswith(page.locator(f"#{at} h2").inner_text())
    page.go_back()
    assert shown(page) == ["quality"]


@pytest.mark.parametrize(
    ("at", "page"), [("kpis", "kpis"), ("ledger", "quality"), ("nowhere", "overview"), ("%E0%A4%A", "overview")]
)
def test_an_address_leads_to_its_page_and_to_what_is_on_it(visit, at, page):
    opened = visit("good", at=at)
    assert shown(opened.page) == [page]
    assert opened.said == []


def test_a_chosen_segment_is_alone_in_cards_rows_and_legend_and_held_against_all_customers(visit):
    page = visit("good", at="segments").page
    page.locator("[name=segment]").select_option("Bargain hunters")
    assert page.locator("article h4:visible").all_inner_texts() == ["Bargain hunters"]
    assert [one.strip() for one in page.locator("#worth tbody th:visible").all_inner_texts()] == ["Bargain hunters"]
    assert page.locator("#differences .mark.dim").count() == 40  # ten features of the four others
    page.locator("nav a[href='#kpis']").click()
    page.evaluate("document.querySelector('#kpi-0 details').open = true")
    names = page.locator("#kpi-0 tbody tr:visible th").all_inner_texts()
    assert names == ["All customers"] * 11 + ["Bargain hunters"] * 11
    assert page.locator("#kpi-0 .series:not(.off)").count() == 2
    assert page.locator("#kpi-0 .series.chosen .band").is_visible()
    # The figure's head is the segment's own latest value, as the table's last row has it.
    last = page.locator("#kpi-0 tbody tr:visible td:nth-child(3)").last.inner_text()
    assert page.locator("#kpi-0 .latest b").inner_text() == last
    page.get_by_role("button", name="Show all").click()
    page.locator("#kpi-0 .series.off").first.wait_for(state="detached")


def test_chosen_periods_leave_their_rows_and_comparisons_and_the_axis_shows_them(visit):
    page = visit("good", at="kpis").page
    page.locator("[name=from]").select_option("2017-09")
    page.locator("[name=to]").select_option("2017-10")
    page.evaluate("document.querySelector('#kpi-0 details').open = true")
    assert set(page.locator("#kpi-0 tbody tr:visible td:nth-child(2)").all_inner_texts()) == {"2017-09", "2017-10"}
    assert page.locator("#kpi-0 .ticks .x").all_text_contents() == ["2017-09", "2017-10"]
    page.locator("nav a[href='#migration']").click()
    assert page.locator(".comparison:visible h3").all_inner_texts() == ["2017-10-01 to 2017-11-01 blip"]
    page.locator("[name=to]").select_option("2017-09")
    assert page.locator("#no-comparison").is_visible()


def test_a_choice_of_periods_that_ends_before_it_begins_ends_where_it_begins(visit):
    page = visit("good", at="kpis").page
    page.locator("[name=to]").select_option("2017-03")
    page.locator("[name=from]").select_option("2017-08")
    assert page.locator("[name=to]").evaluate("one => one.selectedOptions[0].text") == "2017-08"


def test_a_table_is_sorted_by_number_and_by_name_up_and_down(visit):
    page = visit("good", at="segments").page
    head = page.locator("#worth th", has_text="Lifetime value")
    values = page.locator("#worth tbody td:nth-child(4)")
    head.get_by_role("button").click()
    assert (head.get_attribute("aria-sort"), values.all_inner_texts()) == (
        "ascending", ["USD 164", "USD 205", "USD 273", "USD 410", "USD 820"],
    )  # fmt: skip
    head.get_by_role("button").press("Enter")
    assert (head.get_attribute("aria-sort"), values.first.inner_text()) == ("descending", "USD 820")
    page.locator("#worth th", has_text="Segment").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert page.locator("#worth tbody th").first.inner_text().strip() == "Bargain hunters"


def test_what_is_not_told_stays_last_however_a_table_is_sorted_and_totals_stay_below(visit):
    page = visit("good", at="migration").page
    table = page.locator("table[data-file='migration-2017-11-01-2017-12-01']")
    for _ in range(2):
        table.locator("thead button").nth(2).click()
        cells = [text.split("\n")[0] for text in table.locator("tbody td:nth-child(3)").all_inner_texts()]
        told = [text.isdecimal() for text in cells[:-1]]
        assert told == sorted(told, reverse=True)
        assert table.locator("tbody tr").last.locator("th").inner_text() == "All"


def test_a_table_is_saved_as_csv_with_full_numbers_in_the_order_and_choice_shown(visit):
    page = visit("good", at="segments").page
    page.locator("#worth th", has_text="Lifetime value").get_by_role("button").click()
    with page.expect_download() as waiting:
        page.get_by_label("Save the table as segment-values.csv").click()
    assert waiting.value.suggested_filename == "segment-values.csv"
    lines = waiting.value.path().read_bytes().split(b"\r\n")
    assert lines[0] == "\ufeffSegment,Customers,Probability alive,Lifetime value,At risk".encode()
    # 0.95 - 0.13 * 4, 820 / 5 and 0.05 + 0.12 * 4.
    assert lines[1] == b"Slipping away,385,0.43,164.0,0.53"
    assert len(lines) == 7 and lines[6] == b""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_could_take_for_a_formula_is_saved_with_an_apostrophe(visit, start):
    opened = visit("hostile", at="segments")
    # As a name, whatever the page's own cleaning would make of it.
    opened.page.evaluate("name => { document.querySelector('#worth tbody th').dataset.v = name; }", f'{start}1+"2",3')
    with opened.page.expect_download() as waiting:
        opened.page.get_by_label("Save the table as segment-values.csv").click()
    written = waiting.value.path().read_bytes().decode("utf-8-sig")
    assert f'"\'{start}1+""2"",3",' in written


def test_a_name_that_begins_like_a_formula_is_harmless_in_the_file(visit):
    opened = visit("hostile", at="kpis")
    with opened.page.expect_download() as waiting:
        opened.page.get_by_label("Save the table as goals.csv").click()
    assert ",'=cmd|' /C calc'!A0," in waiting.value.path().read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("at", "figure"), [("kpis", "#kpi-0"), ("segments", "#differences"), ("migration", ".comparison")]
)
def test_a_figure_is_saved_as_a_png_that_is_not_empty_without_asking_anybody(visit, files, at, figure):
    opened = visit("good", at=at)
    with opened.page.expect_download() as waiting:
        opened.page.locator(f"{figure} >> text=PNG").first.click()
    picture = Image.open(waiting.value.path())
    assert waiting.value.suggested_filename.endswith(".png")
    assert picture.width >= 700
    assert len(picture.convert("RGB").getcolors(1_000_000)) > 20
    assert (opened.fetched(), opened.said) == ([files["good"].as_uri()], [])


def test_pointing_at_a_bar_or_a_line_tells_its_value(visit):
    page = visit("good").page
    page.locator("#sizes .mark").nth(3).hover()
    assert page.locator("#tip").inner_text() == "Bargain hunters: 655 customers, 26.5%"
    page.mouse.move(1, 1)
    page.locator("nav a[href='#kpis']").click()
    assert page.locator("#tip").is_hidden()
    page.locator("#kpi-0 svg.chart").hover()
    told = page.locator("#tip").inner_text().split("\n")
    assert told[0] == "2017-05"  # the middle of the figure, whose axis begins a little to the right
    value = page.locator("#kpi-0 tbody tr[data-at='-1'][data-period='4'] td:nth-child(3)").text_content()
    assert told[1].startswith(f"All customers: {value} (")


def test_everything_can_be_done_by_keyboard_alone(visit):
    page = visit("good").page
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.locator("nav a").nth(3).focus()
    page.keyboard.press("Enter")
    assert shown(page) == ["kpis"]
    page.locator("#kpi-0 svg.chart").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#said").text_content().startswith("2017-10\nAll customers: ")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.locator("nav a").nth(0).focus()
    page.keyboard.press("Enter")
    page.locator("#sizes svg").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").inner_text() == "Loyal big baskets: 341 customers, 13.8%"
    reached = page.evaluate(
        "[...document.querySelectorAll('#overview a, #overview button, #overview summary, #overview .scroll')]"
        ".filter(one => one.tabIndex < 0).length"
    )
    assert reached == 0


def test_the_switch_overrules_the_system_s_colours(visit):
    page = visit("good", scheme="dark").page
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(232, 235, 241)"
    page.get_by_role("button", name="Light colours").click()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 51)"
    assert page.get_by_role("button", name="Dark colours").is_visible()


CONTRASTS = """() => {
    const read = colour => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
        .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = element => {
        const layers = [];
        for (let one = element; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (colour.startsWith('rgb') && read(colour)[3] > 0) layers.push(read(colour));
        }
        return layers.reverse().reduce((base, [r, g, b, a]) =>
            [r, g, b].map((one, at) => a * one + (1 - a) * base[at]), [255, 255, 255]);
    };
    const poor = [];
    for (const element of document.querySelectorAll('body *:not(script)')) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const lights = [light(read(element.closest('svg') ? style.fill : style.color)), light(behind(element))];
        const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
        if (contrast < 4.5) poor.push([contrast.toFixed(2), element.textContent.trim().slice(0, 40)]);
    }
    return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_a_contrast_of_four_and_a_half(visit, scheme):
    page = visit("good", scheme=scheme).page
    for at in PAGES:
        page.evaluate("at => { location.hash = at; }", at)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate(CONTRASTS) == [], at


def test_landmarks_labels_and_headings_tell_where_one_is(visit):
    page = visit("good", at="kpis").page
    for role, count in (("banner", 1), ("navigation", 1), ("main", 1), ("contentinfo", 1), ("form", 1)):
        assert page.get_by_role(role).count() == count, role
    unnamed = """() => [...document.querySelectorAll('button, a, select, svg[role=img], [role=region]')]
        .filter(one => !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).length"""
    assert page.evaluate(unnamed) == 0
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_twenty_segments_sixty_months_and_five_hundred_features_stay_below_fifteen_megabytes(browser, sample, tmp_path):
    file = tmp_path / "large.html"
    file.write_text(render(sample.large_report()), encoding="utf-8")
    assert file.stat().st_size < 15_000_000
    opened = Visit(browser, file, SIZES[0], "light", at="kpis")
    assert opened.page.locator("#kpis .chart:visible").count() == 12
    assert opened.said == []
    opened.context.close()
