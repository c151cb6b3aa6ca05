"""Golden values of the CTC loss and its gradient, made with PyTorch in float64.

    pip install torch numpy && python test/golden/make_ctc.py        writes ctc.json beside this file

`loss` is [batch] (reduction none, zero_infinity), `mean` and `sum` the reductions; `gradient` is that of `sum` with
respect to the logits; `unreachable` lists the items whose loss is infinite.
"""
import json
import pathlib
import random

import torch
from torch.nn.functional import ctc_loss

torch.manual_seed(20)
random.seed(20)


def case(name, time, classes, labels, lengths=None, scale=2.0):
    batch, blank = len(labels), classes - 1
    lengths = lengths or [time] * batch
    logits = (torch.randn(batch, time, classes) * scale).mul(1000).round().div(1000).double().requires_grad_()
    flat = torch.tensor([value for label in labels for value in label], dtype=torch.long)
    sizes = torch.tensor([len(label) for label in labels])
    def loss(reduction, zero=True):
        return ctc_loss(logits.log_softmax(2).transpose(0, 1), flat, torch.tensor(lengths), sizes, blank, reduction, zero)
    infinite = torch.isinf(loss("none", False)).nonzero().flatten().tolist()
    loss("sum").backward()
    digits = lambda tensor: [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]
    return {
        "name": name, "batch": batch, "time": time, "classes": classes, "labels": labels, "lengths": lengths,
        "logits": digits(logits), "loss": digits(loss("none")), "mean": loss("mean").item(), "sum": loss("sum").item(),
        "gradient": digits(logits.grad), "unreachable": infinite,
    }


def random_case(number):
    time, classes, batch = random.randint(2, 14), random.randint(2, 7), random.randint(1, 4)
    lengths = [random.randint(1, time) for _ in range(batch)]
    labels = [[random.randrange(classes - 1) for _ in range(random.randint(0, max(1, length // 2 + 1)))] for length in lengths]
    return case(f"random {number}", time, classes, labels, lengths, random.choice([0.5, 2.0, 6.0]))


cases = [
    case("one label in one step", 1, 3, [[1]]),
    case("empty label", 5, 4, [[]]),
    case("all equal, room for every blank", 9, 4, [[2, 2, 2, 2]]),
    case("all equal, exactly enough steps", 5, 4, [[1, 1, 1]]),
    case("equal neighbours, one step too few", 4, 4, [[1, 1, 1]]),
    case("more labels than steps", 3, 5, [[0, 1, 2, 3]]),
    case("unreachable beside reachable and empty", 4, 4, [[0, 0, 0], [0, 1], []]),
    case("only the blank and one class", 6, 2, [[0, 0], [0]]),
    case("steps beyond the length are left out", 10, 5, [[0, 1], [3], []], [10, 4, 2]),
    case("very sure logits", 12, 6, [[0, 1, 1, 4], [2, 2]], None, 30.0),
    case("a line", 40, 20, [[random.randrange(19) for _ in range(12)]]),
] + [random_case(number) for number in range(40)]
path = pathlib.Path(__file__).with_name("ctc.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}))
print(path.name, len(cases), "cases")
