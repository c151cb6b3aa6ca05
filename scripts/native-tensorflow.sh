#!/usr/bin/env bash
# Puts native TensorFlow for Node into a folder of its own, for tests and for machines where the package's own
# installer finds no ready-made addon. Needs npm, python3 with pip, and g++ (C++17); Linux on x86-64.
#
#   scripts/native-tensorflow.sh [cpu|gpu] [FOLDER]      FOLDER defaults to .cache/native-tensorflow
#
# The TensorFlow library comes from the wheel of the same name on PyPI; the addon is compiled from the sources inside
# the npm package. Afterwards: export OCRPIPE_TENSORFLOW_DIR=FOLDER. Running it again when all is there does nothing.
set -euo pipefail

kind=${1:-cpu}
folder=${2:-.cache/native-tensorflow}
tensorflow_version=2.15.1
package_version=4.22.0
case $kind in
  cpu) wheel=tensorflow-cpu package=tfjs-node ;;
  gpu) wheel=tensorflow package=tfjs-node-gpu ;;
  *) echo "usage: scripts/native-tensorflow.sh [cpu|gpu] [FOLDER]" >&2; exit 2 ;;
esac

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
library=$folder/$wheel-$tensorflow_version
module=$folder/node_modules/@tensorflow/$package
addon=$module/lib/napi-v8/tfjs_binding.node

# Loading the package is the only proof that counts: it needs the addon, both libraries and their versions to agree.
loads() {
  (cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 node -e "
    const util = require('util');
    util.isNullOrUndefined ??= (value) => value == null;
    util.isArray ??= Array.isArray;
    const tf = require('@tensorflow/$package');
    tf.enableProdMode();
    if (tf.sum(tf.ones([2, 2])).dataSync()[0] !== 4) throw new Error('wrong sum');
    console.log('native TensorFlow ' + tf.engine().backend.binding.TF_Version + ' is ready in $folder');
  " 2>"$folder/load.log")
}
if [ -e "$addon" ] && loads; then exit 0; fi

install_package() {
  [ -e "$folder/package.json" ] || echo '{"private": true}' >"$folder/package.json"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@tensorflow/$package@$package_version" node-api-headers
}

fetch_library() {
  [ -e "$library/.complete" ] && return
  rm -rf "$library"
  mkdir -p "$library/wheel"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --implementation cp --python-version 3.11 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest "$library/wheel" "$wheel==$tensorflow_version"
  python3 - "$library" <<'PYTHON'
import glob, sys, zipfile
folder = sys.argv[1]
libraries = {f"tensorflow/libtensorflow_{part}.so.2" for part in ("cc", "framework")}
headers = tuple(f"tensorflow/include/{part}/" for part in ("tensorflow/c", "tensorflow/core/platform", "tsl"))
with zipfile.ZipFile(glob.glob(f"{folder}/wheel/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if name in libraries or name.startswith(headers):
            wheel.extract(name, folder)
PYTHON
  rm -r "$library/wheel"
  touch "$library/.complete"
}

build_addon() {
  local deps=$module/deps
  mkdir -p "$deps/lib" "$(dirname "$addon")"
  ln -sfn "$library/tensorflow/include" "$deps/include"
  local part
  for part in cc framework; do
    ln -sf "$library/tensorflow/libtensorflow_$part.so.2" "$deps/lib/libtensorflow_$part.so.2"
  done
  ln -sf libtensorflow_cc.so.2 "$deps/lib/libtensorflow.so"
  ln -sf libtensorflow_framework.so.2 "$deps/lib/libtensorflow_framework.so"
  g++ -shared -fPIC -O2 -std=c++17 -DNAPI_VERSION=8 \
    -I"$folder/node_modules/node-api-headers/include" -I"$deps/include" \
    "$module/binding/tfjs_backend.cc" "$module/binding/tfjs_binding.cc" -o "$addon" \
    -L"$deps/lib" -ltensorflow -ltensorflow_framework -Wl,-rpath,'$ORIGIN/../../deps/lib'
}

install_package
fetch_library
build_addon
loads || { cat "$folder/load.log" >&2; exit 1; }
