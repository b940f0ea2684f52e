"""How long one epoch of the lab report's MNIST experiment takes."""

import time

from benchmarks.figures import Result, Series, Target
from benchmarks.size import Size
from trainlab.experiments import load_preset
from trainlab.experiments.assemble import build_numpy_engine, build_schedule
from trainlab.experiments.prepared_data import prepare_data
from trainlab.experiments.thread_count import thread_count
from trainlab.nn.blas import thread_limit
from trainlab.training import Plan, Trainer

TARGET: Target = {"at_least": 3, "aim": 1.5}


def measure(size: Size) -> Result:
    """Train one epoch of `mnist-lab1` from new weights, validation included, again and again."""
    config = load_preset("mnist-lab1").config.override(["epochs=1"])
    data = prepare_data(config)
    steps = data.train_batches.steps_per_epoch
    plan = Plan("lab1", config.epochs, config.lr, build_schedule(config, steps))
    engines = [
        build_numpy_engine(config, data.dataset.image_shape, len(data.dataset.classes)) for _ in range(size.rounds)
    ]
    threads = thread_count(config, 2 * engines[0].parameter_count)
    values: list[float | None] = []
    for engine in engines:
        trainer = Trainer(engine, data.train_batches, data.validation_batches, plan)
        with thread_limit(threads):
            started = time.perf_counter()
            trainer.run()
            values.append(time.perf_counter() - started)
    row: Series = {"name": f"{steps:,} steps and validation", "values": values, "target": TARGET, "threads": threads}
    return {
        "question": "How long does one epoch of the lab report's experiment take? (mnist-lab1, batch size 1)",
        "parts": [{"kind": "limits", "title": "One epoch", "unit": "s", "rows": [row], "missing": []}],
        "notes": ["Through Trainer and Loader, without listeners; the images are in memory as bytes."],
    }
