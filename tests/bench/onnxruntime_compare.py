"""The same networks under onnxruntime, on the clips that the benchmark kept.

    cargo bench --bench matte -- --rvm MODELS --keep CLIPS
    python3 tests/bench/onnxruntime_compare.py CLIPS [MODELS/rvm_mobilenetv3_fp32.onnx]

Needs numpy, onnxruntime and ffmpeg. Prints the mean absolute error of alpha and milliseconds a
frame, two threads, for the selfie networks (without guided filter) and, when its file is named,
Robust Video Matting at the ratio of the model `human`, shown the first frame three times as the
engine does.
"""

import pathlib
import subprocess
import sys
import time

import numpy as np
import onnxruntime

ASSETS = pathlib.Path(__file__).parents[2] / "src/sandbox/assets"
INSIDE = 240.0
WARM_UP = 3


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def frames(clip, width, height):
    scaler = f"scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int"
    command = ["ffmpeg", "-v", "error", "-i", clip, "-vf", scaler, "-f", "rawvideo"]
    raw = subprocess.run(command + ["-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    return np.frombuffer(raw.stdout, np.uint8).reshape(-1, height, width, 3)


def planar(frame):
    return (frame.astype(np.float32) / 255).transpose(2, 0, 1)[None]


def selfie(model, clip, truth):
    """Error at the network's own size: the truth is shrunk to it."""
    _, _, height, width = model.get_inputs()[0].shape
    name = model.get_inputs()[0].name
    error, spent, count = 0.0, 0.0, 0
    for frame, alpha in zip(frames(clip, width, height), truth):
        start = time.perf_counter()
        mask = model.run(None, {name: planar(frame)})[0][0, 0]
        spent += time.perf_counter() - start
        rows = np.linspace(0, alpha.shape[0], height + 1).astype(int)[:-1]
        columns = np.linspace(0, alpha.shape[1], width + 1).astype(int)[:-1]
        error += np.abs(mask - alpha[rows][:, columns] / 255.0).mean()
        count += 1
    return error / count, spent / count


def rvm(model, clip, truth):
    height, width = truth.shape[1:]
    ratio = np.array([min(INSIDE / min(width, height), 1.0)], np.float32)
    memory = [np.zeros((1, 1, 1, 1), np.float32)] * 4
    error, spent, count = 0.0, 0.0, 0
    for index, (frame, alpha) in enumerate(zip(frames(clip, width, height), truth)):
        source = planar(frame)
        for _ in range(WARM_UP if index == 0 else 1):
            start = time.perf_counter()
            inputs = {"src": source, "downsample_ratio": ratio}
            inputs.update({f"r{at + 1}i": memory[at] for at in range(4)})
            _, pha, *memory = model.run(None, inputs)
        spent += time.perf_counter() - start
        clipped = np.clip((pha[0, 0] - 0.02) / 0.96, 0, 1)
        error += np.abs(np.round(clipped * 255) - alpha).mean() / 255.0
        count += 1
    return error / count, spent / count


def main():
    folder = pathlib.Path(sys.argv[1])
    models = [
        ("selfie 256x256", session(ASSETS / "selfie_segmentation.onnx"), selfie),
        ("selfie 256x144", session(ASSETS / "selfie_segmentation_landscape.onnx"), selfie),
    ]
    if len(sys.argv) > 2:
        models.append(("human (RVM)", session(sys.argv[2]), rvm))
    print("| clip | network | error x1000 | ms a frame |")
    print("|---|---|---|---|")
    for clip in sorted(folder.glob("*.mp4")):
        truth_file = clip.with_suffix(".truth")
        if not truth_file.exists():
            continue
        command = ["ffprobe", "-v", "error", "-show_entries", "stream=width,height"]
        size = subprocess.run(command + ["-of", "csv=p=0", clip], capture_output=True, check=True)
        width, height = map(int, size.stdout.split(b","))
        truth = np.fromfile(truth_file, np.uint8).reshape(-1, height, width)
        for name, model, measure in models:
            error, seconds = measure(model, clip, truth)
            print(f"| {clip.stem} | {name} | {error * 1000:.2f} | {seconds * 1000:.0f} |", flush=True)


if __name__ == "__main__":
    main()
