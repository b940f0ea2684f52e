"""How many threads a configuration's products are worth."""

from trainlab.engines import Group
from trainlab.experiments.assemble import summarize_network
from trainlab.experiments.config import Config
from trainlab.experiments.cores import available_cores

WORK_FOR_A_THREAD = 100e6  # FLOPs a step; below, two threads gain 10 % alone and lose 100 % beside a busy process


def thread_count(config: Config, forward_flops: int, group: Group | None = None) -> int:
    """Threads for matrix products: what the configuration says, else as many as have enough to do in a step.

    A training step costs about three forward passes: one forward, two backward. ``forward_flops`` is for one image.
    The processes of a group share the cores of their machine, and each has its part of the batch to compute.
    """
    if config.threads:
        return config.threads
    group = group or Group()
    cores = available_cores()
    work = 3 * forward_flops * config.batch_size / group.size
    return max(1, min(cores // group.local_size, int(work / WORK_FOR_A_THREAD)))


def threads_for(config: Config, image_shape: tuple[int, int, int], classes: int, group: Group | None = None) -> int:
    """`thread_count` of a configuration's own network."""
    layers = summarize_network(config, image_shape, classes)
    return thread_count(config, sum(layer.flops for layer in layers), group)
