"""Runs an ONNX model: logits.py MODEL INPUT OUTPUT. INPUT is JSON {values, shape, steps}, images as batch, height, width, channels."""

import json
import sys

import numpy as np
import onnxruntime

model, source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    data = json.load(file)
images = np.array(data["values"], np.float32).reshape(data["shape"]).transpose(0, 3, 1, 2)
session = onnxruntime.InferenceSession(model)
(logits,) = session.run(None, {"images": images, "steps": np.array(data["steps"], np.int32)})
with open(target, "w", encoding="utf-8") as file:
    metadata = session.get_modelmeta().custom_metadata_map
    json.dump({"logits": logits.ravel().tolist(), "shape": logits.shape, "metadata": metadata}, file)
