"""Writes small.safetensors beside it: the parameters of the reference case of that name after steps of PyTorch's optimizers.

    python3 tests/reference/optimizers/small.py        (needs python3-torch, nothing else)

The network is the notebook's (two layers of graded neurons, a delay of one step each, the second one's states averaged over
time); the batch and its draws are the same at every step. `__metadata__.cases` names each case with its optimizer as
Spikelet's `Step`; tensors are called `CASE.w1_after3`. No potential comes near its threshold, so rounding decides no gate,
and where a case clips, every step is clipped.
"""
import json
import pathlib
import struct

import torch

FOLDER = pathlib.Path(__file__).parent
STEPS = 6
KEPT = (1, 3, 6)
NAMES = ("w1", "b1", "w2", "b2")
CASES = {
    "sgd": {"kind": "sgd", "learningRate": 0.1, "momentum": 0.9},
    "sgd_decay": {"kind": "sgd", "learningRate": 0.05, "momentum": 0.5, "weightDecay": 0.1},
    "sgd_clip": {"kind": "sgd", "learningRate": 0.1, "momentum": 0.5, "clip": 0.25},
    "adam": {"kind": "adam", "learningRate": 2e-3},
    "adam_decay_clip": {
        "kind": "adam", "learningRate": 5e-3, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weightDecay": 0.05,
        "clip": 0.1,
    },
    "adamw": {"kind": "adamw", "learningRate": 3e-3},
    "adamw_decay": {"kind": "adamw", "learningRate": 5e-3, "beta1": 0.5, "beta2": 0.99, "weightDecay": 0.5},
}


def read(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    kinds = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=kinds[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return metadata, tensors


def write(path, metadata, tensors):
    header, end = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        begin, end = end, end + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(bytes(tensor.contiguous().numpy().tobytes()) for tensor in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def loss_of(parameters, constants, x, r, y):
    """The loss, and the least distance of a potential from the threshold."""
    w1, b1, w2, b2 = parameters
    decay, threshold, penalty = constants
    margin = float("inf")

    def advance(currents, state):
        nonlocal margin
        potential = decay * state + currents
        margin = min(margin, float((potential - threshold).abs().min()))
        output = torch.relu(potential - threshold)
        gate = (output > 0).float()
        return potential - gate * (output + penalty), output

    u1 = o1 = torch.zeros(len(x), len(b1))
    u2 = torch.zeros(len(x), len(b2))
    readouts = []
    for draws in r:
        readouts.append(u2)
        handed_on = o1
        u1, o1 = advance((draws * x) @ w1.T + b1, u1)
        u2, _ = advance(handed_on @ w2.T + b2, u2)
    logits = torch.stack(readouts).mean(dim=0)
    return torch.nn.functional.cross_entropy(logits, y), margin


def optimizer_of(step, parameters):
    rate, decay = step["learningRate"], step.get("weightDecay")
    if step["kind"] == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=step["momentum"], weight_decay=decay or 0)
    betas = (step.get("beta1", 0.9), step.get("beta2", 0.999))
    options = {"lr": rate, "betas": betas, "eps": step.get("epsilon", 1e-8)}
    if decay is not None:
        options["weight_decay"] = decay
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[step["kind"]](parameters, **options)


def main():
    metadata, given = read(FOLDER.parent / "small.safetensors")
    constants = [float(metadata[name]) for name in ("decay", "threshold", "penalty")]
    assert metadata["begin_eval"] == "0"
    written = {}
    for case, step in CASES.items():
        parameters = [given[name].clone().requires_grad_() for name in NAMES]
        optimizer = optimizer_of(step, parameters)
        for number in range(1, STEPS + 1):
            optimizer.zero_grad()
            loss, margin = loss_of(parameters, constants, given["x"], given["r"], given["y"])
            assert margin > 1e-4, f"{case}, step {number}: a potential is {margin} from its threshold"
            loss.backward()
            if "clip" in step:
                norm = torch.nn.utils.clip_grad_norm_(parameters, step["clip"])
                assert norm > step["clip"], f"{case}, step {number}: the gradient's norm is {norm}"
            optimizer.step()
            if number in KEPT:
                for name, tensor in zip(NAMES, parameters):
                    written[f"{case}.{name}_after{number}"] = tensor.detach().clone()
    write(FOLDER / "small.safetensors", {"cases": json.dumps(CASES), "torch": torch.__version__}, written)


main()
