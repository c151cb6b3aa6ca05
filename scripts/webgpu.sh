#!/usr/bin/env bash
# Puts the packages of the backend `webgpu` into a folder of their own, for tests and measurements. Needs npm.
#
#   scripts/webgpu.sh [FOLDER]      FOLDER defaults to .cache/webgpu
#
# Afterwards: export OCRPIPE_WEBGPU_DIR=FOLDER. Where there is no GPU, software that implements Vulkan can stand in:
# OCRPIPE_WEBGPU_SOFTWARE=1 VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json (SwiftShader, of the package chromium).
set -euo pipefail

folder=${1:-.cache/webgpu}
mkdir -p "$folder"
cd "$folder"
[ -e package.json ] || echo '{"private": true}' >package.json
npm install --no-audit --no-fund --loglevel=error webgpu@^0.6.0 @tensorflow/tfjs-backend-webgpu@~4.22.0
echo "webgpu is ready in $PWD"
