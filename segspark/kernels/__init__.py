"""Code that runs inside executors: numpy, pandas and pyarrow only."""
