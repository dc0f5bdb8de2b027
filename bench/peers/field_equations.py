"""The equations that the field's networks share: a spike with its surrogate derivative, neurons, the readout."""
import math

import torch

DECAY, THRESHOLD, SLOPE = 0.9, 1.0, 2.0


class Spike(torch.autograd.Function):
    """A step with the derivative k/2 / (1 + (π/2·k·v)²)."""

    @staticmethod
    def forward(context, distance):
        context.save_for_backward(distance)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(context, gradient):
        (distance,) = context.saved_tensors
        return gradient * (SLOPE / 2) / (1 + (math.pi / 2 * SLOPE * distance) ** 2)


def leaky_spikes(currents, recurrent=None):
    """Currents of LIF neurons, reset by subtraction, → spikes, both [steps, batch, …]; `recurrent` makes spikes a further current."""
    potential = torch.zeros_like(currents[0])
    spikes = torch.zeros_like(potential)
    fired = []
    for current in currents:
        if recurrent is not None:
            current = current + recurrent(spikes)
        potential = DECAY * potential + current
        spikes = Spike.apply(potential - THRESHOLD)
        potential = potential - THRESHOLD * spikes.detach()
        fired.append(spikes)
    return torch.stack(fired)


def integrated_spikes(currents):
    """Currents of IF neurons, reset to 0, → spikes, both [steps, batch, …]."""
    potential = torch.zeros_like(currents[0])
    fired = []
    for current in currents:
        potential = potential + current
        spikes = Spike.apply(potential - THRESHOLD)
        potential = potential * (1 - spikes.detach())
        fired.append(spikes)
    return torch.stack(fired)


def mean_of_leaky_sum(currents):
    """Currents [steps, batch, classes] → logits [batch, classes]."""
    potential = torch.zeros_like(currents[0])
    total = torch.zeros_like(potential)
    for current in currents:
        potential = DECAY * potential + current
        total = total + potential
    return total / len(currents)
