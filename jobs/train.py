"""spark-submit jobs/train.py --config FILE --as-of DATE: the same as `segspark train`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("train")
