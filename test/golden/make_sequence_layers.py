"""Golden values of the layers of sequences, forward and gradients, made with PyTorch in float64.

    pip install torch numpy && python test/golden/make_sequence_layers.py     writes sequence-layers.json beside this file

Tensors are {shape, values} in the layouts of ocrpipe: images [batch, height, width, channels], LSTM weights as in
src/ocr/nn/lstm.ts. Every gradient is that of sum(output * dy).
"""
import json
import pathlib

import torch
from torch import nn
from torch.nn import functional

torch.manual_seed(22)


def draw(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).mul(1000).round().div(1000).double().requires_grad_()


def pack(tensor):
    values = [float(f"{value:.7g}") for value in tensor.detach().contiguous().flatten().tolist()]
    return {"shape": list(tensor.shape), "values": values}


def packed(**tensors):
    return {name: pack(tensor) for name, tensor in tensors.items()}


def with_gradients(y, **inputs):
    dy = draw(*y.shape)
    (y * dy).sum().backward()
    gradients = {f"d{name}": value.grad for name, value in inputs.items()}
    return packed(y=y, dy=dy, **inputs, **gradients)


def lstm(batch, time, features, units, lengths, directions):
    layer = nn.LSTM(features, units, bidirectional=directions == 2, batch_first=True).double()
    for name, value in layer.named_parameters():
        if "bias_hh" in name:
            nn.init.zeros_(value)
    x = draw(batch, time, features)
    packing = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    y = nn.utils.rnn.pad_packed_sequence(layer(packing)[0], batch_first=True, total_length=time)[0]
    dy = draw(*y.shape)
    (y * dy).sum().backward()

    def weights(pick):
        ends = ["", "_reverse"][:directions]
        part = lambda name, end: pick(getattr(layer, f"{name}_l0{end}"))
        return {
            "kernel": torch.cat([part("weight_ih", end).T for end in ends], 1),
            "bias": torch.cat([part("bias_ih", end) for end in ends]),
            "recurrentKernel": torch.stack([part("weight_hh", end).T for end in ends]),
        }

    gradients = {f"d{name}": value for name, value in weights(lambda p: p.grad).items()}
    return {"lengths": lengths, **packed(x=x, y=y, dy=dy, dx=x.grad, **weights(lambda p: p), **gradients)}


def layer_norm(*shape):
    x, gamma, beta = draw(*shape), draw(shape[-1]), draw(shape[-1])
    return with_gradients(functional.layer_norm(x, shape[-1:], gamma, beta, 1e-5), x=x, gamma=gamma, beta=beta)


def depthwise(batch, height, width, channels, size):
    x, filters = draw(batch, height, width, channels), draw(*size, channels, 1, scale=0.3)
    weight = filters.permute(2, 3, 0, 1)
    y = functional.conv2d(x.permute(0, 3, 1, 2), weight, padding="same", groups=channels)
    return with_gradients(y.permute(0, 2, 3, 1), x=x, filter=filters)


def average_pool(batch, height, width, channels):
    x = draw(batch, height, width, channels)
    y = functional.avg_pool2d(x.permute(0, 3, 1, 2), (height, 1)).squeeze(2).permute(0, 2, 1)
    return with_gradients(y, x=x)


def hidden(lengths, time):
    return torch.tensor([[0.0 if t < n else -1e9 for t in range(time)] for n in lengths]).double()


def bahdanau(batch, time, units, features, lengths):
    keys, query, v, values = draw(batch, time, units), draw(batch, units), draw(units), draw(batch, time, features)
    scores = torch.tanh(keys + query[:, None]) @ v + hidden(lengths, time)
    y = (torch.softmax(scores, 1)[:, None] @ values).squeeze(1)
    return {"lengths": lengths, **with_gradients(y, keys=keys, query=query, v=v, values=values)}


def luong(batch, time, units, features, lengths):
    keys, query, values = draw(batch, time, units), draw(batch, units), draw(batch, time, features)
    scores = torch.einsum("btu,bu->bt", keys, query) + hidden(lengths, time)
    y = (torch.softmax(scores, 1)[:, None] @ values).squeeze(1)
    return {"lengths": lengths, **with_gradients(y, keys=keys, query=query, values=values)}


def self_attention(batch, time, features, heads, lengths):
    layer = nn.MultiheadAttention(features, heads, batch_first=True).double()
    nn.init.normal_(layer.in_proj_bias)
    x = draw(batch, time, features)
    padding = torch.tensor([[t >= n for t in range(time)] for n in lengths])
    y = layer(x, x, x, key_padding_mask=padding, need_weights=False)[0]
    dy = draw(*y.shape)
    (y * dy).sum().backward()

    def weights(pick):
        return {
            "kernel": pick(layer.in_proj_weight).T,
            "bias": pick(layer.in_proj_bias),
            "outputKernel": pick(layer.out_proj.weight).T,
            "outputBias": pick(layer.out_proj.bias),
        }

    gradients = {f"d{name}": value for name, value in weights(lambda p: p.grad).items()}
    values = packed(x=x, y=y, dy=dy, dx=x.grad, **weights(lambda p: p), **gradients)
    return {"lengths": lengths, "heads": heads, **values}


def cross_entropy(batch, time, classes, lengths, smoothing):
    logits = draw(batch, time, classes)
    targets = torch.randint(classes, (batch, time))
    each = functional.cross_entropy(
        logits.reshape(-1, classes), targets.reshape(-1), reduction="none", label_smoothing=smoothing
    ).reshape(batch, time)
    mask = torch.tensor([[1.0 if t < n else 0.0 for t in range(time)] for n in lengths]).double()
    y = ((each * mask).sum(1) / mask.sum(1)).mean()
    y.backward()
    labels = [row[:n] for row, n in zip(targets.tolist(), lengths)]
    return {"labels": labels, "smoothing": smoothing, **packed(logits=logits, y=y, dlogits=logits.grad)}


golden = {
    "torch": torch.__version__,
    "lstm": [
        lstm(2, 5, 3, 4, [5, 5], 2),
        lstm(3, 6, 5, 6, [6, 2, 4], 2),
        lstm(1, 1, 2, 3, [1], 2),
        lstm(3, 4, 4, 9, [4, 3, 1], 1),
    ],
    "layerNorm": [layer_norm(3, 5, 8), layer_norm(2, 7), layer_norm(2, 260, 5)],
    "depthwise": [
        depthwise(2, 6, 9, 8, (3, 3)),
        depthwise(1, 5, 11, 21, (5, 5)),
        depthwise(2, 1, 13, 6, (1, 7)),
        depthwise(1, 4, 3, 5, (3, 5)),
        depthwise(1, 3, 2, 16, (3, 7)),
    ],
    "averagePool": [average_pool(2, 3, 5, 4), average_pool(1, 6, 2, 7)],
    "bahdanau": [bahdanau(2, 5, 4, 6, [5, 3]), bahdanau(3, 7, 10, 5, [7, 7, 7])],
    "luong": [luong(2, 5, 4, 6, [5, 3]), luong(3, 7, 10, 5, [7, 7, 7])],
    "selfAttention": [self_attention(2, 5, 8, 2, [5, 3]), self_attention(3, 6, 12, 4, [6, 6, 6])],
    "crossEntropy": [cross_entropy(3, 4, 5, [4, 2, 3], 0.0), cross_entropy(2, 3, 7, [3, 1], 0.1)],
}
path = pathlib.Path(__file__).with_name("sequence-layers.json")
path.write_text(json.dumps(golden))
print(path.name)
