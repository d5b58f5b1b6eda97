"""The command line: arguments, exit codes, what is shown on errors and at the end."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from segspark import __version__
from segspark.config import load_config
from segspark.errors import SegsparkError
from segspark.progress import Reporter

if TYPE_CHECKING:
    from segspark.steps.context import Context


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2018-01-01") from None


_HELP = {
    "run": "all phases in order: ingest, features, train where it is due, assign, profile, compare, report",
    "demo": "the same on real data at two dates: 2,469 households of The Complete Journey",
    "ingest": "read what is new in the sources into events, customers, products, campaigns, feedback, consents",
    "features": "compute one row of features per customer",
    "train": "fit and compare candidates, register and promote the chosen one",
    "assign": "give every customer the champion's segment",
    "profile": "say what customers are worth, how segments did by month, and what is bought together",
    "compare": "say who went where between two dates, and whether it is a shift or a blip",
    "split": "search within a segment, and publish what is found as its sub-segments",
    "report": "write the dashboard and the handbook of segments",
    "stream": "follow the events, and keep the segments of the customers who do something up to date within seconds",
}
_INIT = "look at the first rows of data files and write a commented configuration to start from"
_VOCABULARY = "write the words that segments are named and described in, as a file to edit, shorten or translate"
_VIEWS = "write the Spark SQL that makes the views known to another session, such as a server that BI tools connect to"
_INGEST = {
    "check": "look at a sample of each source: what it maps to, what would be rejected and why; nothing is written",
    "replay": "judge the rejected rows in quarantine again, by the rules and mappings of now",
    "reread": "read all of every source again, as it is mapped now; its rows replace those that it gave before",
}
_SEGMENTS = "look at segments, and change them: names, owners, rules, approval, retirement"
_AUDIT = "see that every entry of the log of changes is as it was written, and in its place"
# How many ids an action of segspark segments takes, its options, what it does.
_ACTIONS: dict[str, tuple[str | int | None, str, str]] = {
    "list": (None, "status json", "all segments with their status, owner, size and date of review"),
    "show": (1, "", "all that is known of one: its row, what distinguishes its customers, its origin, last changes"),
    "diff": ("+", "since until", "what changed in one between two entries of the log, or what two differ in"),
    "history": (1, "", "every change of one, the oldest first, and whether the log is as it was written"),
    "define": (
        None, "name! rule! reason! description owner priority|overlay actor",
        "make a segment by a rule over features: before clusters by its priority, or as an overlay",
    ),
    "redefine": (
        1, "reason! rule priority actor",
        "give a rule segment another rule or priority; a draft again where governance.approval is on",
    ),
    "rename": (1, "reason! name description actor", "give one another name or description"),
    "assign-owner": (1, "owner! reason actor", "say who answers for one"),
    "submit": (1, "reason actor", "ask for the approval of a draft that has an owner"),
    "approve": (
        1, "reason review-at actor", "agree to one in review, as somebody else than who made or submitted it"
    ),
    "reject": (1, "reason! actor", "send one in review back to draft"),
    "activate": (1, "reason actor", "have an approved one applied from the next assign on"),
    "retire": (
        1, "reason! successor actor",
        "take a rule segment out of use for good; one that has customers needs a successor",
    ),
    "review": (1, "at! reason actor", "say when somebody is to look at one again"),
    "retrain-cadence": (1, "days! reason actor", "say after how many days the model of a cluster is trained anew"),
}  # fmt: skip
_OPTIONS: dict[str, dict[str, Any]] = {
    "actor": {"metavar": "NAME", "help": "who does it; default: the user of the operating system"},
    "at": {"type": _date, "metavar": "DATE", "help": "when to look at it again"},
    "days": {"type": int, "metavar": "N", "help": "from one training to the next"},
    "description": {"metavar": "TEXT", "help": "what distinguishes its customers"},
    "json": {"action": "store_true", "help": "for machines"},
    "name": {"metavar": "TEXT", "help": "unlike those of the other segments"},
    "overlay": {"action": "store_true", "help": "its members are in another segment, too"},
    "owner": {"metavar": "NAME", "help": "who answers for it; of a new one the actor, if nobody is named"},
    "priority": {"type": int, "metavar": "N", "help": "among the rules that come before clusters: the lowest is first"},
    "reason": {"metavar": "TEXT", "help": "why; for the log"},
    "review-at": {"dest": "at", "type": _date, "metavar": "DATE", "help": "when to look at it again"},
    "rule": {"metavar": "SQL", "help": "condition over the columns of customer_features"},
    "since": {"type": int, "metavar": "ENTRY", "help": "of the log; default: the last approval, or the first entry"},
    "status": {"metavar": "STATUS", "help": "only those that have it"},
    "successor": {"metavar": "SEGMENT_ID", "help": "the segment that takes its place"},
    "until": {"type": int, "metavar": "ENTRY", "help": "of the log; default: now"},
}
_OPTIONAL_AS_OF = {
    "compare": "later dates are left out",
    "stream": "date that is not over, as of which customers are assigned; default: tomorrow, business time",
}
_TODAY = "date of the command in the business time zone; default: today"
_DEMO_CONFIG, _DEMO_AS_OF = "conf/demo.yaml", "2018-01-01"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 done, 1 failed, 2 bad configuration or input, 3 refused by a gate (nothing was published).
    """
    options = _parser().parse_args(arguments)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        _run(options)
    except SegsparkError as error:
        return _failed(errors, error, error.exit_code, options.verbose)
    except KeyboardInterrupt:
        errors.print("interrupted; the same command goes on where this one stopped")
        return 1
    except Exception as error:
        return _failed(errors, error, 1, options.verbose)
    return 0


