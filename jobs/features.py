"""spark-submit jobs/features.py --config FILE --as-of DATE: the same as `segspark features`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("features")
