"""spark-submit jobs/audit.py --config FILE --as-of DATE: the same as `segspark audit`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("audit")
