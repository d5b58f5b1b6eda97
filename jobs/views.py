"""spark-submit jobs/views.py --config FILE --output FILE: the same as `segspark views`."""

from segspark.cli import phase

if __name__ == "__main__":
    phase("views")
