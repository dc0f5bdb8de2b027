"""Runs a NIR file in a framework, and compares the output's spikes with those that stand beside it.

    python importers.py FRAMEWORK FILE.nir IO.safetensors [DT]

prints one line of JSON: {"result": "works" | "differs" | "refuses" | "fails", "note": ...}. `works`: every output is equal, within
1e-5 where it is a potential. A sample goes step by step, in a batch of one, or without one where the framework takes no batch.
"""
import contextlib
import io
import json
import sys
import warnings

import nir
import numpy as np
import torch
from safetensors.numpy import load_file


def first(output):
    """The output itself, where a module also returns its state."""
    while isinstance(output, (tuple, list)):
        output = output[0]
    return output


def snntorch(path, dt):
    import snntorch
    from snntorch.import_nir import import_from_nir

    net = import_from_nir(nir.read(path))
    return lambda x, state: net(x, state)


def norse(path, dt):
    import norse.torch

    net = norse.torch.from_nir(nir.read(path), dt=dt)
    return lambda x, state: net(x, state)


def spikingjelly(path, dt):
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    net = import_from_nir(path, dt=dt)
    return lambda x, state: net(x, state)


def sinabs(path, dt):
    from sinabs.nir import from_nir

    net = from_nir(nir.read(path), batch_size=1)

    return lambda x, state: net(x)


FRAMEWORKS = {"snntorch": snntorch, "norse": norse, "spikingjelly": spikingjelly, "sinabs": sinabs}


# Layers of Sinabs take all steps of a sample at once.
TAKE_ALL_STEPS = {"sinabs"}


def run(framework, path, dt, x, has_batch):
    """x [T, B, ...] -> [T, B, ...], sample by sample, each in a network of its own: some keep states that nobody can reset."""
    outputs = []
    for sample in range(x.shape[1]):
        step = FRAMEWORKS[framework](path, dt)
        state, rows = None, []
        if framework in TAKE_ALL_STEPS:
            outputs.append(first(step(x[:, sample], None)).detach().reshape(x.shape[0], -1))
            continue
        for row in x[:, sample]:
            output, state = step(row.unsqueeze(0) if has_batch else row, state)
            rows.append(first(output).detach().reshape(-1))
        outputs.append(torch.stack(rows))
    return torch.stack(outputs, 1)


def compare(framework, path, io_path, dt):
    tensors = load_file(io_path)
    x, expected = torch.from_numpy(tensors["x"]).float(), tensors["output"]
    expected = expected.reshape(expected.shape[0], expected.shape[1], -1)
    notes = []
    for has_batch in (True, False):
        try:
            with torch.no_grad():
                found = run(framework, path, dt, x, has_batch).numpy()
        except (NotImplementedError, ValueError, AssertionError) as error:
            notes.append(("refuses", f"{type(error).__name__}: {error}"))
            continue
        except Exception as error:
            notes.append(("fails", f"{type(error).__name__}: {error}"))
            continue
        if found.shape != expected.shape:
            notes.append(("differs", f"an output of {list(found.shape)}, expected {list(expected.shape)}"))
            continue
        wrong = int((np.abs(found - expected) > 1e-5).sum())
        if wrong == 0:
            return "works", "" if has_batch else "without a batch"
        steps = np.nonzero((np.abs(found - expected) > 1e-5).any(axis=(1, 2)))[0]
        notes.append(("differs", f"{wrong} of {expected.size} numbers, from step {steps[0]} on"))
    order = {"differs": 0, "refuses": 1, "fails": 2}
    return min(notes, key=lambda note: order[note[0]])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    framework, path, io_path, dt = (sys.argv[1:] + ["1e-4"])[:4]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        result, note = compare(framework, path, io_path, float(dt))
    print(json.dumps({"result": result, "note": " ".join(str(note).split())[:300]}))
