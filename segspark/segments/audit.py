"""The chain of audit entries: each has the hash of the one before, so that none can be taken out, put in or edited."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date

# What only people change in a segment, and always by way of the log.
PEOPLES = ("owner", "author", "approver", "review_at", "retrain_days", "rule", "priority", "overlay")

Value = str | int | float | bool | date | None


@dataclass(frozen=True)
class Entry:
    """A change, before it has its place in the chain.

    Attributes:
        actor: who did it: a person, or the name of a phase.
        action: in the past tense: created, renamed, approved, retired.
        subject: segment_id of what was changed.
        before: columns that changed, as they were; empty for what was created.
        after: the same as they are then.
        reason: why, as the actor said.
    """

    actor: str
    action: str
    subject: str
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Link:
    """An entry in its place: a row of `audit_log`.

    Attributes:
        sequence: 1, 2, 3, ...
        at: when it was written, in microseconds since 1970 (UTC).
        before: JSON; empty for what was created.
        previous_hash: hash of the link before; empty for the first.
    """

    sequence: int
    at: int
    actor: str
    action: str
    subject: str
    before: str
    after: str
    reason: str
    run_id: str
    previous_hash: str
    hash: str = ""

    @property
    def values_before(self) -> dict[str, Value]:
        """What changed, as it was."""
        return _values(self.before)

    @property
    def values_after(self) -> dict[str, Value]:
        """What changed, as it was then."""
        return _values(self.after)


@dataclass(frozen=True)
class Tip:
    """The end of a chain, at which the next entry is put: the last link's sequence and hash."""

    sequence: int = 0
    hash: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of following a chain.

    Attributes:
        tip: the last link that is as it must be.
        broken: what is wrong with the one after it; empty if the chain is whole.
    """

    tip: Tip
    broken: str = ""


def digest(link: Link) -> str:
    """SHA-256, in hexadecimal, of a link's other columns in their order as a JSON array, in UTF-8, without blanks.

    Examples:
        >>> digest(Link(1, 0, "ann", "renamed", "seg-1", "", "", "", "r", ""))[:12]
        '024caa56089f'
    """
    content = json.dumps(astuple(link)[:-1], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


def chained(tip: Tip, entries: Sequence[Entry], at: int, run_id: str) -> list[Link]:
    """Entries in their places at the end of a chain.

    Args:
        tip: of the chain.
        entries: in their order.
        at: when they are written, in microseconds since 1970 (UTC).
        run_id: of the run that writes them.

    Examples:
        >>> one, two = chained(Tip(), [Entry("ann", "renamed", "a"), Entry("ann", "retired", "b")], 0, "r")
        >>> one.sequence, one.previous_hash, two.sequence, two.previous_hash == one.hash
        (1, '', 2, True)
    """
    links: list[Link] = []
    for entry in entries:
        told = (entry.actor, entry.action, entry.subject, as_json(entry.before), as_json(entry.after), entry.reason)
        link = Link(tip.sequence + 1, at, *told, run_id, tip.hash)
        links.append(replace(link, hash=digest(link)))
        tip = Tip(links[-1].sequence, links[-1].hash)
    return links


def not_there_yet(entries: Iterable[Entry], there: Iterable[Link]) -> list[Entry]:
    """Those entries of a run that another attempt of it has not written: by action, subject and what they led to.

    Args:
        entries: of the run.
        there: what the log has of the same run.

    Examples:
        >>> rename = Entry("ann", "renamed", "a", {"name": "x"}, {"name": "y"})
        >>> other = Entry("ann", "renamed", "b", {"name": "x"}, {"name": "y"})
        >>> not_there_yet([rename, other], chained(Tip(), [rename], 0, "r")) == [other]
        True
    """
    known = {(link.action, link.subject, link.after) for link in there}
    return [one for one in entries if (one.action, one.subject, as_json(one.after)) not in known]


def verify(links: Iterable[Link], tip: Tip | None = None) -> Verdict:
    """Follow a chain from its beginning, and say where it breaks.

    What is missing at its end cannot be seen in the chain itself: keep a tip elsewhere, and see that it is still there.

    Args:
        links: in the order of their sequence; gone through once.
        tip: that the first of them follows; None: the beginning.

    Examples:
        >>> links = chained(Tip(), [Entry("ann", "renamed", name) for name in "abc"], 0, "r")
        >>> verify(links).tip.sequence, verify(links).broken
        (3, '')
        >>> verify([links[0], links[2]]).broken
        'entry 2 is missing: entry 3 comes after entry 1'
        >>> verify([links[0], replace(links[1], actor="bob"), links[2]]).broken
        'entry 2 was changed after it was written: its hash is that of another content'
    """
    tip = tip or Tip()
    for link in links:
        if wrong := _wrong(link, tip):
            return Verdict(tip, wrong)
        tip = Tip(link.sequence, link.hash)
    return Verdict(tip)


def as_json(values: Mapping[str, Value]) -> str:
    """Values as the log keeps them: JSON with sorted keys, dates as texts; empty for none.

    Examples:
        >>> as_json({"status": "draft", "review_at": date(2026, 1, 1)}), as_json({})
        ('{"review_at": "2026-01-01", "status": "draft"}', '')
    """
    return json.dumps(dict(values), sort_keys=True, ensure_ascii=False, default=date.isoformat) if values else ""


def plain(values: Mapping[str, Value]) -> dict[str, Value]:
    """Values as they come back from the log: dates as texts."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def state_at(now: Mapping[str, Value], links: Iterable[Link], sequence: int) -> dict[str, Value]:
    """What a segment was like after an entry, from what it is like now: every later change is taken back.

    Args:
        now: its values, by column.
        links: the entries about it, in any order.
        sequence: of the entry; later ones are taken back.

    Returns:
        Its values; empty if it was made only later.

    Examples:
        >>> made = Entry("ann", "created", "a", {}, {"name": "x", "owner": None})
        >>> links = chained(Tip(), [made, Entry("ann", "renamed", "a", {"name": "x"}, {"name": "y"})], 0, "r")
        >>> now = {"name": "y", "owner": None}
        >>> state_at(now, links, 2), state_at(now, links, 1), state_at(now, links, 0)
        ({'name': 'y', 'owner': None}, {'name': 'x', 'owner': None}, {})
    """
    state = plain(now)
    for link in sorted(links, key=lambda one: -one.sequence):
        if link.sequence > sequence:
            state = {**state, **link.values_before} if link.before else {}
    return state


