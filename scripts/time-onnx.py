"""Times one frame of ONNX graphs on one thread: this program's runtime and onnxruntime in turns, median of each.

    pip install onnxruntime numpy
    cargo build --release -p lane-onnx --example time_graph
    python scripts/time-onnx.py target/release/examples/time_graph pilotnet.onnx
"""

import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime

ROUNDS, TIMES = 5, 300


def theirs(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    shapes = {value.name: [side if isinstance(side, int) else 1 for side in value.shape] for value in model.get_inputs()}
    feed = {name: (np.arange(np.prod(shape)) % 97 / 97).astype(np.float32).reshape(shape) for name, shape in shapes.items()}
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        model.run(None, feed)
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


program, *paths = sys.argv[1:]
for path in paths:
    ours, others = [], []
    for _ in range(ROUNDS):
        ours.append(float(subprocess.run([program, path, str(TIMES)], check=True, capture_output=True, text=True).stdout))
        others.append(theirs(path))
    ours, others = statistics.median(ours), statistics.median(others)
    print(f"{path}: ours {ours:.0f} us, onnxruntime {onnxruntime.__version__} {others:.0f} us, {ours / others:.2f} times")
