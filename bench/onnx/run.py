"""Runs an ONNX file in onnxruntime on one thread, and compares its logits with those that stand beside it.

    python run.py FILE.onnx IO.safetensors

prints a line of JSON: the largest difference, how many samples differ by more than 1e-3, and samples a second, the best of five calls.
"""
import json
import sys
import time

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
tensors = load_file(sys.argv[2])
feeds = {session.get_inputs()[0].name: tensors["x"]}
seconds = []
for _ in range(5):
    started = time.perf_counter()
    logits, = session.run(["logits"], feeds)
    seconds.append(time.perf_counter() - started)
expected = tensors["logits"]
print(json.dumps({
    "version": onnxruntime.__version__,
    "worst": float(np.abs(logits - expected).max()),
    "apart": int((np.abs(logits - expected).max(1) > 1e-3).sum()),
    "rate": len(expected) / min(seconds),
}))
