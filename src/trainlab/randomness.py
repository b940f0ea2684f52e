"""Random numbers that depend only on what they are for: a seed and a key, never on what was drawn before.

Nothing in trainlab seeds or reads a global generator. The order of the images in epoch 3 is drawn from
``generator(seed, "shuffle", 3)``, the dropout mask of step 700 from ``generator(seed, "dropout", 0, 700)``:
a run that stops after any step can go on bit for bit, because nothing has to be remembered.
"""

import zlib

import numpy as np


def generator(seed: int, purpose: str, *key: int) -> np.random.Generator:
    """A fresh generator for one purpose, the same for the same ``(seed, purpose, *key)`` on every machine.

    Philox is counter-based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): streams with
    different keys are independent however close the keys are.

    >>> generator(0, "shuffle", 1).permutation(5).tolist() == generator(0, "shuffle", 1).permutation(5).tolist()
    True
    >>> bool(generator(0, "shuffle", 1).random() == generator(0, "shuffle", 2).random())
    False
    """
    purpose_key = zlib.crc32(purpose.encode())
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, purpose_key, *key])))
