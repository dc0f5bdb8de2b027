"""Reference cases of networks by PyTorch's autograd: losses, firing rates, sequences of unequal lengths.

    python3 tests/reference/pytorch/networks.py

writes a safetensors file a case beside itself, in the form that `verify` reads (docs/networks.md has the equations). Needs
PyTorch 1.13 or later. The seeds are the first whose potentials all keep clear of their thresholds.
"""
import json
import math
import struct
from pathlib import Path

import torch

FOLDER = Path(__file__).parent
MARGIN = 1e-3


class Spike(torch.autograd.Function):
    """[v > 0], with a surrogate for its derivative."""

    @staticmethod
    def forward(ctx, v, kind, slope):
        ctx.save_for_backward(v)
        ctx.kind, ctx.slope = kind, slope
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (v,), k = ctx.saved_tensors, ctx.slope
        sigma = {
            "atan": lambda: k / 2 / (1 + (math.pi / 2 * k * v) ** 2),
            "fastSigmoid": lambda: 1 / (1 + k * v.abs()) ** 2,
            "triangle": lambda: k * (1 - k * v.abs()).clamp(min=0),
            "boxcar": lambda: torch.where(v.abs() < 1 / (2 * k), torch.full_like(v, k), torch.zeros_like(v)),
        }[ctx.kind]()
        return gradient * sigma, None, None


class Layer:
    """One layer of a sample: its states so far, and what it hands on."""

    def __init__(self, spec, index, parameters):
        self.spec, self.neuron, self.index = spec, spec["neuron"], index
        self.w, self.b = parameters[f"w{index}"], parameters[f"b{index}"]
        self.v = parameters.get(f"v{index}")
        self.parameters = parameters
        zero = torch.zeros(spec["units"])
        self.u, self.s, self.a, self.o = zero, zero, zero, zero
        self.states, self.outputs, self.margin = [], [], math.inf

    def constant(self, name):
        return self.parameters.get(f"{name}{self.index}", self.neuron.get(name))

    def step(self, x):
        neuron = self.neuron
        current = self.w @ x + self.b
        if self.v is not None:
            current = current + self.v @ self.o
        decay, threshold = self.constant("decay"), self.constant("threshold")
        if neuron["kind"] == "graded":
            before = current + decay * self.u
            v = before - threshold
            e = v.clamp(min=0)
            gate = (v > 0).to(v.dtype)
            u = before - (neuron["penalty"] + e) * gate
            o = self.constant("scale") * e
        elif neuron["kind"] == "lif":
            s = neuron["synapticDecay"] * self.s + current
            before = decay * self.u + s
            a = neuron["adaptationDecay"] * self.a + self.o
            moving = threshold + neuron["adaptation"] * a
            v = before - moving
            o = Spike.apply(v, neuron["surrogate"]["kind"], neuron["surrogate"]["slope"])
            u = {
                "subtract": lambda: before - (moving * o).detach(),
                "zero": lambda: before * (1 - o.detach()),
                "none": lambda: before,
            }[neuron["reset"]]()
            self.s, self.a = s, a
        else:
            s = neuron["synapticDecay"] * self.s + current
            u = o = decay * self.u + s
            self.s, v = s, None
        if v is not None:
            self.margin = min(self.margin, v.detach().abs().min().item())
        self.u, self.o = u, o
        self.states.append(u)
        self.outputs.append(o)

    def handed_on(self, rows, t):
        at = t - self.spec["delay"]
        return rows[at] if at >= 0 else torch.zeros(self.spec["units"])


def present(network, parameters, x, label):
    """A sample's layers, logits and loss. x is [steps, inputs], as many steps as the sample has."""
    layers = [Layer(spec, i + 1, parameters) for i, spec in enumerate(network["layers"])]
    for t in range(len(x)):
        row = x[t]
        for layer in layers:
            layer.step(row)
            row = layer.handed_on(layer.outputs, t)
    top, readout = layers[-1], network["readout"]
    rows = top.states if readout["from"] == "state" else top.outputs
    begin = len(x) - 1 if readout["reduce"] == "last" else readout["begin"]
    read = torch.stack([top.handed_on(rows, t) for t in range(begin, len(x))])
    logits = {
        "mean": lambda: read.mean(0),
        "sum": lambda: read.sum(0),
        "last": lambda: read[-1],
        "max": lambda: read.max(0).values,
    }[readout["reduce"]]()
    loss = network["loss"]
    if loss["kind"] == "crossEntropy":
        total = torch.nn.functional.cross_entropy(logits[None], torch.tensor([label]))
    else:
        target = torch.full_like(logits, loss["incorrect"])
        target[label] = loss["correct"]
        total = torch.nn.functional.mse_loss(logits, target)
    if "rate" in loss:
        for layer in layers[:-1]:
            if layer.neuron["kind"] == "lif":
                rate = torch.stack(layer.outputs).mean()
                total = total + loss["rate"]["weight"] * (rate - loss["rate"]["target"]) ** 2
    return layers, logits, total


