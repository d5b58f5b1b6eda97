"""spark-submit jobs/report.py --config FILE --as-of DATE: the same as `segspark report`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("report")
