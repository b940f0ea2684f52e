"""What trainlab computes and how fast it is on a CUDA GPU: checks first, then measurements, within ten minutes.

    python -m benchmarks.gpu --data FOLDER        # with CIFAR-10 in FOLDER, or where trainlab looks for it
    python -m benchmarks.gpu --device cpu --quick # the whole script on a few images, without a GPU

It needs trainlab, NumPy and PyTorch, and no network. The exit status is 0, 1 when a check failed, or 2 without a GPU.
"""
