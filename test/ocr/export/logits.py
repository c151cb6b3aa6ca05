"""Runs an ONNX model: logits.py MODEL INPUT OUTPUT. INPUT is JSON {values, shape, steps}, images as batch, height, width, channels."""

import json
import sys

import numpy as np
import onnx
import onnxruntime

path, source, target = sys.argv[1:]
onnx.checker.check_model(path, full_check=True)
model = onnx.load(path)
with open(source, encoding="utf-8") as file:
    data = json.load(file)
images = np.array(data["values"], np.float32).reshape(data["shape"]).transpose(0, 3, 1, 2)
feeds = {"images": images, "steps": np.array(data["steps"], np.int32)}
session = onnxruntime.InferenceSession(path)
(logits,) = session.run(None, {port.name: feeds[port.name] for port in session.get_inputs()})


def ports(values):
    """Names, types and sides, a word for each side that is free."""
    return {value.name: [value.type, *value.shape] for value in values}


with open(target, "w", encoding="utf-8") as file:
    result = {
        "logits": logits.ravel().tolist(),
        "shape": logits.shape,
        "metadata": session.get_modelmeta().custom_metadata_map,
        "inputs": ports(session.get_inputs()),
        "outputs": ports(session.get_outputs()),
        "nodes": [node.name for node in model.graph.node],
        "initializers": {
            value.name: onnx.TensorProto.DataType.Name(value.data_type) for value in model.graph.initializer
        },
    }
    json.dump(result, file)
