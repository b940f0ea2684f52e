"""MNIST in thirty lines: the loop that `Trainer` runs, written out.

Run it with ``python examples/mnist_by_hand.py``. After each of two epochs it prints the accuracy on images that were
not trained on.
"""

import numpy as np

from trainlab.data import Loader, Unit, load, split
from trainlab.nn import CrossEntropyLoss, Flatten, Linear, ReLU, Sequential
from trainlab.optim import SGD


def main(epochs: int = 2) -> float:
    digits = load("mnist", "train")
    parts = split(digits.labels, validation=0.1, seed=0)
    training = Loader(digits, parts.train, batch_size=64, transform=Unit(), seed=0, shuffle=True)
    validation = Loader(digits, parts.validation, batch_size=1000, transform=Unit(), seed=0, shuffle=False)

    rng = np.random.default_rng(0)
    model = Sequential(Flatten(), Linear(784, 128, rng=rng), ReLU(), Linear(128, 10, rng=rng))
    loss = CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)

    for epoch in range(1, epochs + 1):
        model.train()
        for batch in training.epoch(epoch):
            optimizer.zero_grad()
            scores = model.forward(batch.images)
            loss.forward(scores, batch.labels)
            model.backward(loss.backward())
            optimizer.step()

        model.eval()
        correct = sum(
            int((model.forward(batch.images).argmax(axis=1) == batch.labels).sum()) for batch in validation.epoch(1)
        )
        accuracy = correct / len(parts.validation)
        print(f"epoch {epoch}: {accuracy:.2%} of the validation images right")
    return accuracy


if __name__ == "__main__":
    main()
