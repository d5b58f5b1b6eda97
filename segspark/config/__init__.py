"""Typed configuration: what a team writes in YAML, checked before anything runs."""

from segspark.config.load import load_config
from segspark.config.model import (
    Clustering,
    Config,
    EntitySource,
    EventSource,
    Features,
    Input,
    Join,
    Population,
    Search,
    Source,
    Time,
    Tracking,
    Workspace,
)

__all__ = [
    "Clustering",
    "Config",
    "EntitySource",
    "EventSource",
    "Features",
    "Input",
    "Join",
    "Population",
    "Search",
    "Source",
    "Time",
    "Tracking",
    "Workspace",
    "load_config",
]
