"""segspark: from raw customer events to governed, activated segments, on Spark."""

__version__ = "0.1.0"
