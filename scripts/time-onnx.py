"""Times one frame of ONNX graphs on one thread: this program's runtime and onnxruntime in turns, median of each.

    pip install onnxruntime numpy
    cargo build --release -p lane-onnx --example time_graph
    python scripts/time-onnx.py target/release/examples/time_graph pilotnet.onnx

With `--own time_policy ncp.safetensors` (`cargo build --release -p lane-policy --example time_policy`) this program's own code of a
policy is timed in the same turns: a whole frame, and its neurons alone.
"""

import argparse
import statistics
import subprocess
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


def printed(*line):
    text = subprocess.run([*line, str(TIMES)], check=True, capture_output=True, text=True).stdout
    return [float(word) for word in text.split()]


parser = argparse.ArgumentParser()
parser.add_argument("program", help="the example time_graph")
parser.add_argument("paths", nargs="+", help="ONNX files")
parser.add_argument("--own", nargs=2, metavar=("PROGRAM", "WEIGHTS"), help="the example time_policy and weights for it")
arguments = parser.parse_args()
own = []
for path in arguments.paths:
    ours, others = [], []
    for _ in range(ROUNDS):
        ours += printed(arguments.program, path)
        others.append(theirs(path))
        own += [printed(*arguments.own)] if arguments.own else []
    ours, others = statistics.median(ours), statistics.median(others)
    print(f"{path}: ours {ours:.0f} us, onnxruntime {onnxruntime.__version__} {others:.0f} us, {ours / others:.2f} times")
if own:
    frame, neurons = (statistics.median(times) for times in zip(*own))
    print(f"{arguments.own[1]}: a frame {frame:.0f} us, its neurons alone {neurons:.1f} us")
