"""Typed configuration: what a team writes in YAML, checked before anything runs."""

from segspark.config.clustering import Clustering, Population, Search
from segspark.config.features import Features
from segspark.config.load import load_config
from segspark.config.model import Config, Time, Tracking, Workspace
from segspark.config.sources import EntitySource, EventSource, Input, Join, Source

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
