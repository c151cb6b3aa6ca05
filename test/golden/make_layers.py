"""Golden values of the layers and of Adam, forward and gradients, made with PyTorch in float64.

    pip install torch numpy && python test/golden/make_layers.py     writes layers.json beside this file

Tensors are {shape, values} in the layouts of ocrpipe: images [batch, height, width, channels], filters
[height, width, in, out], GRU weights as in src/ocr/nn/recurrent.ts. Every gradient is that of sum(output * dy).
"""
import json
import pathlib

import torch
from torch import nn

torch.manual_seed(21)


def draw(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).mul(1000).round().div(1000).double().requires_grad_()


def pack(tensor):
    values = [float(f"{value:.7g}") for value in tensor.detach().contiguous().flatten().tolist()]
    return {"shape": list(tensor.shape), "values": values}


def packed(**tensors):
    return {name: pack(tensor) for name, tensor in tensors.items()}


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1)


def convolution(batch, height, width, inputs, outputs, size, relu, padding):
    x, filters, bias = draw(batch, height, width, inputs), draw(*size, inputs, outputs, scale=0.3), draw(outputs)
    y = nn.functional.conv2d(x.permute(0, 3, 1, 2), filters.permute(3, 2, 0, 1), bias, padding=padding)
    y = channels_last(torch.relu(y) if relu else y)
    dy = draw(*y.shape)
    (y * dy).sum().backward()
    values = packed(x=x, filter=filters, bias=bias, y=y, dy=dy, dx=x.grad, dfilter=filters.grad, dbias=bias.grad)
    return {"relu": relu, "padding": padding, **values}


def pooling(batch, height, width, channels, size):
    x = draw(batch, height, width, channels)
    y = channels_last(nn.functional.max_pool2d(x.permute(0, 3, 1, 2), size))
    dy = draw(*y.shape)
    (y * dy).sum().backward()
    return {"size": size, **packed(x=x, y=y, dy=dy, dx=x.grad)}


def batch_norm(batch, height, width, channels, relu):
    x, gamma, beta = draw(batch, height, width, channels), draw(channels), draw(channels)
    mean, variance = torch.zeros(channels).double(), torch.zeros(channels).double()
    y = nn.functional.batch_norm(x.permute(0, 3, 1, 2), mean, variance, gamma, beta, True, 1.0, 1e-5)
    y = channels_last(torch.relu(y) if relu else y)
    dy = draw(*y.shape)
    (y * dy).sum().backward()
    biased = x.detach().var(dim=(0, 1, 2), unbiased=False)
    values = packed(x=x, gamma=gamma, beta=beta, y=y, dy=dy, mean=mean, variance=biased)
    return {"relu": relu, **values, **packed(dx=x.grad, dgamma=gamma.grad, dbeta=beta.grad)}


def gru(batch, time, features, units, lengths):
    layer = nn.GRU(features, units, bidirectional=True, batch_first=True).double()
    x = draw(batch, time, features)
    packing = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    y = nn.utils.rnn.pad_packed_sequence(layer(packing)[0], batch_first=True, total_length=time)[0]
    dy = draw(*y.shape)
    (y * dy).sum().backward()

    def weights(pick):
        ends = ["", "_reverse"]
        part = lambda name, end: pick(getattr(layer, f"{name}_l0{end}"))
        return {
            "kernel": torch.cat([part("weight_ih", end).T for end in ends], 1),
            "bias": torch.cat([part("bias_ih", end) for end in ends]),
            "recurrentKernel": torch.stack([part("weight_hh", end).T for end in ends]),
            "recurrentBias": torch.stack([part("bias_hh", end) for end in ends]),
        }

    gradients = {f"d{name}": value for name, value in weights(lambda p: p.grad).items()}
    return {"lengths": lengths, **packed(x=x, y=y, dy=dy, dx=x.grad, **weights(lambda p: p), **gradients)}


def adam(weight_decay):
    weight = draw(7)
    start, gradients = weight.detach().clone(), [draw(7) for _ in range(5)]
    optimizer = torch.optim.AdamW([weight], lr=0.01, weight_decay=weight_decay)
    for gradient in gradients:
        weight.grad = gradient.detach().clone()
        optimizer.step()
    return {"weightDecay": weight_decay, "gradients": [pack(g) for g in gradients], **packed(start=start, end=weight)}


golden = {
    "torch": torch.__version__,
    "convolution": [
        convolution(2, 6, 9, 8, 12, (3, 3), True, 1),
        convolution(1, 5, 7, 1, 5, (3, 3), True, 1),
        convolution(2, 8, 8, 9, 16, (3, 3), False, 1),
        convolution(1, 7, 11, 10, 8, (3, 3), True, 0),
        convolution(1, 6, 5, 3, 2, (5, 3), False, 0),
        convolution(2, 3, 4, 6, 9, (1, 1), True, 0),
    ],
    "pooling": [pooling(2, 6, 8, 5, (2, 2)), pooling(1, 5, 7, 4, (2, 1)), pooling(1, 7, 9, 3, (2, 2))],
    "batchNorm": [batch_norm(2, 3, 5, 17, True), batch_norm(3, 2, 4, 3, False), batch_norm(2, 4, 4, 32, True)],
    "gru": [gru(2, 5, 3, 4, [5, 5]), gru(3, 6, 5, 6, [6, 2, 4]), gru(1, 1, 2, 3, [1])],
    "adam": [adam(0.0), adam(0.1)],
}
path = pathlib.Path(__file__).with_name("layers.json")
path.write_text(json.dumps(golden))
print(path.name)
