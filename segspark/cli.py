"""The command line: arguments, exit codes, what is shown on errors and at the end."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.markup import escape

from segspark import __version__
from segspark.config import load_config
from segspark.errors import SegsparkError
from segspark.progress import Reporter

_HELP = {
    "run": "all phases in order: ingest, features, train where it is due, assign, compare, report",
    "demo": "the same on real data: 2,469 households of The Complete Journey",
    "ingest": "read what is new in the sources into events, customers, products, campaigns, feedback, consents",
    "features": "compute one row of features per customer",
    "train": "fit and compare candidates, register and promote the chosen one",
    "assign": "give every customer the champion's segment",
    "compare": "say who went where between two dates, and whether it is a shift or a blip",
    "split": "search within a segment, and publish what is found as its sub-segments",
    "report": "write the HTML report",
}
_INIT = "look at the first rows of data files and write a commented configuration to start from"
_INGEST = {
    "check": "look at a sample of each source: what it maps to, what would be rejected and why; nothing is written",
    "replay": "judge the rejected rows in quarantine again, by the rules and mappings of now",
    "reread": "read all of every source again, as it is mapped now; its rows replace those that it gave before",
}
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
    from segspark.steps.demo import prepare_demo
    from segspark.steps.ending import show_ending
    from segspark.steps.phases import (
        run_all,
        run_approval,
        run_compare,
        run_features,
        run_ingest,
        run_phase_alone,
        run_split,
    )

    config = load_config(options.config, options.set)
    context = Context(config, options.as_of or date.max, Reporter(), options.verbose)
    if options.phase == "demo":
        prepare_demo(context)
    if options.phase == "ingest" and options.how:
        run_ingest(context, options.how)
        return
    if options.phase == "features" and (options.rebuild or options.also):
        run_features(context, options.rebuild, options.also)
        return
    if options.phase == "train" and options.approve:
        run_approval(context)
        return
    if options.phase == "split":
        run_split(context, options.segment_id, options.undo)
        return
    if options.phase == "compare":
        run_compare(context, options.before, options.after, options.as_of)
        return
    if options.phase in ("run", "demo"):
        run_all(context)
        show_ending(context)
        return
    run_phase_alone(context, options.phase)


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


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2018-01-01") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="segspark", description="From raw customer events to segments, on Spark.")
    parser.add_argument("--version", action="version", version=f"segspark {__version__}")
    phases = parser.add_subparsers(dest="phase", required=True, metavar="PHASE")
    _add_init(phases.add_parser("init", help=_INIT, description=_INIT))
    for name, text in _HELP.items():
        _add_phase(phases.add_parser(name, help=text, description=text), name)
    return parser


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="FILE", help="data files, folders of them, or Delta tables")
    parser.add_argument("--output", default="segspark.yaml", metavar="FILE", help="file to write; it must not exist")
    parser.add_argument("--root", default="lake", metavar="FOLDER", help="where the tables will be")
    parser.add_argument("--verbose", action="store_true", help="show Spark's log and the whole trace of errors")


def _add_phase(parser: argparse.ArgumentParser, name: str) -> None:
    demo, optional = name == "demo", name in ("demo", "compare")
    parser.add_argument("--config", required=not demo, default=_DEMO_CONFIG, metavar="FILE", help="YAML configuration")
    parser.add_argument(
        "--as-of", required=not optional, default=_DEMO_AS_OF if demo else None, type=_date, metavar="DATE",
        help="date in the business time zone; nothing at or after its midnight is read",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a setting; may be repeated"
    )
    parser.add_argument("--verbose", action="store_true", help="show Spark's log and the whole trace of errors")
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
    if name == "features":
        parser.add_argument("--rebuild", action="store_true", help="compute state anew from all events")
        parser.add_argument(
            "--also", nargs="+", default=[], type=_date, metavar="DATE",
            help="past dates to compute features at, too, for a look back: all in one pass over the events",
        )  # fmt: skip
