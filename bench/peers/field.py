"""The field's ordinary networks in PyTorch and its frameworks, for bench/field.ts: checked with one batch of ours, then trained and timed.

    fc128, fc1000   784 – 128 or 1000 – 10: LIF neurons, 25 steps, batches of 128; the inputs are the same at every step
    rsnn            700 – 128 recurrent – 20: LIF neurons, 100 steps, batches of 128; one input in fifty is 1 at a step
    conv            12C5-MP2-64C5-MP2-10: LIF neurons, 25 steps, batches of 128 (snnTorch's tutorial 6)
    csnn            128C3-BN-MP2-128C3-BN-MP2-2048-10: IF neurons, 4 steps, batches of 64 (SpikingJelly's conv_fashion_mnist)

The readout is a leaky sum without spikes, whose mean over the steps gives the logits, and of csnn the mean of the last neurons' spikes;
cross-entropy, Adam. "tuned" makes each product over as many steps as the model allows in one call, and "compiled" is the same through
torch.compile. With a framework a network is written as its tutorials write one, of its own neurons: where their equation is ours
(`SAME`), loss and gradients have to be ours.

Reads a line for each request, a number of batches, and answers with the seconds of each, and the process's peak of resident bytes since
it was warm, as JSON. The first answer is of the check, and of the bytes that it has between batches beside parameters and Adam's moments.
"""
import argparse
import ctypes
import gc
import importlib.metadata
import json
import math
import resource
import struct
import sys
import time
import warnings

import torch
from torch import nn
from torch.nn import functional

from field_conv import CONV, CSNN
from field_equations import DECAY, SLOPE, THRESHOLD, leaky_spikes, mean_of_leaky_sum

warnings.filterwarnings("ignore")

TASKS = {
    "fc128": {"inputs": 784, "hidden": 128, "classes": 10, "steps": 25, "recurrent": False},
    "fc1000": {"inputs": 784, "hidden": 1000, "classes": 10, "steps": 25, "recurrent": False},
    "rsnn": {"inputs": 700, "hidden": 128, "classes": 20, "steps": 100, "recurrent": True},
    "conv": {"classes": 10, "steps": 25, "recurrent": False},
    "csnn": {"classes": 10, "steps": 4, "recurrent": False},
}
# Frameworks whose model is ours, equation by equation, by task.
SAME = {"tuned": set(TASKS), "compiled": set(TASKS), "spikingjelly": set(TASKS) - {"rsnn"}}


class Model(nn.Module):
    """What all have: two layers, and, of a recurrent network, the weights from the hidden layer to itself."""

    def __init__(self, task):
        super().__init__()
        self.task = task
        self.fc1 = nn.Linear(task["inputs"], task["hidden"])
        self.fc2 = nn.Linear(task["hidden"], task["classes"])
        if task["recurrent"]:
            self.rec1 = nn.Linear(task["hidden"], task["hidden"], bias=False)

    def hidden_currents(self, x):
        """x [batch, inputs], or [steps, batch, inputs] → [steps, batch, hidden]."""
        currents = self.fc1(x)
        return currents if x.dim() == 3 else currents.expand(self.task["steps"], *currents.shape)


class Tuned(Model):
    def forward(self, x):
        spikes = leaky_spikes(self.hidden_currents(x), self.rec1 if self.task["recurrent"] else None)
        return mean_of_leaky_sum(self.fc2(spikes))


class SnnTorch(Model):
    def __init__(self, task):
        super().__init__(task)
        import snntorch

        options = {"beta": DECAY, "threshold": THRESHOLD}
        self.neurons = (
            snntorch.RLeaky(linear_features=task["hidden"], **options) if task["recurrent"] else snntorch.Leaky(**options)
        )
        self.readout = snntorch.Leaky(beta=DECAY, reset_mechanism="none")

    def forward(self, x):
        is_recurrent = self.task["recurrent"]
        state = self.neurons.init_rleaky() if is_recurrent else (self.neurons.init_leaky(),)
        potential, total = self.readout.init_leaky(), 0
        for step in range(self.task["steps"]):
            current = self.fc1(x[step] if is_recurrent else x)
            spikes, *rest = self.neurons(current, *state)
            state = (spikes, *rest) if is_recurrent else tuple(rest)
            _, potential = self.readout(self.fc2(spikes), potential)
            total = total + potential
        return total / self.task["steps"]


