"""spark-submit jobs/segments.py --config FILE --as-of DATE: the same as `segspark segments`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("segments")
