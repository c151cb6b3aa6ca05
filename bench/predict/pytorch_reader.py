"""The same model in PyTorch, on the same images; prints one line of JSON. Files are read where Pillow is there.

    pytorch_reader.py FOLDER PLATES THREADS
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

try:
    import PIL
    from PIL import Image
except ImportError:
    PIL = None

folder, plates, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
BATCH = 32
POOLS = [(2, 2), (2, 2), (2, 1), None]
about = json.loads((folder / "model" / "ocrpipe.json").read_text("utf-8"))
alphabet, config = about["alphabet"], about["model"]


def read_weights():
    values = np.fromfile(folder / "model" / about["weights"]["file"], np.float32)
    weights, start = {}, 0
    for tensor in about["weights"]["tensors"]:
        end = start + int(np.prod(tensor["shape"]))
        weights[tensor["name"]] = torch.from_numpy(values[start:end].reshape(tensor["shape"]).copy())
        start = end
    return weights


class Crnn(nn.Module):
    def __init__(self, weights):
        super().__init__()
        channels = [1, *config["filters"]]
        units, inner = config["units"], config["innerDim"]
        self.convolutions = nn.ModuleList()
        for block, (before, after) in enumerate(zip(channels, channels[1:]), 1):
            convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
            convolution.weight.data = weights[f"block{block}/filter1"].permute(3, 2, 0, 1).contiguous()
            norm = nn.BatchNorm2d(after, eps=1e-3)
            for name, to in [("gamma", norm.weight), ("beta", norm.bias), ("mean", norm.running_mean), ("variance", norm.running_var)]:
                to.data.copy_(weights[f"block{block}/norm1/{name}"])
            # As fast as PyTorch can: ocrpipe folds the normalisation into the filter, too.
            self.convolutions.append(fuse_conv_bn_eval(convolution.eval(), norm.eval()))
        self.inner = self.linear(weights, "inner")
        self.gru = nn.GRU(inner, units, config["depth"], bidirectional=True, batch_first=True)
        for layer in range(config["depth"]):
            kernel, recurrent = weights[f"gru{layer + 1}/kernel"], weights[f"gru{layer + 1}/recurrentKernel"]
            bias, recurrent_bias = weights[f"gru{layer + 1}/bias"], weights[f"gru{layer + 1}/recurrentBias"]
            for direction, suffix in enumerate(["", "_reverse"]):
                own = slice(direction * 3 * units, (direction + 1) * 3 * units)
                getattr(self.gru, f"weight_ih_l{layer}{suffix}").data.copy_(kernel[:, own].T)
                getattr(self.gru, f"weight_hh_l{layer}{suffix}").data.copy_(recurrent[direction].T)
                getattr(self.gru, f"bias_ih_l{layer}{suffix}").data.copy_(bias[own])
                getattr(self.gru, f"bias_hh_l{layer}{suffix}").data.copy_(recurrent_bias[direction])
        self.output = self.linear(weights, "output")

    @staticmethod
    def linear(weights, name):
        kernel = weights[f"{name}/kernel"]
        layer = nn.Linear(*kernel.shape)
        layer.weight.data.copy_(kernel.T)
        layer.bias.data.copy_(weights[f"{name}/bias"])
        return layer

    def forward(self, x):
        for convolution, pool in zip(self.convolutions, POOLS):
            x = torch.relu(convolution(x))
            if pool:
                x = nn.functional.max_pool2d(x, pool)
        x = x.permute(0, 3, 2, 1).flatten(2)
        return self.output(self.gru(torch.relu(self.inner(x)))[0])


def packed(images):
    """Scaled to -1 … 1 and filled up with white; plates are so alike that all of a batch are filled up to the widest."""
    stride = config["widthStride"]
    width = max(-(-image.shape[1] // stride) * stride for image in images)
    batch = np.ones((len(images), 1, config["height"], width), np.float32)
    for place, image in enumerate(images):
        batch[place, 0, :, : image.shape[1]] = image / np.float32(127.5) - 1
    return torch.from_numpy(batch)


def read(images):
    best, blank = model(packed(images)).softmax(2).max(2).indices.tolist(), len(alphabet)
    return [
        "".join(alphabet[c] for c, before in zip(line, [blank, *line]) if c != blank and c != before) for line in best
    ]


def decode(file):
    image = Image.open(file).convert("L")
    size = (max(1, round(image.width * config["height"] / image.height)), config["height"])
    return np.asarray(image if image.size == size else image.resize(size, Image.Resampling.LANCZOS))


def in_batches(items, load):
    for start in range(0, len(items), BATCH):
        read([load(item) for item in items[start : start + BATCH]])


def one_by_one():
    texts[:] = [read([image])[0] for image in images]


def measured(work):
    work()
    cpu, start = time.process_time(), time.perf_counter()
    work()
    wall = time.perf_counter() - start
    return {"wallMs": 1000 * wall / len(files), "cpuMs": 1000 * (time.process_time() - cpu) / len(files)}


model = Crnn(read_weights()).eval()
files = sorted(plates.glob("*.jpg"), key=lambda file: file.name)
pixels, start, images = np.fromfile(folder / "pixels.bin", np.uint8), 0, []
for width, height in json.loads((folder / "sizes.json").read_text()):
    images.append(pixels[start : start + width * height].reshape(height, width))
    start += width * height
texts = []
cases = {"one at a time, from pixels": one_by_one, "batches of 32, from pixels": lambda: in_batches(images, lambda image: image)}
if PIL:
    cases["one at a time, from files"] = lambda: [read([decode(file)]) for file in files]
    cases["many files, as predict reads them"] = lambda: in_batches(files, decode)
with torch.inference_mode():
    results = {name: measured(work) for name, work in cases.items()}
details = f"PyTorch {torch.__version__}, " + (f"files decoded by Pillow {PIL.__version__}" if PIL else "no Pillow: decoded pixels only")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"details": details, "cases": results, "peakMb": peak, "texts": texts}))
