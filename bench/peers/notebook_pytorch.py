"""The notebook's network in PyTorch, for bench/peers.ts: trained for some batches and timed, or checked with a golden case.

    notebook   one step of the whole network at a time, as the notebook is written
    tuned      the hidden layer's products of all steps in one call, then the scan over its currents; then the top's likewise
    compiled   a step of the notebook's through torch.compile

All compute the same. Prints one JSON object. Needs PyTorch, nothing else.
"""
import argparse
import functools
import json
import os
import struct
import time

import torch
from torch.nn import functional

DECAY, THRESHOLD, PENALTY = 0.9, 2.0, 2.5
SIDE = 28
NAMES = ("w1", "b1", "w2", "b2")


def advance(currents, state):
    """A step of a layer: its state after the reset, and its graded spikes."""
    potential = DECAY * state + currents
    spikes = functional.relu(potential - THRESHOLD)
    gate = (spikes > 0).to(potential.dtype)
    return potential - gate * (spikes + PENALTY), spikes


def step(weights, x, hidden, spikes, top):
    """A step of the whole network, from its inputs and its states."""
    w1, b1, w2, b2 = weights
    top, _ = advance(functional.linear(spikes, w2, b2), top)
    return *advance(functional.linear(x, w1, b1), hidden), top


def readouts_step_by_step(weights, features, steps, draw, step=step):
    """The top's readout at each step: its state of the step before."""
    _, b1, _, b2 = weights
    hidden = spikes = features.new_zeros(len(features), len(b1))
    top = features.new_zeros(len(features), len(b2))
    for at in range(steps):
        yield top
        hidden, spikes, top = step(weights, draw(at) * features, hidden, spikes, top)


def readouts_compiled(weights, features, steps, draw):
    """The same, a step compiled."""
    return readouts_step_by_step(weights, features, steps, draw, compiled_step())


@functools.cache
def compiled_step():
    """The step through torch.compile, once a process."""
    return torch.compile(step, dynamic=False)


def readouts_layer_by_layer(weights, features, steps, draw):
    """The same, each layer over all steps before the next."""
    w1, b1, w2, b2 = weights
    state = spikes = features.new_zeros(len(features), len(b1))
    handed_on = []
    for currents in functional.linear(draw(None) * features, w1, b1):
        handed_on.append(spikes)
        state, spikes = advance(currents, state)
    state = features.new_zeros(len(features), len(b2))
    for currents in functional.linear(torch.stack(handed_on), w2, b2):
        yield state
        state, _ = advance(currents, state)


READOUTS = {"notebook": readouts_step_by_step, "tuned": readouts_layer_by_layer, "compiled": readouts_compiled}


def train_batch(mode, weights, optimizer, features, labels, steps, draw):
    """One step of SGD. Returns the loss before it."""
    readouts = READOUTS[mode]
    logits = torch.stack(list(readouts(weights, features, steps, draw))).mean(dim=0)
    loss = functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def first_weights(inputs, hidden, classes):
    """Xavier's weights and a Linear layer's biases."""
    weights = []
    for fan_in, units in ((inputs, hidden), (hidden, classes)):
        weights.append(torch.nn.init.xavier_uniform_(torch.empty(units, fan_in)))
        weights.append(torch.empty(units).uniform_(-(fan_in**-0.5), fan_in**-0.5))
    return [w.requires_grad_() for w in weights]


def sgd(weights, learning_rate=0.1, momentum=0.5):
    return torch.optim.SGD(weights, lr=learning_rate, momentum=momentum)


def read_mnist(folder, count):
    """The first training images, pixels in ±0.5, and their labels."""
    def payload(name, header, size):
        with open(os.path.join(folder, name), "rb") as file:
            file.seek(header)
            return torch.frombuffer(bytearray(file.read(size)), dtype=torch.uint8)

    pixels = payload("train-images-idx3-ubyte", 16, count * SIDE * SIDE)
    labels = payload("train-labels-idx1-ubyte", 8, count)
    return pixels.reshape(count, SIDE * SIDE) / 255 - 0.5, labels.long()


def read_safetensors(path):
    """Metadata and tensors of a golden case."""
    types = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data[begin:end], dtype=types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return metadata, tensors


def check(options):
    """The golden case's loss with its own draws, and how far the weights are from its weights after one step."""
    constants, case = read_safetensors(options.check)
    weights = [case[name].clone().requires_grad_() for name in NAMES]
    optimizer = sgd(weights, float(constants["learning_rate"]), float(constants["momentum"]))

    def draw(step):
        return case["r"] if step is None else case["r"][step]

    loss = train_batch(options.mode, weights, optimizer, case["x"], case["y"], int(constants["steps"]), draw)
    deviation = max((w - case[name + "_after1"]).abs().max().item() for w, name in zip(weights, NAMES))
    return {"loss": loss, "deviation": deviation}


def measure(options):
    """Seconds of each batch, after one that is not counted."""
    size, steps = options.batch_size, options.steps
    features, labels = read_mnist(options.data, size * (options.batches + 1))
    weights = first_weights(features.shape[1], options.hidden, 10)
    optimizer = sgd(weights)
    seconds = []
    for first in range(0, len(labels), size):
        x, y = features[first:first + size], labels[first:first + size]

        def draw(step):
            return torch.rand(*(() if step is not None else (steps,)), *x.shape)

        began = time.perf_counter()
        train_batch(options.mode, weights, optimizer, x, y, steps, draw)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds[1:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=READOUTS, default="notebook")
    parser.add_argument("--check", metavar="GOLDEN", help="a golden case to check, in place of timing")
    parser.add_argument("--data", metavar="FOLDER", help="of MNIST's IDX files")
    parser.add_argument("--batches", type=int, default=3)
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--hidden", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if not options.check and not options.data:
        parser.error("--data FOLDER is needed to time, or --check GOLDEN")
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    result = check(options) if options.check else measure(options)
    print(json.dumps({"peer": f"PyTorch {torch.__version__}", **result}))


main()
