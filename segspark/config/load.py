"""Reading configuration: YAML files that extend one another, `--set` on top, every problem reported at once."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from segspark.config.base import SECRET
from segspark.config.model import Config
from segspark.errors import BadInputError

_PATHS = {
    *(("workspace", "root"), ("tracking", "artifacts"), ("report", "path"), ("spark", "jars_folder")),
    *(("naming", "vocabulary"), ("stream", "metrics_file")),
}


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, which YAML itself would silently overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for position, key in enumerate(keys) if key in keys[:position]]
        if twice:
            raise BadInputError(
                [f"{node.start_mark.name}, line {node.start_mark.line + 1}: key '{twice[0]}' given twice"]
            )
        return super().construct_mapping(node, deep)


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read a configuration file with all that it extends, apply `section.key=value` overrides, and check it.

    Args:
        path: YAML file. Relative paths in it are relative to its folder; those of overrides to the current one.
        overrides: `section.key=value`, the value in YAML.

    Raises:
        BadInputError: naming every unknown key, wrong type or value with its path.
    """
    raw = _read(Path(path), seen=())
    for override in overrides:
        raw = merge(raw, _absolute(_parse_override(override), Path.cwd()))
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise BadInputError(f"{path}: {_problem(item)}" for item in error.errors()) from None


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: maps merge, everything else (lists too) replaces.

    Examples:
        >>> merge({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}})
        {'a': {'x': 1, 'y': [3]}, 'b': 1}
    """
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def reveal(value: str) -> str:
    """Replace `${ENV:NAME}` by the environment's value, as late as possible: never log or store what this returns.

    Raises:
        BadInputError: if the variable is not set.

    Examples:
        >>> os.environ["DEMO_TOKEN"] = "s3cret"
        >>> reveal("Bearer ${ENV:DEMO_TOKEN}")
        'Bearer s3cret'
    """

    def lookup(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise BadInputError(
                [f"${{ENV:{match[1]}}}: the environment variable {match[1]} is not set; export it first"]
            )
        return os.environ[match[1]]

    return SECRET.sub(lookup, value)


def config_hash(config: Config, sections: Iterable[str]) -> str:
    """Identify the sections of a configuration that a command depends on. Secrets are references, never values."""
    dumped = config.model_dump(mode="json", by_alias=True, include=set(sections))
    return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()[:16]


def read_yaml(path: Path, missing: str) -> Any:
    """What a YAML file says; an empty one says an empty map.

    Args:
        path: of the file.
        missing: what to say where there is none.

    Raises:
        BadInputError: there is no such file, it is no YAML, or a key is given twice.
    """
    if not path.is_file():
        raise BadInputError([f"{path}: {missing}"])
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _named_loader(path)) or {}  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError([f"{path}: not valid YAML: {' '.join(str(error).split())}"]) from None


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    path = path.resolve()
    if path in seen:
        raise BadInputError([f"{path}: extends itself through {' -> '.join(str(step) for step in seen)}"])
    raw = read_yaml(path, "no such configuration file; give one with --config")
    if not isinstance(raw, dict):
        raise BadInputError([f"{path}: expected sections such as 'workspace:', found a {type(raw).__name__}"])
    below = raw.pop("extends", None)
    raw = _absolute(raw, path.parent)
    return merge(_read(path.parent / str(below), (*seen, path)), raw) if below else raw


def _named_loader(path: Path) -> type[_UniqueKeyLoader]:
    class Loader(_UniqueKeyLoader):
        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self.name = str(path)

    return Loader


def _parse_override(override: str) -> dict[str, Any]:
    keys, separator, value = override.partition("=")
    if not separator or not all(keys.split(".")):
        raise BadInputError([f"--set {override}: expected section.key=value, such as clustering.seed=7"])
    try:
        parsed: Any = yaml.load(value, _UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        raise BadInputError(
            [f"--set {override}: the value is not valid YAML: {' '.join(str(error).split())}"]
        ) from None
    for key in reversed(keys.split(".")):
        parsed = {key: parsed}
    return dict(parsed)


def _absolute(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make the relative paths of one file absolute, before it is merged with others from other folders."""

    def resolve(value: Any) -> Any:
        if not isinstance(value, str) or "://" in value or value.startswith(("/", "dbfs:", "${ENV:")):
            return value
        return os.path.normpath(folder / value) if value else value

    result = dict(raw)
    for section, key in _PATHS:
        if isinstance(result.get(section), dict) and key in result[section]:
            result[section] = {**result[section], key: resolve(result[section][key])}
    if isinstance(result.get("tracking"), dict) and "uri" in result["tracking"]:
        result["tracking"] = {**result["tracking"], "uri": _absolute_store(result["tracking"]["uri"], resolve)}
    if isinstance(result.get("sources"), dict):
        result["sources"] = {table: _absolute_sources(sources, resolve) for table, sources in result["sources"].items()}
    return result


def _absolute_store(uri: Any, resolve: Any) -> Any:
    if isinstance(uri, str) and uri.startswith("sqlite:///"):
        return "sqlite:///" + resolve(uri.removeprefix("sqlite:///"))
    return resolve(uri)


def _absolute_sources(sources: Any, resolve: Any) -> Any:
    if not isinstance(sources, list):
        return sources
    return [_absolute_input(source, resolve) for source in sources]


def _absolute_input(source: Any, resolve: Any) -> Any:
    if not isinstance(source, dict):
        return source
    paths = {"path": resolve(source["path"])} if "path" in source else {}
    joins = {"joins": _absolute_sources(source["joins"], resolve)} if "joins" in source else {}
    return source | paths | joins


def _problem(item: Any) -> str:
    location = [str(part) for part in item["loc"]]
    place = ".".join(location) or "configuration"
    if item["type"] == "extra_forbidden":
        return f"{place}: unknown key{_suggestion(location)}"
    if item["type"] == "missing":
        return f"{place}: missing; it must be given"
    message = item["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if isinstance(item["input"], dict) else f"{place}: {message}, found {item['input']!r}"


def _suggestion(location: list[str]) -> str:
    keys = _keys_at(location[:-1])
    close = get_close_matches(location[-1], keys, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known keys here: {', '.join(keys)}"


def _keys_at(location: list[str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in fields:
            model = _model_in(fields[part].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section's model inside an annotation such as `list[EventSource]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
