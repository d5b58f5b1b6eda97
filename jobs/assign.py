"""spark-submit jobs/assign.py --config FILE --as-of DATE: the same as `segspark assign`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("assign")