def pending(links: Iterable[Link], rows: Mapping[str, Mapping[str, Value]]) -> Iterator[Link]:
    """Changes that were written to the log, but never to the segment: whoever made them was cut off in between.

    Args:
        links: the last change by a person of each segment.
        rows: the segments' values by id and column.

    Examples:
        >>> links = chained(Tip(), [Entry("ann", "renamed", "a", {"name": "x"}, {"name": "y"})], 0, "r")
        >>> [len(list(pending(links, {"a": {"name": name}}))) for name in "xyz"]
        [1, 0, 0]
    """
    for link in links:
        row = plain(rows.get(link.subject, {}))
        untouched = all(row.get(name) == value for name, value in link.values_before.items())
        reached = all(row.get(name) == value for name, value in link.values_after.items())
        if (untouched and not reached) if link.before else not row:
            yield link


def around(told: Mapping[str, Mapping[str, Value]], rows: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """What segments say that the log does not: somebody changed the table around it.

    Args:
        told: by segment_id what the log said last of each column.
        rows: the segments' values by id and column.

    Returns:
        A sentence for each segment and column that only people change.

    Examples:
        >>> around({"a": {"owner": "ann"}}, {"a": {"owner": "eve", "kind": "rule"}, "b": {"kind": "cluster"}})
        ['a: owner is eve, and by the log it is ann']
    """
    found = []
    for segment_id, row in sorted(rows.items()):
        for name in PEOPLES:
            now, then = plain(row).get(name), told.get(segment_id, {}).get(name)
            of_configuration = name == "rule" and row.get("kind") == "lifecycle"
            if (now or None) != (then or None) and not of_configuration:
                found.append(f"{segment_id}: {name} is {now or 'none'}, and by the log it is {then or 'none'}")
    return found


def _values(text: str | None) -> dict[str, Value]:
    """Values from JSON; none from what a forger put in its place, which the hash tells."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _wrong(link: Link, tip: Tip) -> str:
    expected = tip.sequence + 1
    if link.sequence > expected:
        last = link.sequence - 1
        missing = f"entry {last} is" if last == expected else f"entries {expected} to {last} are"
        return f"{missing} missing: entry {link.sequence} comes after {_named(tip)}"
    if link.sequence < expected:
        return f"entry {link.sequence} is there more than once, or in the wrong place: it comes after {_named(tip)}"
    if link.hash != digest(link):
        return f"entry {link.sequence} was changed after it was written: its hash is that of another content"
    if link.previous_hash != tip.hash:
        return f"entry {link.sequence} does not follow {_named(tip)}: one of the two was put in the place of another"
    return ""


def _named(tip: Tip) -> str:
    return f"entry {tip.sequence}" if tip.sequence else "the beginning"
