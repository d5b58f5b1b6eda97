"""spark-submit jobs/profile.py --config FILE --as-of DATE: the same as `segspark profile`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("profile")
