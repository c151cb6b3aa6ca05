"""What TensorBoard's own reader finds in a folder of events, as JSON on standard output. Pictures are decoded to their end."""

import io
import json
import sys

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.text.text_plugin import text_array_to_html
import numpy

EVERYTHING = {"scalars": 0, "images": 0, "tensors": 0}
HPARAMS = "_hparams_/session_start_info"


def picture(event):
    image = Image.open(io.BytesIO(event.encoded_image_string))
    image.load()
    return {"step": event.step, "size": list(image.size), "said": [event.width, event.height]}


def text(event):
    markdown = event.tensor_proto.string_val[0]
    html = text_array_to_html(numpy.array(markdown, dtype=object), True)
    return {"step": event.step, "markdown": markdown.decode(), "html": html}


def parameters(accumulator):
    content = accumulator.SummaryMetadata(HPARAMS).plugin_data.content
    given = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in given.items()}


def main(folder):
    accumulator = EventAccumulator(folder, size_guidance=EVERYTHING)
    accumulator.Reload()
    tags = accumulator.Tags()
    scalars = {tag: [[e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]}
    images = {tag: [picture(e) for e in accumulator.Images(tag)] for tag in tags["images"]}
    texts = {tag: [text(e) for e in accumulator.Tensors(tag)] for tag in tags["tensors"] if tag != HPARAMS}
    found = {"scalars": scalars, "images": images, "texts": texts, "parameters": parameters(accumulator)}
    print(json.dumps(found))


main(sys.argv[1])
