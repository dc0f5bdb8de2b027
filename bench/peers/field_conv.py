"""The field's convolutional networks, `conv` and `csnn` of field.py, in PyTorch and its frameworks; pictures are [batch, 1, 28, 28]."""
import torch
from torch import nn
from torch.nn import functional

from field_equations import DECAY, SLOPE, THRESHOLD, integrated_spikes, leaky_spikes, mean_of_leaky_sum


def over_steps(function, x):
    """A function of [batch, …] of all steps in one call: x [steps, batch, …]."""
    return function(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Conv(nn.Module):
    """What all have: the layers of 12C5-MP2-64C5-MP2-10. @param layers: PyTorch's, or a framework's of the same names."""

    def __init__(self, task, layers=nn):
        super().__init__()
        self.steps = task["steps"]
        self.conv1 = layers.Conv2d(1, 12, 5)
        self.conv2 = layers.Conv2d(12, 64, 5)
        self.fc1 = layers.Linear(1024, task["classes"])


class TunedConv(Conv):
    def forward(self, x):
        currents = functional.max_pool2d(self.conv1(x), 2)
        spikes = leaky_spikes(currents.expand(self.steps, *currents.shape))
        spikes = leaky_spikes(over_steps(lambda each: functional.max_pool2d(self.conv2(each), 2), spikes))
        return mean_of_leaky_sum(self.fc1(spikes.flatten(2)))


class SnnTorchConv(Conv):
    def __init__(self, task):
        super().__init__(task)
        import snntorch

        self.neurons1 = snntorch.Leaky(beta=DECAY, threshold=THRESHOLD)
        self.neurons2 = snntorch.Leaky(beta=DECAY, threshold=THRESHOLD)
        self.readout = snntorch.Leaky(beta=DECAY, reset_mechanism="none")

    def forward(self, x):
        state1, state2 = self.neurons1.init_leaky(), self.neurons2.init_leaky()
        potential, total = self.readout.init_leaky(), 0
        for _ in range(self.steps):
            spikes, state1 = self.neurons1(functional.max_pool2d(self.conv1(x), 2), state1)
            spikes, state2 = self.neurons2(functional.max_pool2d(self.conv2(spikes), 2), state2)
            _, potential = self.readout(self.fc1(spikes.flatten(1)), potential)
            total = total + potential
        return total / self.steps


class NorseConv(Conv):
    def __init__(self, task):
        super().__init__(task)
        import norse.torch as norse

        time_constant = torch.tensor(1000 * (1 - DECAY))
        parameters = norse.LIFBoxParameters(tau_mem_inv=time_constant, v_th=torch.tensor(THRESHOLD))
        self.layers = norse.SequentialState(
            self.conv1, nn.MaxPool2d(2), norse.LIFBoxCell(parameters),
            self.conv2, nn.MaxPool2d(2), norse.LIFBoxCell(parameters),
            nn.Flatten(), self.fc1, norse.LIBoxCell(),
        )  # fmt: skip

    def forward(self, x):
        state, total = None, 0
        for _ in range(self.steps):
            potential, state = self.layers(x, state)
            total = total + potential
        return total / self.steps


class SpikingJellyConv(Conv):
    def __init__(self, task):
        from spikingjelly.activation_based import functional as jelly, layer, neuron, surrogate

        super().__init__(task, layer)

        def neurons():
            return neuron.LIFNode(
                tau=1 / (1 - DECAY),
                decay_input=False,
                v_threshold=THRESHOLD,
                v_reset=None,
                detach_reset=True,
                surrogate_function=surrogate.ATan(alpha=SLOPE),
            )

        self.jelly = jelly
        self.layers = nn.Sequential(
            self.conv1, layer.MaxPool2d(2), neurons(),
            self.conv2, layer.MaxPool2d(2), neurons(),
            layer.Flatten(), self.fc1,
        )  # fmt: skip
        jelly.set_step_mode(self, "m")

    def forward(self, x):
        self.jelly.reset_net(self)
        return mean_of_leaky_sum(self.layers(x.expand(self.steps, *x.shape)))


class Csnn(nn.Module):
    """What all have: the layers of 128C3-BN-MP2-128C3-BN-MP2-2048-10. @param layers: PyTorch's, or a framework's of the same names."""

    def __init__(self, task, layers=nn):
        super().__init__()
        self.steps = task["steps"]
        self.conv1 = layers.Conv2d(1, 128, 3, padding=1, bias=False)
        self.norm1 = layers.BatchNorm2d(128)
        self.conv2 = layers.Conv2d(128, 128, 3, padding=1, bias=False)
        self.norm2 = layers.BatchNorm2d(128)
        self.fc1 = layers.Linear(128 * 7 * 7, 2048, bias=False)
        self.fc2 = layers.Linear(2048, task["classes"], bias=False)


class TunedCsnn(Csnn):
    def forward(self, x):
        currents = self.norm1(self.conv1(x))
        spikes = integrated_spikes(currents.expand(self.steps, *currents.shape))
        spikes = over_steps(lambda each: functional.max_pool2d(each, 2), spikes)
        spikes = integrated_spikes(over_steps(lambda each: self.norm2(self.conv2(each)), spikes))
        spikes = over_steps(lambda each: functional.max_pool2d(each, 2), spikes)
        spikes = integrated_spikes(self.fc1(spikes.flatten(2)))
        return integrated_spikes(self.fc2(spikes)).mean(0)


class SpikingJellyCsnn(Csnn):
    def __init__(self, task):
        from spikingjelly.activation_based import functional as jelly, layer, neuron, surrogate

        super().__init__(task, layer)

        def neurons():
            return neuron.IFNode(
                v_threshold=THRESHOLD, detach_reset=True, surrogate_function=surrogate.ATan(alpha=SLOPE)
            )

        self.jelly = jelly
        self.layers = nn.Sequential(
            self.conv1, self.norm1, neurons(), layer.MaxPool2d(2),
            self.conv2, self.norm2, neurons(), layer.MaxPool2d(2),
            layer.Flatten(), self.fc1, neurons(), self.fc2, neurons(),
        )  # fmt: skip
        jelly.set_step_mode(self, "m")

    def forward(self, x):
        self.jelly.reset_net(self)
        return self.layers(x.expand(self.steps, *x.shape)).mean(0)


CONV = {
    "tuned": TunedConv,
    "compiled": TunedConv,
    "snntorch": SnnTorchConv,
    "norse": NorseConv,
    "spikingjelly": SpikingJellyConv,
}
CSNN = {"tuned": TunedCsnn, "compiled": TunedCsnn, "spikingjelly": SpikingJellyCsnn}
