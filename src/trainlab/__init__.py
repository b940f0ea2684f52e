"""trainlab: a deep-learning lab in a box.

The floors, from the ground up: `trainlab.nn`, `trainlab.optim`, `trainlab.data`; `trainlab.models`;
`trainlab.engines`; `trainlab.training`; `trainlab.experiments`; `trainlab.report`; `trainlab.cli`. Import the one
that you need: importing ``trainlab`` itself loads nothing, so that the command line starts at once.
"""

__version__ = "0.1.0"
