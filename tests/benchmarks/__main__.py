"""`python -m tests.benchmarks [sqlite] [postgresql] [growth]`: measure, and print the tables for docs/performance.md."""

import sys

if __name__ == "__main__":
    # Not above: the processes that prepare bodies for the import run this file again, and are to start as fast as `loggia`'s.
    from tests.benchmarks.measuring import main

    sys.exit(main(sys.argv[1:]))
