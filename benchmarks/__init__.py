"""How fast, how small and how accurate trainlab is: one script a question, and the report that their figures make.

Run all that take minutes, or some by name; the figures go to ``results.json`` and ``RESULTS.md`` in this folder::

    python -m benchmarks
    python -m benchmarks training_batch1 memory
    python -m benchmarks --quick startup          # a trial that takes a moment, kept apart in .bench/

A speed is a ratio to a named rival that ran in the same process, in turn with trainlab, round after round. The
rival appears as people write it and at its best. Before anything is timed, each contender must give the losses that
trainlab gives from the same weights on the same batches.
"""
