"""spark-submit jobs/compare.py --config FILE [--from RUN --to RUN]: the same as `segspark compare`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("compare")
