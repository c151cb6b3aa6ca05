"""The same training step in PyTorch; prints one JSON line. usage: pytorch_step.py BATCH WIDTH STEPS THREADS [cpu|cuda]"""
import json, resource, sys, time
import numpy as np
import torch
from torch import nn

batch, width, steps, threads = map(int, sys.argv[1:5])
device = sys.argv[5] if len(sys.argv) > 5 else "cpu"
if device == "cuda" and not torch.cuda.is_available():
    sys.exit("error: this PyTorch sees no GPU")
torch.set_num_threads(threads)
CLASSES, UNITS, LABEL_LENGTH = 71, 128, 7


def numbers(count, salt):
    """The generator of model.mjs; from each run of states the next as long is reached by one multiplication."""
    states, times, plus, known = np.empty(count, np.uint32), 1664525, 1013904223, 1
    states[0] = ((salt * 2654435761 & 0xFFFFFFFF) * times + plus) & 0xFFFFFFFF
    while known < count:
        more = min(known, count - known)
        states[known : known + more] = states[:more] * np.uint32(times) + np.uint32(plus)
        times, plus, known = times * times & 0xFFFFFFFF, (times * plus + plus) & 0xFFFFFFFF, known + more
    return (states / 4294967296 - 0.5).astype(np.float32)


class Crnn(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [1, 32, 64, 128, 128]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(channels, channels[1:]))
        self.pools = [(2, 2), (2, 2), None, (2, 1)]
        self.gru = nn.GRU(4 * 128, UNITS, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * UNITS, CLASSES)

    def forward(self, x):
        for conv, pool in zip(self.convs, self.pools):
            x = torch.relu(conv(x))
            if pool:
                x = nn.functional.max_pool2d(x, pool)
        x = x.permute(0, 3, 2, 1).flatten(2)
        return self.out(self.gru(x)[0])


def fill(model):
    """The weights of model.mjs, in PyTorch's layout."""
    salt = 1
    def values(shape, fan_in):
        nonlocal salt
        result = torch.from_numpy(numbers(int(np.prod(shape)), salt) * np.float32((12 / fan_in) ** 0.5)).reshape(shape)
        salt += 1
        return result
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        for conv in model.convs:
            o, i = conv.weight.shape[:2]
            conv.weight.copy_(values((3, 3, i, o), 9 * i).permute(3, 2, 0, 1))
        kernel = values((512, 6 * UNITS), 1024)
        recurrent = values((2, UNITS, 3 * UNITS), 2 * UNITS)
        for direction, suffix in enumerate(["", "_reverse"]):
            getattr(model.gru, "weight_ih_l0" + suffix).copy_(kernel[:, direction * 3 * UNITS:(direction + 1) * 3 * UNITS].T)
            getattr(model.gru, "weight_hh_l0" + suffix).copy_(recurrent[direction].T)
        model.out.weight.copy_(values((2 * UNITS, CLASSES), 4 * UNITS).T)


model = Crnn()
fill(model)
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
images = torch.from_numpy(numbers(batch * 32 * width, 99)).reshape(batch, 1, 32, width).to(device)
labels = torch.tensor([[(b * 7 + i * 3) % (CLASSES - 1) for i in range(LABEL_LENGTH)] for b in range(batch)]).to(device)
lengths, label_lengths = torch.full((batch,), width // 4), torch.full((batch,), LABEL_LENGTH)


def step():
    optimizer.zero_grad()
    log_probs = model(images).log_softmax(2).transpose(0, 1)
    loss = nn.functional.ctc_loss(log_probs, labels, lengths, label_lengths, blank=CLASSES - 1)
    loss.backward()
    optimizer.step()
    return loss.item()


losses, wall, cpu = [step() for _ in range(3)], [], []
for _ in range(steps):
    used, start = time.process_time(), time.perf_counter()
    losses.append(step())
    wall.append(1000 * (time.perf_counter() - start))
    cpu.append(1000 * (time.process_time() - used))
print(json.dumps({
    "name": "pytorch", "details": f"PyTorch {torch.__version__}, " + (torch.cuda.get_device_name() if device == "cuda" else f"{threads} thread"), "batch": batch, "width": width, "steps": steps,
    "wallMs": round(sorted(wall)[steps // 2]), "cpuMs": round(sorted(cpu)[steps // 2]),
    "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "firstLosses": losses[:4],
}))
