"""spark-submit jobs/run.py --config FILE --as-of DATE: the same as `segspark run`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("run")
