"""``torch.compile``: around the model, as people write it, and around the whole training step, its best."""

from typing import Any

from benchmarks.problem import Problem
from benchmarks.rivals import import_rival
from benchmarks.rivals.pytorch import network, tensors, torch_threads, training_step
from benchmarks.rounds import Contender, stepwise


def model_only(problem: Problem) -> Contender:
    """Forward and backward are compiled; the optimizer runs eagerly."""
    torch = import_rival("torch")
    model = torch.compile(network(problem)[1:])
    return stepwise(training_step(problem, model), tensors(problem), torch_threads)


def whole_step(problem: Problem) -> Contender:
    """Forward, backward and update in one compiled function over a dictionary of weights."""
    torch = import_rival("torch")
    model = network(problem)[1:]
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    cross_entropy = torch.nn.functional.cross_entropy

    def loss_of(weights: Any, images: Any, labels: Any) -> Any:
        return cross_entropy(torch.func.functional_call(model, weights, (images,)), labels)

    gradient_and_loss = torch.func.grad_and_value(loss_of)

    def step(weights: Any, images: Any, labels: Any) -> Any:
        gradients, loss = gradient_and_loss(weights, images, labels)
        for name, weight in weights.items():
            weight.sub_(gradients[name], alpha=problem.config.lr)
        return loss

    compiled = torch.compile(step)
    return stepwise(
        lambda images, labels: compiled(weights, images, labels),
        tensors(problem),
        torch_threads,
    )
