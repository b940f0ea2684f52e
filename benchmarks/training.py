"""How many training steps a second: 784-128-10 by plain SGD through `Trainer`, against everybody."""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.figures import Result, Target
from benchmarks.problem import Problem, make_problem, trainlab_training
from benchmarks.rivals import hips_autograd, pytorch, pytorch_compile, scikit_learn, tinygrad_jit
from benchmarks.rounds import Contender, Makers, compare
from benchmarks.size import Size

BARE = "PyTorch eager, bare step: its best"
RIVALS: dict[str, Callable[[Problem], Contender]] = {
    BARE: pytorch.bare,
    "PyTorch eager, with loss and accuracy": pytorch.same_work,
    "PyTorch eager, as people write it: DataLoader": pytorch.as_written,
    "torch.compile(model), as people write it": pytorch_compile.model_only,
    "torch.compile(whole step), its best": pytorch_compile.whole_step,
    "scikit-learn MLPClassifier.partial_fit, its best": scikit_learn.partial_fit,
    "scikit-learn MLPClassifier.fit, as people write it": scikit_learn.fit,
    "HIPS autograd": hips_autograd.traced,
    "tinygrad TinyJit": tinygrad_jit.jitted,
}
FRAMEWORKS = [name for name in RIVALS if not name.startswith("PyTorch")]
TARGETS: dict[int, dict[str, Target]] = {
    1: {
        BARE: {"at_least": 5, "aim": 10},
        **{name: {"at_least": 6, "aim": 11} for name in FRAMEWORKS},
    },
    128: {BARE: {"at_least": 1.3, "aim": 2}},
}


def measure(size: Size, batch_size: int, rivals: Mapping[str, Callable[[Problem], Contender]] = RIVALS) -> Result:
    """Race `Trainer` against the rivals at one batch size."""
    problem = make_problem(batch_size)
    makers: Makers = {name: partial(make, problem) for name, make in rivals.items()}
    comparison = compare(
        f"Training at batch size {batch_size}",
        "steps/s",
        ("trainlab, Trainer with Loader", trainlab_training(problem)),
        makers,
        TARGETS.get(batch_size, {}),
        size.rounds,
        size.seconds,
    )
    return {
        "question": f"How many training steps a second at batch size {batch_size}? (784-128-10, plain SGD, float32)",
        "parts": [comparison],
        "notes": [
            "trainlab runs whole epochs through its public Trainer: its Loader shuffles and converts bytes, and each "
            "step adds up loss and correct predictions. Rivals get float arrays that lie ready, except DataLoader.",
            "Threads: the faster of 1 and 2 in a short round before; trainlab, DataLoader and tinygrad choose alone.",
            "Before timing, the losses of the first five steps from the same weights had to agree.",
        ],
    }
