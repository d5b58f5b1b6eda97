"""Templates, style sheets and scripts of the pages, and the policy by which a browser runs these and nothing else."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from segspark.reporting import quality, signals, text
from segspark.reporting.cards import bar, distinguishing, swatch
from segspark.reporting.labels import clean, clean_lines
from segspark.reporting.markdown import escaped
from segspark.reporting.palette import CATEGORICAL, on_dark
from segspark.reporting.suppression import told

_POLICY = (
    "default-src 'none'; style-src-elem {style}; style-src-attr 'unsafe-inline'; {script}"
    "img-src data: blob:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)


def environment() -> Environment:
    """The templates with their filters: everything is escaped, and cleaned of what could deceive a reader."""
    made = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: clean(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=text.number, score=text.score, percent=text.percent, money=text.money, bare=text.bare,
        quantity=text.quantity, comparison=text.comparison, points=text.points, signed=text.signed, bar=bar,
        distinguishing=distinguishing, swatch=swatch, told=told, raw=raw,
        ends=signals.ends,
        name=quality.name, share=quality.share, change=quality.change, trend=quality.trend, broken_in=quality.broken_in,
    )  # fmt: skip
    return made


def markdown_environment() -> Environment:
    """The templates of pages in Markdown: what is filled in is plain text on one line, unless it is `Markup`."""
    return Environment(
        loader=FunctionLoader(_file),
        autoescape=False,  # noqa: S701 (finalize escapes, for Markdown)
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else escaped(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def lines(text: str) -> Markup:
    """A text of several lines for HTML: escaped, its lines as they are."""
    return escape(clean_lines(text))


def styles(*names: str) -> Markup:
    """Style sheets as one, after the segments' colours in light and in dark; ours, so nothing is to be escaped."""
    pairs = (f"--s{at}: light-dark({colour}, {on_dark(colour)});" for at, colour in enumerate(CATEGORICAL))
    return Markup("\n".join([f":root {{ {' '.join(pairs)} }}", *map(_file, names)]))  # noqa: S704


def script(*names: str) -> Markup:
    """Scripts as one that leaves no names behind; ours, so nothing is to be escaped."""
    return Markup("\n".join(["(() => {", '"use strict";', *map(_file, names), "})();"]))  # noqa: S704


def policy(style: str, code: str = "") -> str:
    """What a page may do, for its meta element: apply this style sheet, run this script, draw pictures it has itself.

    >>> policy("a { color: red }").split("; ")[3]
    'img-src data: blob:'
    """
    return _POLICY.format(style=_hash(style), script=f"script-src {_hash(code)}; " if code else "")


def raw(value: float | None) -> str:
    """A number in full, for sorting and for files; never as a whole number, which could be taken for an id.

    >>> raw(1536), raw(0.1), raw(None)
    ('1536.0', '0.1', '')
    """
    return "" if value is None or not text.known(value) else repr(float(f"{value:.9g}"))


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _file(name: str) -> str:
    """A file's text through importlib.resources, so that a zipped wheel works too."""
    return (resources.files("segspark.reporting") / "templates" / name).read_text(encoding="utf-8")