def phase(name: str) -> None:
    """The entry point of jobs/NAME.py under spark-submit."""
    sys.exit(main([name, *sys.argv[1:]]))


def _run(options: argparse.Namespace) -> None:
    if options.phase == "init":
        from segspark.steps.init import init

        init(options.paths, options.output, options.root, Reporter(), options.verbose)
        return
    from segspark.steps.context import Context

    config = load_config(options.config, options.set)
    if options.phase in ("segments", "audit"):
        context = Context(config, options.as_of or _today(config.time.business_timezone), Reporter(), options.verbose)
        _govern(options, context)
        return
    context = Context(config, options.as_of or date.max, Reporter(), options.verbose)
    if options.phase == "vocabulary":
        from segspark.steps.vocabulary import vocabulary

        vocabulary(context, options.output)
    elif options.phase == "views":
        from segspark.steps.views import views

        views(context, options.output)
    else:
        _run_phase(options, context)


def _run_phase(options: argparse.Namespace, context: "Context") -> None:
    from segspark.steps.ending import show_ending
    from segspark.steps.phases import (
        run_all,
        run_approval,
        run_compare,
        run_demo,
        run_features,
        run_ingest,
        run_phase_alone,
        run_report,
        run_split,
        run_stream,
    )

    if options.phase == "ingest" and options.how:
        run_ingest(context, options.how)
    elif options.phase == "features" and (options.rebuild or options.also):
        run_features(context, options.rebuild, options.also)
    elif options.phase == "train" and options.approve:
        run_approval(context)
    elif options.phase == "split":
        run_split(context, options.segment_id, options.undo)
    elif options.phase == "compare":
        run_compare(context, options.before, options.after, options.as_of)
    elif options.phase == "report":
        run_report(context, options.what)
    elif options.phase == "stream":
        run_stream(context, options.to_the_end, options.check, options.send_again)
    elif options.phase in ("run", "demo"):
        (run_demo if options.phase == "demo" else run_all)(context)
        show_ending(context)
    else:
        run_phase_alone(context, options.phase)


def _govern(options: argparse.Namespace, context: "Context") -> None:
    from dataclasses import fields

    from segspark.steps.audit import audit
    from segspark.steps.segments import Asked, segments

    if options.phase == "audit":
        audit(context, options.expect)
        return
    given = {name: value for name, value in vars(options).items() if value is not None}
    names = [one.name for one in fields(Asked)]
    segments(context, Asked(**{name: given[name] for name in names if name in given}))


def _today(zone: str) -> date:
    """A person's change is of the day on which it is made; nothing is computed from it."""
    return datetime.now(ZoneInfo(zone)).date()


def _failed(errors: Console, error: Exception, code: int, verbose: bool) -> int:
    if verbose:
        errors.print_exception()
    kind = {2: "bad input", 3: "refused"}.get(code, "failed")
    text = str(error).strip() if isinstance(error, SegsparkError) else _first_lines(error)
    errors.print(f"[bold red]{kind}:[/] {escape(text)}")
    if code == 1 and not verbose:
        errors.print("  --verbose shows the whole trace; the same command, run again, goes on where this one stopped")
    return code


