"""Handbook: what the tables say of each active segment, as files that people read, keep notes in and plan with."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segspark.errors import BadInputError
from segspark.io.files import read_text, write_text
from segspark.reporting.handbook import handbook as made
from segspark.reporting.handbook_model import Chapter, Handbook
from segspark.reporting.model import SegmentCard
from segspark.reporting.notes import NotesError, notes
from segspark.reporting.outcomes import EVERYBODY
from segspark.reporting.signal_model import NOTHING
from segspark.reporting.suppression import SMALL
from segspark.segments.codes import codes
from segspark.segments.kpi_definitions import segment_kpis
from segspark.segments.registry import Segment, with_members
from segspark.steps.context import Context
from segspark.steps.handbook_items import favourites, history, pairs, tastes
from segspark.steps.outcomes import Outcomes
from segspark.steps.presentation import published_cards
from segspark.tables import BASKET_RULES, SEGMENT_PREFERENCES

HANDBOOK_INPUTS = (segment_kpis(), SEGMENT_PREFERENCES, BASKET_RULES)  # besides those of the dashboard


def handbook(
    context: Context, segments: Sequence[Segment], folder: Path, known: Outcomes
) -> tuple[dict[str, str], str]:
    """Write the handbook's files, with the notes of the one that lies there.

    Args:
        context: of the phase.
        segments: the whole registry.
        folder: where the files go.
        known: what was measured of segments.

    Returns:
        The files' paths by their names, and the page without notes, in which people may write anything.

    Raises:
        BadInputError: the notes in handbook.md cannot be told from the rest, or the folder cannot be written to.
    """
    last = last_edition(folder)
    book = _book(context, segments, known)
    files = made(book, *last)
    paths = {name: str(write_text(folder / name, text)) for name, text in files.by_name().items()}
    context.reporter.say(f"written to {paths['handbook.html']}, with notes in {paths['handbook.md']}")
    return paths, made(book, "", last[1]).html


def last_edition(folder: Path) -> tuple[str, str]:
    """The handbook.md and handbook.json that lie there; empty where there are none.

    Raises:
        BadInputError: the notes in handbook.md cannot be told from the rest.
    """
    page = read_text(folder / "handbook.md")
    try:
        notes(page)
    except NotesError as error:
        place = folder / "handbook.md"
        raise BadInputError([f"{place}: {error}; mend it there, so that no notes are lost"]) from None
    return page, read_text(folder / "handbook.json")


def _book(context: Context, segments: Sequence[Segment], known: Outcomes) -> Handbook:
    told = [one for one in segments if one.status == "active" and one.size]
    told.sort(key=lambda one: (bool(one.overlay), -one.size, one.segment_id))
    ids = [one.segment_id for one in told]
    return Handbook(
        title=context.config.report.title,
        as_of=context.as_of.isoformat(),
        currency=context.config.money.currency,
        chapters=_chapters(context, segments, told, known),
        kpi_definitions=known.definitions,
        kpis=tuple(one for one in known.points if one.segment_id in (EVERYBODY, *ids)),
        values=tuple(one for one in known.values if one.segment_id in ids),
        others=sum(one.size for one in with_members(segments) if one.segment_id not in ids),
        names=tuple((one.segment_id, one.name) for one in segments),
    )


def _chapters(
    context: Context, segments: Sequence[Segment], told: Sequence[Segment], known: Outcomes
) -> tuple[Chapter, ...]:
    ids = [one.segment_id for one in told]
    cards, names = _cards(context, told), codes(segments)
    liked, together = tastes(context, ids), pairs(context, ids)
    reached, changed = favourites(context), history(context, ids)
    return tuple(
        Chapter(
            cards[one.segment_id],
            names[one.segment_id],
            one.status,
            owner=one.owner or "",
            rule=one.rule or "",
            review_at=one.review_at.isoformat() if one.review_at else "",
            overlay=bool(one.overlay),
            tastes=tuple(liked[one.segment_id]),
            pairs=tuple(together[one.segment_id]),
            discounts=known.discounts.get(one.segment_id),
            favourites=tuple(reached[one.segment_id]),
            history=tuple(changed[one.segment_id]),
            signals=known.signals.get(one.segment_id, NOTHING),
            opportunities=tuple(o for o in known.opportunities if o.segment_id == one.segment_id),
        )
        for one in told
    )


def _cards(context: Context, told: Sequence[Segment]) -> dict[str, SegmentCard]:
    """With every number that is computed of customers, of more than a few of whom it is known."""
    shares = {one.segment_id: one.share for one in told}
    cards = published_cards(context, told, context.numeric_features, SMALL)
    return {one.segment_id: replace(one, share=shares[one.segment_id]) for one in cards}
