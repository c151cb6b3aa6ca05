"""Golden values of optimisers over several steps, and of learning rates over a training, made with PyTorch in float64.

    pip install torch numpy && python test/golden/make_optimisers.py     writes optimisers.json beside this file

Two weights move by the same gradients in each case, with a learning rate that changes from step to step; `clipValue` and `clipNorm` limit the
gradients before, in this order. A schedule's `rates` are those of steps 0, 1, 2, …; `plateau` gives the rate after each of `figures`.
"""
import json
import pathlib

import torch
from torch.optim import lr_scheduler
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

torch.manual_seed(22)
STEPS = 8
starts = {name: torch.randn(*shape).double() for name, shape in {"kernel": (3, 4), "bias": (5,)}.items()}
gradients = [{name: torch.randn_like(start) * 3 for name, start in starts.items()} for _ in range(STEPS)]
rates = [0.05, 0.05, 0.02, 0.08, 0.08, 0.01, 0.03, 0.03]


def values(tensors):
    return {name: [float(f"{value:.9g}") for value in tensor.flatten().tolist()] for name, tensor in tensors.items()}


def optimiser(kind, **options):
    weights = {name: torch.nn.Parameter(start.clone()) for name, start in starts.items()}
    decay, mode = options.get("weightDecay", 0.0), options.get("weightDecayMode", "decoupled")
    amsgrad = options.get("amsgrad", False)
    if kind == "adam":
        make = torch.optim.AdamW if mode == "decoupled" else torch.optim.Adam
        moving = make(weights.values(), lr=1.0, weight_decay=decay, amsgrad=amsgrad)
    else:
        moving = torch.optim.SGD(weights.values(), lr=1.0, momentum=options.get("momentum", 0.0),
                                 nesterov=options.get("nesterov", False), weight_decay=decay if mode == "l2" else 0.0)
    for rate, step in zip(rates, gradients):
        for name, weight in weights.items():
            weight.grad = step[name].clone()
        if "clipValue" in options:
            clip_grad_value_(weights.values(), options["clipValue"])
        if "clipNorm" in options:
            clip_grad_norm_(weights.values(), options["clipNorm"])
        moving.param_groups[0]["lr"] = rate
        # PyTorch's SGD has no decoupled decay: it is one multiplication before the step.
        if kind == "sgd" and mode == "decoupled":
            with torch.no_grad():
                for weight in weights.values():
                    weight.mul_(1 - rate * decay)
        moving.step()
    return {"optimizer": kind, **options, "end": values({name: weight.detach() for name, weight in weights.items()})}


def unused():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)


def stepped(make, total):
    moving = unused()
    schedule = make(moving)
    found = []
    for _ in range(total):
        found.append(moving.param_groups[0]["lr"])
        moving.step()
        schedule.step()
    return found


def plateau(figures, factor, patience, final):
    moving = unused()
    schedule = lr_scheduler.ReduceLROnPlateau(moving, factor=factor, patience=patience, threshold=0.0, min_lr=final * 0.2, eps=0.0)
    found = []
    for figure in figures:
        schedule.step(figure)
        found.append(moving.param_groups[0]["lr"])
    return {"figures": figures, "plateauFactor": factor, "plateauPatience": patience, "finalLearningRate": final, "rates": found}


def one_cycle(total, rise, start, final):
    rates = stepped(lambda moving: lr_scheduler.OneCycleLR(
        moving, max_lr=0.2, total_steps=total, pct_start=rise, div_factor=1 / start, final_div_factor=start / final,
        cycle_momentum=False), total)
    return {"totalSteps": total, "oneCycleRise": rise, "oneCycleStart": start, "finalLearningRate": final, "rates": rates}


def cosine(total, final):
    rates = stepped(lambda moving: lr_scheduler.CosineAnnealingLR(moving, T_max=total, eta_min=0.2 * final), total)
    return {"totalSteps": total, "finalLearningRate": final, "rates": rates}


golden = {
    "torch": torch.__version__,
    "starts": values(starts),
    "shapes": {name: list(start.shape) for name, start in starts.items()},
    "gradients": [values(step) for step in gradients],
    "learningRates": rates,
    "optimisers": [
        optimiser("adam"),
        optimiser("adam", weightDecay=0.3),
        optimiser("adam", weightDecay=0.3, weightDecayMode="l2"),
        optimiser("adam", amsgrad=True),
        optimiser("adam", amsgrad=True, weightDecay=0.3),
        optimiser("adam", amsgrad=True, weightDecay=0.3, weightDecayMode="l2", clipNorm=2.0),
        optimiser("adam", clipNorm=2.0, weightDecay=0.1, weightDecayMode="l2"),
        optimiser("adam", clipValue=0.5, clipNorm=1.5),
        optimiser("sgd"),
        optimiser("sgd", momentum=0.9),
        optimiser("sgd", momentum=0.9, nesterov=True),
        optimiser("sgd", momentum=0.9, nesterov=True, weightDecay=0.3, weightDecayMode="l2", clipNorm=2.0),
        optimiser("sgd", momentum=0.9, weightDecay=0.3),
        optimiser("sgd", weightDecay=0.3, weightDecayMode="l2", clipValue=0.4),
    ],
    "cosine": [cosine(40, 0.01), cosine(7, 0.0)],
    "oneCycle": [one_cycle(40, 0.3, 0.04, 0.01), one_cycle(11, 0.45, 0.1, 0.001), one_cycle(100, 0.25, 0.04, 0.0004)],
    "plateau": [
        plateau([5, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 9, 9, 9, 9, 9, 9, 9], 0.5, 2, 0.01),
        plateau([5, 6, 5, 6, 5, 6, 4, 4], 0.1, 0, 0.05),
        plateau([0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1], 0.3, 1, 0.0),
    ],
}
path = pathlib.Path(__file__).with_name("optimisers.json")
path.write_text(json.dumps(golden))
print(path.name, len(golden["optimisers"]), "optimisers")
