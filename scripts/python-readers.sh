#!/usr/bin/env bash
# Puts the programs that read what ocrpipe writes for them into a Python environment of its own, for tests: onnx, onnxruntime and
# TensorBoard. Needs python3 with venv and pip.
#
#   scripts/python-readers.sh [FOLDER]      FOLDER defaults to .cache/python-readers
#
# Running it again when all is there does nothing.
set -euo pipefail

folder=${1:-.cache/python-readers}
packages="onnxruntime==1.20.1 tensorboard==2.18.0 setuptools<81 numpy<3 Pillow<13 onnx==1.17.0"
mark=$folder/.installed

if [ "$(cat "$mark" 2>/dev/null)" = "$packages" ]; then exit 0; fi
python3 -m venv --clear "$folder"
# shellcheck disable=SC2086 -- several words
"$folder/bin/pip" install --quiet --disable-pip-version-check $packages
"$folder/bin/python" -c 'import onnx, onnxruntime, tensorboard.backend.event_processing.event_accumulator'
printf '%s' "$packages" >"$mark"
echo "onnx, onnxruntime and TensorBoard are ready in $folder"