def draw_parameters(network, generator):
    parameters, inputs = {}, network["inputs"]
    for i, layer in enumerate(network["layers"], 1):
        units = layer["units"]
        uniform = lambda *shape: 2 * torch.rand(*shape, generator=generator) - 1
        parameters[f"w{i}"] = uniform(units, inputs) * 1.5 * math.sqrt(6 / (inputs + units))
        parameters[f"b{i}"] = uniform(units) * 0.3
        if layer["recurrent"]:
            parameters[f"v{i}"] = uniform(units, units) * math.sqrt(3 / units)
        for name in ("decay", "threshold", "scale"):
            if name in layer["neuron"]["trainable"]:
                parameters[f"{name}{i}"] = layer["neuron"][name] * (1 + 0.1 * uniform(units))
        inputs = units
    return {name: value.clone().requires_grad_() for name, value in parameters.items()}


def compute(network, lengths, seed):
    """All tensors of a case, and how near a potential comes to its threshold."""
    generator = torch.Generator().manual_seed(seed)
    steps, inputs, count = network["steps"], network["inputs"], len(lengths)
    x = 2 * torch.rand(steps, count, inputs, generator=generator) - 0.5
    labels = torch.randint(network["layers"][-1]["units"], (count,), generator=generator)
    parameters = draw_parameters(network, generator)
    tensors = {"x": x, "y": labels, **{name: value.detach().clone() for name, value in parameters.items()}}
    if any(length != steps for length in lengths):
        tensors["lengths"] = torch.tensor(lengths)
    optimizer = torch.optim.SGD(parameters.values(), lr=0.1, momentum=0.5)
    margin = math.inf
    for run in (1, 2):
        optimizer.zero_grad()
        samples = [present(network, parameters, x[:length, i], labels[i].item()) for i, length in enumerate(lengths)]
        loss = torch.stack([total for _, _, total in samples]).mean()
        loss.backward()
        margin = min(margin, *(layer.margin for layers, _, _ in samples for layer in layers))
        if run == 1:
            for i, layer in enumerate(network["layers"], 1):
                for name in ("u", "o"):
                    whole = torch.zeros(steps, count, layer["units"])
                    for sample, (layers, _, _) in enumerate(samples):
                        own = layers[i - 1]
                        rows = torch.stack(own.states if name == "u" else own.outputs).detach()
                        whole[: len(rows), sample] = rows
                    tensors[f"{name}{i}"] = whole
            logits = torch.stack([logits for _, logits, _ in samples]).detach()
            tensors |= {"logits": logits, "logp": logits.log_softmax(1), "loss": loss.detach()[None]}
            tensors |= {f"grad_{name}": value.grad.clone() for name, value in parameters.items()}
        optimizer.step()
        tensors |= {f"{name}_after{run}": value.detach().clone() for name, value in parameters.items()}
    fired = [torch.stack(layer.outputs).detach() for layers, _, _ in samples for layer in layers[:-1]]
    return tensors, margin, min(rows.count_nonzero().item() for rows in fired)


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        content = tensor.numpy().tobytes()
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def lif(**constants):
    defaults = {
        "decay": 0.9,
        "threshold": 1.0,
        "reset": "subtract",
        "surrogate": {"kind": "atan", "slope": 2.0},
        "synapticDecay": 0.0,
        "adaptation": 0.0,
        "adaptationDecay": 0.0,
        "trainable": [],
    }
    return {"kind": "lif", **defaults, **constants}


def graded(**constants):
    defaults = {"decay": 0.9, "threshold": 1.0, "penalty": 1.5, "scale": 1.0, "trainable": []}
    return {"kind": "graded", **defaults, **constants}


