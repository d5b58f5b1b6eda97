"""`python -m segspark` is the same as the `segspark` command."""

import sys

from segspark.cli import main

if __name__ == "__main__":
    sys.exit(main())
