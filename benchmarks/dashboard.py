"""A large dashboard: `make bench-dashboard`, ARGS="--segments 5 --periods 12 --features 50" for less.

20 segments, 60 months and 500 features, all made up, are rendered once and opened in Chromium, each time in a browser
of its own. `first` is the browser's first contentful paint and `ready` the end of the script's work, both in seconds
from the start of the navigation to the file, the medians of some openings. The last line is one JSON object.
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from measure import machine
from playwright.sync_api import Page, sync_playwright

from segspark.reporting.page import render
from tests.unit.reporting.sample import large_report

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_TIMES = """() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return [paint.startTime / 1000, navigation.domContentLoadedEventEnd / 1000];
}"""


def main() -> None:
    """Render the dashboard, open it some times, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, count in (("segments", 20), ("periods", 60), ("features", 500), ("openings", 5)):
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    report = large_report(asked.segments, asked.periods, asked.features)
    begun = time.perf_counter()
    page = render(report)
    rendered = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index.html"
        file.write_text(page, encoding="utf-8")
        size = file.stat().st_size / 1e6
        first, ready = (median(values) for values in zip(*_opened(file, asked.openings), strict=True))
    print(machine())
    print(f"size {size:.1f} MB, rendered in {rendered:.1f} s, first picture {first:.2f} s, ready {ready:.2f} s")
    found = {"megabytes": size, "rendered_seconds": rendered, "first_picture_seconds": first, "ready_seconds": ready}
    print(json.dumps({key: round(value, 2) for key, value in found.items()}))


def _opened(file: Path, times: int) -> list[tuple[float, float]]:
    """Seconds to the first picture and to the end of the script, by opening."""
    found = []
    with sync_playwright() as playwright:
        for _ in range(times):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
            found.append(_times(browser.new_page(viewport={"width": 1280, "height": 900}), file))
            browser.close()
    return found


def _times(page: Page, file: Path) -> tuple[float, float]:
    page.goto(file.as_uri())
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    first, ready = page.evaluate(_TIMES)
    return first, ready


if __name__ == "__main__":
    main()