def integrator(**constants):
    return {"kind": "integrator", "decay": 0.8, "synapticDecay": 0.0, "trainable": [], **constants}


def layer(units, neuron, **options):
    return {"units": units, "delay": 0, "recurrent": False, **options, "neuron": neuron}


def network(layers, readout, loss, inputs=6, steps=11):
    readout = {"from": readout[0], "reduce": readout[1], "begin": readout[2] if len(readout) > 2 else 0}
    return {"inputs": inputs, "steps": steps, "layers": layers, "readout": readout, "loss": loss}


CROSS_ENTROPY = {"kind": "crossEntropy"}


def squared(correct=1.0, incorrect=0.0):
    return {"kind": "meanSquaredError", "correct": correct, "incorrect": incorrect}


WHOLE = [11, 11, 11]
CASES = {
    "squared_mean_state": (
        network([layer(7, lif()), layer(3, integrator())], ("state", "mean"), squared()),
        WHOLE,
    ),
    "squared_spike_count": (
        network([layer(7, lif(decay=0.8)), layer(4, lif(reset="zero"))], ("spikes", "sum"), squared(6.0, 1.0)),
        WHOLE,
    ),
    "squared_rate": (
        network(
            [layer(7, lif(decay=0.8)), layer(4, lif(surrogate={"kind": "triangle", "slope": 0.5}), delay=1)],
            ("spikes", "mean", 3),
            squared(0.75, 0.125),
        ),
        WHOLE,
    ),
    "squared_largest_state": (
        network(
            [layer(7, graded()), layer(3, integrator(trainable=["decay"]), delay=1)], ("state", "max"), squared(2.0, -1.0)
        ),
        WHOLE,
    ),
    "firing_rate": (
        network(
            [
                layer(7, lif(adaptation=0.3, adaptationDecay=0.8)),
                layer(5, lif(reset="zero", surrogate={"kind": "fastSigmoid", "slope": 5.0}), recurrent=True),
                layer(3, integrator()),
            ],
            ("state", "mean"),
            {**CROSS_ENTROPY, "rate": {"target": 0.125, "weight": 4.0}},
        ),
        WHOLE,
    ),
    "firing_rate_squared": (
        network(
            [layer(9, lif(trainable=["decay", "threshold"])), layer(3, lif())],
            ("spikes", "mean"),
            {**squared(), "rate": {"target": 0.0, "weight": 1.5}},
        ),
        WHOLE,
    ),
    "unequal_recurrent": (
        network(
            [layer(6, lif(), recurrent=True, delay=1), layer(3, integrator(synapticDecay=0.5))],
            ("state", "mean", 2),
            {**CROSS_ENTROPY, "rate": {"target": 0.25, "weight": 2.0}},
        ),
        [11, 3, 7, 8],
    ),
    "unequal_graded_last": (
        network([layer(8, graded(), delay=1), layer(3, integrator())], ("state", "last"), CROSS_ENTROPY),
        [5, 11, 2, 4],
    ),
    "unequal_graded_largest": (
        network(
            [
                layer(7, graded(scale=0.7, trainable=["scale", "threshold"]), recurrent=True),
                layer(4, graded(trainable=["decay"])),
                layer(3, integrator(), delay=1),
            ],
            ("state", "max"),
            CROSS_ENTROPY,
        ),
        [1, 11, 6],
    ),
    "unequal_spikes": (
        network(
            [layer(7, lif(synapticDecay=0.6, reset="none")), layer(3, lif(surrogate={"kind": "boxcar", "slope": 0.5}))],
            ("spikes", "sum", 1),
            CROSS_ENTROPY,
        ),
        [9, 2, 11],
    ),
}


def main():
    for name, (description, lengths) in CASES.items():
        for seed in range(10_000):
            tensors, margin, fired = compute(description, lengths, seed)
            if margin > MARGIN and (fired > 0 or min(lengths) < 3):
                break
        else:
            raise SystemExit(f"{name}: no seed keeps its potentials clear of the thresholds")
        metadata = {"network": json.dumps(description), "learning_rate": "0.1", "momentum": "0.5"}
        write(FOLDER / f"{name}.safetensors", tensors, metadata)
        print(f"{name}: seed {seed}, margin {margin:.1e}, loss {tensors['loss'].item():.4f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
