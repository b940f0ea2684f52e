"""``python -m trainlab.experiments.sweep worker|estimate``: the processes that a sweep starts."""

import sys

from trainlab.experiments.sweep import estimate, worker

if __name__ == "__main__":
    sys.exit({"worker": worker, "estimate": estimate}[sys.argv[1]].main())
