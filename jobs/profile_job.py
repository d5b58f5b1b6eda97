"""spark-submit jobs/profile_job.py --config FILE --as-of DATE: the same as `segspark profile`.

The file is not called profile.py: beside the other jobs it would take the place of Python's own module of that name,
which pyspark imports.
"""

from segspark.cli import phase

if __name__ == "__main__":
    phase("profile")
