"""HIPS autograd: the loss is written with its NumPy, the gradient comes from its tape."""

from typing import Any

from benchmarks.problem import CLASSES, Problem
from benchmarks.rivals import import_rival
from benchmarks.rounds import Contender, stepwise
from trainlab.nn.functional import one_hot


def traced(problem: Problem) -> Contender:
    """A loss by hand, ``value_and_grad`` of it, and an update in place."""
    anp = import_rival("autograd.numpy")
    value_and_grad = import_rival("autograd").value_and_grad
    value_of = import_rival("autograd.tracer").getval
    limits = import_rival("threadpoolctl").threadpool_limits
    weights = [weight.copy() for weight in problem.weights.values()]
    rate = problem.config.lr

    def loss(weights: Any, images: Any, target: Any) -> Any:
        weight_1, bias_1, weight_2, bias_2 = weights
        hidden = anp.maximum(anp.dot(images, weight_1.T) + bias_1, 0.0)
        scores = anp.dot(hidden, weight_2.T) + bias_2
        shifted = scores - value_of(scores).max(axis=1, keepdims=True)  # a constant: costs nothing on the tape
        log_total = anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
        return -anp.sum(target * (shifted - log_total)) / len(images)

    gradient = value_and_grad(loss)

    def step(images: Any, target: Any) -> float:
        value, gradients = gradient(weights, images, target)
        for weight, grad in zip(weights, gradients, strict=True):
            weight -= rate * grad
        return float(value)

    batches = [(images, one_hot(labels, CLASSES)) for images, labels in problem.batches()]
    return stepwise(step, batches, lambda threads: limits(limits=threads, user_api="blas"))
