"""spark-submit jobs/stream.py --config FILE --as-of DATE: the same as `segspark stream`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("stream")
