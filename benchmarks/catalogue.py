"""All benchmarks by name, in the order of the report."""

from collections.abc import Callable
from functools import partial

from benchmarks import (
    augmentation,
    batch_norm,
    cifar10_time,
    convolution,
    data_wait,
    evaluation_batch1,
    lab1_epoch,
    lab1_experiments,
    memory,
    network_step,
    presets,
    profile_step,
    resnet18_step,
    runs_report,
    sklearn_classifier,
    startup,
    sweep,
    time_to_accuracy,
    training,
)
from benchmarks.figures import Result
from benchmarks.size import Size

Measure = Callable[[Size], Result]
SPEED: dict[str, Measure] = {
    "training_batch1": partial(training.measure, batch_size=1),
    "training_batch128": partial(training.measure, batch_size=128),
    "evaluation_batch1": evaluation_batch1.measure,
    "time_to_accuracy": time_to_accuracy.measure,
    "lab1_epoch": lab1_epoch.measure,
    "startup": startup.measure,
    "memory": memory.measure,
    "augmentation": augmentation.measure,
    "profile_step": profile_step.measure,
    "convolution": convolution.measure,
    "batch_norm": batch_norm.measure,
    "numpy_lenet_step": partial(network_step.measure, network="lenet"),
    "numpy_resnet18_step": partial(network_step.measure, network="resnet18"),
    "resnet18_step": resnet18_step.measure,
    "resnet18_step_fp32": partial(
        resnet18_step.measure,
        rivals=(resnet18_step.AS_WRITTEN, resnet18_step.BEST_FP32),
        overrides=("precision=fp32",),
    ),
    "data_wait": data_wait.measure,
    "sklearn_classifier": sklearn_classifier.measure,
    "runs_report": runs_report.measure,
    "sweep": sweep.measure,
}
ACCURACY: dict[str, Measure] = {
    "lab1_experiments": lab1_experiments.measure,
    "presets": presets.measure,
    "cifar10_time": cifar10_time.measure,
    **{name: partial(presets.measure, presets=(preset,)) for name, preset in presets.ALONE.items()},
}
BENCHMARKS = SPEED | ACCURACY
