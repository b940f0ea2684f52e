"""Sweeps: many runs that differ in some settings and in their seed.

```python
sweep = build_sweep("mnist-fast", ["lr=0.1,0.3"], Options(seeds=5, jobs=2))
folder = SweepFolder.create(Path("sweeps/first"), sweep)
with folder.alone():
    outcome = Coordinator(folder, make_sweep_display()).run()
best = best_point(scores(outcome.rows))
```
"""

from trainlab.experiments.sweep.coordinator import Coordinator, Display, SweepOutcome
from trainlab.experiments.sweep.display import make_sweep_display
from trainlab.experiments.sweep.executors.executor import Executor
from trainlab.experiments.sweep.folder import RunKey, SweepFolder, is_sweep
from trainlab.experiments.sweep.plan import SweepPlan, plan_sweep
from trainlab.experiments.sweep.reading import build_sweep, parse_budget
from trainlab.experiments.sweep.space import Choices, Range, settings_text
from trainlab.experiments.sweep.sweep import Options, Sweep
from trainlab.experiments.sweep.table import PointScore, Row, best_point, ranked, scores

__all__ = [
    "Choices",
    "Coordinator",
    "Display",
    "Executor",
    "Options",
    "PointScore",
    "Range",
    "Row",
    "RunKey",
    "Sweep",
    "SweepFolder",
    "SweepOutcome",
    "SweepPlan",
    "best_point",
    "build_sweep",
    "is_sweep",
    "make_sweep_display",
    "parse_budget",
    "plan_sweep",
    "ranked",
    "scores",
    "settings_text",
]