class Norse(Model):
    def __init__(self, task):
        super().__init__(task)
        import norse.torch as norse

        time_constant = torch.tensor(1000 * (1 - DECAY))
        if task["recurrent"]:
            parameters = norse.LIFParameters(tau_mem_inv=time_constant, v_th=torch.tensor(THRESHOLD))
            self.neurons = norse.LIFRecurrent(task["inputs"], task["hidden"], p=parameters)
        else:
            parameters = norse.LIFBoxParameters(tau_mem_inv=time_constant, v_th=torch.tensor(THRESHOLD))
            self.neurons = norse.LIFBoxCell(parameters)
            self.readout = norse.LIBoxCell()

    def forward(self, x):
        if self.task["recurrent"]:
            spikes, _ = self.neurons(x)
            return mean_of_leaky_sum(self.fc2(spikes))
        state, top, total = None, None, 0
        for _ in range(self.task["steps"]):
            spikes, state = self.neurons(self.fc1(x), state)
            potential, top = self.readout(self.fc2(spikes), top)
            total = total + potential
        return total / self.task["steps"]


class SpikingJelly(Model):
    def __init__(self, task):
        super().__init__(task)
        from spikingjelly.activation_based import functional as jelly, layer, neuron, surrogate

        neurons = neuron.LIFNode(
            tau=1 / (1 - DECAY),
            decay_input=False,
            v_threshold=THRESHOLD,
            v_reset=None,
            detach_reset=True,
            surrogate_function=surrogate.ATan(alpha=SLOPE),
        )
        self.jelly = jelly
        self.neurons = neurons
        if task["recurrent"]:
            self.neurons = layer.LinearRecurrentContainer(neurons, task["hidden"], task["hidden"], bias=False)
        jelly.set_step_mode(self.neurons, "m")

    def forward(self, x):
        self.jelly.reset_net(self.neurons)
        inputs = x if x.dim() == 3 else x.expand(self.task["steps"], *x.shape)
        return mean_of_leaky_sum(self.fc2(self.neurons(self.fc1(inputs))))


DENSE = {"tuned": Tuned, "compiled": Tuned, "snntorch": SnnTorch, "norse": Norse, "spikingjelly": SpikingJelly}
MODELS = {"fc128": DENSE, "fc1000": DENSE, "rsnn": DENSE, "conv": CONV, "csnn": CSNN}


def read_safetensors(path):
    """Tensors of a batch of ours."""
    types = {"F32": torch.float32, "I32": torch.int32}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data, dtype=types[entry["dtype"]], offset=entry["data_offsets"][0],
                               count=math.prod(entry["shape"])).reshape(entry["shape"])
        for name, entry in header.items()
    }


def inputs_of(case, task):
    """x [batch, inputs] or [steps, batch, inputs]."""
    x = case["x"]
    return x.transpose(0, 1).contiguous() if task["recurrent"] else x


def check(model, run, case, task):
    """How far loss and gradients are from ours, relative to the largest gradient of each tensor."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(case[name])
    loss = functional.cross_entropy(run(inputs_of(case, task)), case["y"].long())
    model.zero_grad()
    loss.backward()
    deviations = [
        ((parameter.grad - case["grad." + name]).abs().max() / case["grad." + name].abs().max()).item()
        for name, parameter in model.named_parameters()
    ]
    return {"loss": loss.item(), "deviation": max(deviations)}


def peak_bytes():
    """The most that was resident of this process: on Linux since `begin_peak`, elsewhere since its start."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def begin_peak():
    """Begins the peak anew on Linux, where what torch.compile took does not count. Returns the bytes that are resident between batches."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as clear:
            clear.write("5")
    except (AttributeError, OSError):
        pass
    return peak_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--framework", choices=DENSE, required=True)
    parser.add_argument("--case", metavar="FILE", help="a batch of ours, with its loss and gradients", required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    task = TASKS[options.task]
    if options.framework not in MODELS[options.task]:
        parser.error(f"--framework {options.framework}: {options.task} is written for {', '.join(MODELS[options.task])}")
    model = MODELS[options.task][options.framework](task)
    run = torch.compile(model, dynamic=False) if options.framework == "compiled" else model
    case = read_safetensors(options.case)
    x, y = inputs_of(case, task), case["y"].long()
    is_same = options.task in SAME.get(options.framework, ())
    answer = {"torch": torch.__version__}
    if options.framework in ("snntorch", "norse", "spikingjelly"):
        answer["version"] = importlib.metadata.version(options.framework)
    if is_same:
        answer.update(check(model, run, case, task))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def train():
        began = time.perf_counter()
        optimizer.zero_grad()
        loss = functional.cross_entropy(run(x), y)
        loss.backward()
        optimizer.step()
        loss.item()
        return time.perf_counter() - began

    for _ in range(2):
        train()
    optimizer.zero_grad()
    answer["libraries"] = begin_peak() - 3 * sum(4 * parameter.numel() for parameter in model.parameters())
    print(json.dumps(answer), flush=True)
    for line in sys.stdin:
        seconds = [train() for _ in range(int(line))]
        print(json.dumps({"seconds": seconds, "peak": peak_bytes()}), flush=True)


if __name__ == "__main__":
    main()
