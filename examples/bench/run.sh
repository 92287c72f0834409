#!/usr/bin/env bash
# Makes every figure of a results.md: builds Limequat and its C library, makes the models and every peer's form of them,
# measures, and writes results.json, results.md and the plots to a folder of results/ for the kind of processor.
#
#   examples/bench/run.sh [--work DIR] [--models s32,b16] [--rounds N] [--seconds S] [--again]
#                         [--threads 1,2] [--weights f32,int8] [PART ...]
#
# Parts, all of them by default, in this order:
#   prepare    builds, Python packages, models (about 30 GB in DIR, which is kept)
#   machine    the processor's bounds
#   kernels    matrix products against those bounds
#   cells      whole models against the peers, turn by turn
#   pairs      two processes of one thread each at once
#   start      from process start to the first vector, memory, file sizes
#   budget     experts in a byte budget
#   accuracy   vectors of int8 models against f32
#   convert    converting and quantising against cp and sync
#   report     results.json, results.md, *.svg
# A part that is done is not done again: what was measured is in DIR/results, a file for each piece of work, so a run
# that was interrupted goes on. --again removes the results of the parts that are named first.
#
# Nothing else should run on the machine meanwhile.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/.build/bench models=s32,b16 rounds=5 seconds=0.4 again=0 threads=1,2 weights=f32,int8 parts=()
while [ $# -gt 0 ]; do
  case $1 in
    --work) work=$2; shift ;;
    --models) models=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --threads) threads=$2; shift ;;
    --weights) weights=$2; shift ;;
    --again) again=1 ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) parts+=("$1") ;;
  esac
  shift
done
[ ${#parts[@]} -gt 0 ] || parts=(prepare machine kernels cells pairs start budget accuracy convert report)
mkdir -p "$work/results"
work=$(cd "$work" && pwd)
python=$work/python/bin/python
export PYTHONPATH=$root/examples/python LIMEQUAT_LIBRARY=$work/sdk/lib/liblimequat.so.0
export PYTHONDONTWRITEBYTECODE=1

prepare() {
  "$root/examples/install-packages.sh" python3-venv
  (cd "$root" && swift build -c release --product limequat && examples/build-sdk.sh "$work/sdk")
  ln -sf "$root/.build/release/limequat" "$work/limequat"
  local program
  for program in first routing; do
    clang -std=gnu11 -O2 "$here/$program.c" -I"$work/sdk/include" -L"$work/sdk/lib" -llimequat \
      -Wl,-rpath,"$work/sdk/lib" -o "$work/$program"
  done
  if [ ! -x "$python" ]; then python3 -m venv "$work/python"; fi
  "$python" -m pip install --quiet numpy onnx onnxruntime openvino safetensors torch
  local model
  for model in ${models//,/ }; do
    local checkpoint=$work/limoe-$model folder=$work/$model
    mkdir -p "$folder"
    [ -e "$checkpoint" ] || "$work/limequat" synth "limoe-$model" -o "$checkpoint"
    [ -e "$folder/f32.lmq" ] || "$work/limequat" convert "$checkpoint" -o "$folder/f32.lmq"
    [ -e "$folder/experts8.lmq" ] ||
      "$work/limequat" quantize "$folder/f32.lmq" -o "$folder/experts8.lmq" > "$folder/experts8.txt"
    [ -e "$folder/int8.lmq" ] ||
      "$work/limequat" quantize "$folder/f32.lmq" -o "$folder/int8.lmq" --dense int8 > "$folder/int8.txt"
    "$python" "$here/prepare.py" "$checkpoint" "$folder"
  done
}

# once FILE COMMAND...: the command's output becomes the result FILE, unless it is there.
once() {
  local file=$work/results/$1
  shift
  [ -e "$file" ] && return
  "$@" > "$file.part"
  mv "$file.part" "$file"
}

bounds() {
  [ "$work/bounds" -nt "$here/bounds.c" ] ||
    clang -std=gnu11 -O2 -march=native "$here/bounds.c" -lm -lpthread -o "$work/bounds"
}

kernels() {
  local type
  for type in f32 int8; do once "kernels-$type.txt" "$here/kernels.sh" "" "$type"; done
}

for part in "${parts[@]}"; do
  start=$SECONDS
  echo "== $part"
  [ $again = 1 ] && rm -f "$work/results/$part"*
  case $part in
    prepare) prepare ;;
    machine) bounds && { [ -e "$work/results/machine.json" ] || "$python" "$here/machine.py" "$work"; } ;;
    kernels) kernels ;;
    cells)
      bounds
      "$python" "$here/cells.py" "$work" --models "$models" --rounds "$rounds" --seconds "$seconds" \
        --threads "$threads" --weights "$weights"
      ;;
    pairs | start | budget | accuracy | convert) "$python" "$here/$part.py" "$work" --models "$models" ;;
    report) "$python" "$here/report.py" "$work" "$here/results" ;;
    *) echo "run.sh: no part '$part'" >&2; exit 2 ;;
  esac
  echo "   $((SECONDS - start)) s"
done
