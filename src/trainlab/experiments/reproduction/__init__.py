"""Somebody's published experiment, run again with several seeds: their figures beside ours, their claims put to a test.

```python
study = load_study("lab1-mnist")
folder = SweepFolder.create(Path("reproductions/first"), study.sweep(Options(seeds=5, jobs=2)))
...                                                        # run it, as any sweep
found = confront(study, [measure(run) for run in find_runs([folder.path])])
[told.verdict for told in found.claims]
```
"""

from trainlab.experiments.reproduction.confrontation import Cell, Confrontation, JudgedClaim, confront
from trainlab.experiments.reproduction.figures import FIGURES
from trainlab.experiments.reproduction.folder import STUDY_FILE, is_reproduction, read_reproduction
from trainlab.experiments.reproduction.scale import scaled
from trainlab.experiments.reproduction.study import Claim, Study, load_study

__all__ = [
    "FIGURES",
    "STUDY_FILE",
    "Cell",
    "Claim",
    "Confrontation",
    "JudgedClaim",
    "Study",
    "confront",
    "is_reproduction",
    "load_study",
    "read_reproduction",
    "scaled",
]