def _first_lines(error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="segspark", description="From raw customer events to segments, on Spark.")
    parser.add_argument("--version", action="version", version=f"segspark {__version__}")
    phases = parser.add_subparsers(dest="phase", required=True, metavar="PHASE")
    _add_init(phases.add_parser("init", help=_INIT, description=_INIT))
    for name, text in _HELP.items():
        _add_phase(phases.add_parser(name, help=text, description=text), name)
    actions = phases.add_parser("segments", help=_SEGMENTS, description=_SEGMENTS).add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    for name, (ids, its_options, text) in _ACTIONS.items():
        _add_action(actions.add_parser(name, help=text, description=text), ids, its_options)
    audit = phases.add_parser("audit", help=_AUDIT, description=_AUDIT)
    audit.add_argument(
        "--expect", default="", metavar="SEQUENCE:HASH", help="an entry that must be there, as an audit before said it"
    )
    _add_common(audit, as_of=_TODAY)
    for name, text in (("vocabulary", _VOCABULARY), ("views", _VIEWS)):
        written = phases.add_parser(name, help=text, description=text)
        written.add_argument("--output", metavar="FILE", help="file to write; it must not exist; default: the terminal")
        _add_common(written, as_of="not looked at")
    return parser


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="FILE", help="data files, folders of them, or Delta tables")
    parser.add_argument("--output", default="segspark.yaml", metavar="FILE", help="file to write; it must not exist")
    parser.add_argument("--root", default="lake", metavar="FOLDER", help="where the tables will be")
    parser.add_argument("--verbose", action="store_true", help="show Spark's log and the whole trace of errors")


def _add_common(parser: argparse.ArgumentParser, demo: bool = False, as_of: str = "") -> None:
    """The options that all have; as_of says what an optional date is for, and without it is needed."""
    parser.add_argument("--config", required=not demo, default=_DEMO_CONFIG, metavar="FILE", help="YAML configuration")
    parser.add_argument(
        "--as-of", required=not (demo or as_of), default=_DEMO_AS_OF if demo else None, type=_date, metavar="DATE",
        help=as_of or "date in the business time zone; nothing at or after its midnight is read",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a setting; may be repeated"
    )
    parser.add_argument("--verbose", action="store_true", help="show Spark's log and the whole trace of errors")


def _add_action(parser: argparse.ArgumentParser, ids: str | int | None, options: str) -> None:
    """The options of an action of segspark segments: those marked with ! must be given, of a|b only one may."""
    if ids:
        parser.add_argument("segment_ids", nargs=ids, metavar="SEGMENT_ID", help="as segspark segments list shows it")
    for several in options.split():
        group = parser.add_mutually_exclusive_group() if "|" in several else parser
        for one in several.split("|"):
            name = one.rstrip("!")
            group.add_argument(f"--{name}", required=one.endswith("!"), **_OPTIONS[name])
    _add_common(parser, as_of=_TODAY)


def _add_phase(parser: argparse.ArgumentParser, name: str) -> None:
    _add_common(parser, name == "demo", _OPTIONAL_AS_OF.get(name, ""))
    if name == "ingest":
        how = parser.add_mutually_exclusive_group()
        for flag, text in _INGEST.items():
            how.add_argument(f"--{flag}", action="store_const", dest="how", const=flag, help=text)
    if name == "compare":
        for flag, where, which in (("from", "before", "the last but one"), ("to", "after", "the last one")):
            parser.add_argument(
                f"--{flag}", dest=where, metavar="RUN",
                help=f"as_of or run_id of an assign; default: {which} at which was assigned (before --as-of)",
            )  # fmt: skip
    if name == "train":
        parser.add_argument("--approve", action="store_true", help="make the challenger champion, and train nothing")
    if name == "split":
        parser.add_argument("segment_id", metavar="SEGMENT_ID", help="of a cluster, as the table segments has it")
        parser.add_argument("--undo", action="store_true", help="join its sub-segments again, and train nothing")
    if name == "stream":
        parser.add_argument(
            "--check", action="store_true", help="say what is followed and which features are computed, and end"
        )
        parser.add_argument(
            "--to-the-end", action="store_true", help="end when all that there is now has been looked at"
        )
        parser.add_argument(
            "--send-again",
            action="store_true",
            help="take what could not be sent out of dead_letters, and send it anew",
        )
    if name == "report":
        parser.add_argument(
            "what", nargs="?", choices=("all", "dashboard", "handbook"), default="all", help="of the two"
        )
    if name == "features":
        parser.add_argument("--rebuild", action="store_true", help="compute state anew from all events")
        parser.add_argument(
            "--also", nargs="+", default=[], type=_date, metavar="DATE",
            help="past dates to compute features at, too, for a look back: all in one pass over the events",
        )  # fmt: skip
