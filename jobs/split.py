"""spark-submit jobs/split.py SEGMENT_ID --config FILE --as-of DATE: the same as `segspark split SEGMENT_ID`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("split")
