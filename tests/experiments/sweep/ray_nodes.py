"""A Ray cluster of two nodes on this machine, one core each, in a process of its own.

It prints the cluster's address, removes the second node when it reads a line, and ends with its standard input.
"""

import os
import sys
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

SIZE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80_000_000}
TRIES = 5


def begin() -> tuple[Any, Any]:
    """Ray gives a node thirty seconds to start, which a busy machine may exceed."""
    for tries_left in reversed(range(TRIES)):
        cluster: Any = Cluster()
        try:
            cluster.add_node(include_dashboard=False, include_log_monitor=False, no_monitor=True, **SIZE)
            return cluster, cluster.add_node(**SIZE)
        except Exception:
            cluster.shutdown()
            if not tries_left:
                raise
    raise AssertionError


def main() -> None:
    cluster, second = begin()
    print(cluster.address, flush=True)
    if sys.stdin.readline():
        cluster.remove_node(second, allow_graceful=False)
        print("removed", flush=True)
        sys.stdin.readline()
    cluster.shutdown()


if __name__ == "__main__":
    main()
