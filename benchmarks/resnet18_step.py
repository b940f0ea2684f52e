"""How many images a second ResNet-18 trains on: `cifar10-lab1` against the lab report's way and PyTorch at its best."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.figures import Result, Target
from benchmarks.image_problem import (
    BF16_TOLERANCE,
    FAST_STEPS,
    FP32_TOLERANCE,
    SAMPLED_LR,
    SAMPLED_STEPS,
    ImageProblem,
    make_image_problem,
    trainlab_training,
)
from benchmarks.own_process import in_own_process
from benchmarks.rivals import import_rival
from benchmarks.rounds import Contender, Makers, compare
from benchmarks.size import Size

PRESET = "cifar10-lab1"
AS_WRITTEN = "PyTorch eager, as the lab report wrote it: float32, channels first"
BEST = "PyTorch eager, its best: bfloat16 autocast, channels last, fused Adam"
BEST_FP32 = "PyTorch eager, its best without bfloat16: float32, channels last, fused Adam"
COMPILED = "torch.compile(model), otherwise the same"
RIVALS: dict[str, tuple[str, dict[str, Any]]] = {
    AS_WRITTEN: ("as_written", {}),
    BEST: ("best", {}),
    COMPILED: ("best", {"compiled": True}),
    BEST_FP32: ("best", {"bf16": False}),
}
"""A function of `benchmarks.rivals.resnet18`, which imports torch, and its options."""
AT_ITS_BEST: Target = {"at_least": 1, "aim": 1.1}
TARGETS: dict[str, Target] = {
    AS_WRITTEN: {"at_least": 2.5, "aim": 3},
    BEST: AT_ITS_BEST,
    BEST_FP32: AT_ITS_BEST,
}


def measure(size: Size, rivals: Sequence[str] = (AS_WRITTEN, BEST, COMPILED), overrides: Sequence[str] = ()) -> Result:
    """Race `Trainer` against the rivals; the lab report's way takes more steps: an extrapolation rests on it."""
    problem = make_image_problem(PRESET, overrides)
    steps = min(FAST_STEPS, size.steps)
    makers: Makers = {
        name: partial(rival, name, problem, size.steps if name == AS_WRITTEN else steps) for name in rivals
    }
    comparison = compare(
        f"ResNet-18 training at batch size {problem.config.batch_size}",
        "images/s",
        (f"trainlab, Trainer with Loader, {PRESET}", trainlab_training(problem, steps)),
        makers,
        TARGETS,
        size.rounds,
        size.seconds,
    )
    return {
        "question": "How many images a second does ResNet-18 train on? "
        f"(11,173,962 parameters, Adam, batch size {problem.config.batch_size}, bytes in CIFAR-10's shape)",
        "parts": [comparison],
        "notes": [
            f"{size.rounds * size.steps} steps of the lab report's way are timed, {size.rounds * steps} of each other.",
            "trainlab crops, flips and standardizes bytes within the time, through its public Trainer and Loader, in "
            "the precision that precision=auto chooses here. Rivals get float tensors that lie ready, standardized "
            "and in the layout they want: the lab report's own DataLoader is not counted against it.",
            "Each rival runs in a process of its own, with the C library's usual memory management; trainlab tells the "
            "library to keep freed memory for the next step.",
            f"Before timing, the first {SAMPLED_STEPS} losses from the same weights on one batch had to agree with "
            f"trainlab's in float32: within {FP32_TOLERANCE:g} in float32, {BF16_TOLERANCE:g} in bfloat16, trainlab's "
            f"own included. Learning rate {SAMPLED_LR:g} for that; at the preset's, Adam's first steps follow the "
            "signs of gradients that rounding decides.",
        ],
    }


def rival(name: str, problem: ImageProblem, steps: int) -> Contender:
    """One of `RIVALS`, which takes so many steps in a round, in a process of its own."""
    return in_own_process(partial(make_rival, name, problem, steps))


def make_rival(name: str, problem: ImageProblem, steps: int) -> Contender:
    """The same in this process."""
    function, options = RIVALS[name]
    contender: Contender = getattr(import_rival("benchmarks.rivals.resnet18"), function)(problem, steps, **options)
    return contender
