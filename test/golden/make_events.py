"""Writes events.json beside this file: records as TensorBoard's own writer makes them.

    python make_events.py      with tensorboard 2.18.0 (scripts/python-readers.sh installs it)
"""

import base64
import io
import json
import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

TIME = 1792921600.25


def metadata(name, content=b"", description=""):
    data = summary_pb2.SummaryMetadata.PluginData(plugin_name=name, content=content)
    return summary_pb2.SummaryMetadata(plugin_data=data, summary_description=description)


def image():
    picture = summary_pb2.Summary.Image(height=2, width=300, colorspace=1, encoded_image_string=bytes(range(200)))
    return summary_pb2.Summary.Value(tag="worst/1", image=picture, metadata=metadata("images", description="*Line* 1"))


def text(markdown):
    tensor = TensorProto(dtype=7, tensor_shape=TensorShapeProto(), string_val=[markdown.encode()])
    return summary_pb2.Summary.Value(tag="samples", tensor=tensor, metadata=metadata("text"))


def parameters(name, value):
    info = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
    if isinstance(value, bool):
        info.hparams[name].bool_value = value
    elif isinstance(value, str):
        info.hparams[name].string_value = value
    else:
        info.hparams[name].number_value = value
    content = plugin_data_pb2.HParamsPluginData(session_start_info=info).SerializeToString()
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=1, tensor_shape=shape, float_val=[0.0])
    return summary_pb2.Summary.Value(
        tag="_hparams_/session_start_info", tensor=tensor, metadata=metadata("hparams", content)
    )


def event(step, *values):
    return event_pb2.Event(wall_time=TIME, step=step, summary=summary_pb2.Summary(value=values))


START = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
EVENTS = {
    "version": event_pb2.Event(wall_time=TIME, file_version="brain.Event:2"),
    "start": event_pb2.Event(wall_time=TIME, step=300, session_log=START),
    "startAtZero": event_pb2.Event(wall_time=TIME, session_log=START),
    "scalars": event(
        1600,
        summary_pb2.Summary.Value(tag="loss/step", simple_value=0.1),
        summary_pb2.Summary.Value(tag="speed/waitShare", simple_value=0),
    ),
    "image": event(127, image()),
    "text": event(128, text("| Tiếng | Việt |\n| --- | --- |")),
    "number": event(0, parameters("train.learningRate", 0.003)),
    "truth": event(0, parameters("train.amsgrad", True)),
    "word": event(0, parameters("model.type", "crnn")),
}


class Kept(io.BytesIO):
    def close(self):
        pass


def record(data):
    file = Kept()
    RecordWriter(file).write(data)
    return base64.b64encode(file.getvalue()).decode()


golden = {name: record(proto.SerializeToString(deterministic=True)) for name, proto in EVENTS.items()}
pathlib.Path(__file__).with_name("events.json").write_text(json.dumps(golden, indent=2) + "\n")
