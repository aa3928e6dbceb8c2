import torch


def rule(solver, group, gradients, rate, step):
    (velocity,) = group.slots
    torch._foreach_add_(gradients, group.weights, alpha=group.decay)
    torch._foreach_lerp_(velocity, gradients, 1 - solver.beta)
    torch._foreach_add_(group.weights, torch._foreach_sign(velocity), alpha=-rate)
