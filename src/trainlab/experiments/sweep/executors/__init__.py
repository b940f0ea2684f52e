"""Where the runs of a sweep are computed: processes of this machine, a Ray cluster, Slurm jobs.

A coordinator knows `Workers` alone. `LocalWorkers` holds a pipe to each of its processes. `ClusterWorkers` has Ray or
Slurm begin jobs on other machines, and all that passes between those and the coordinator are files in its folder.
"""
