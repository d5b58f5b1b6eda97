"""spark-submit jobs/ingest.py --config FILE --as-of DATE: the same as `segspark ingest`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("ingest")
