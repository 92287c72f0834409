#!/usr/bin/env bash
# Builds Limequat, converts the trained digits checkpoint, and classifies real test images by text prompts.
# Installs the Debian packages that it needs; Swift must be there. Can be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v swift >/dev/null || { echo "quickstart.sh: there is no swift on the PATH; Swift 6.3 is needed" >&2; exit 1; }
echo "== packages"
examples/install-packages.sh

echo "== build (the first time takes a few minutes)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build -c release --product limequat >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
tail -n 1 "$log"
limequat=$(swift build -c release --show-bin-path)/limequat
out=.build/quickstart
mkdir -p "$out"

echo "== convert examples/digits/checkpoint to $out/digits.lmq"
"$limequat" convert examples/digits/checkpoint -o "$out/digits.lmq"
"$limequat" verify "$out/digits.lmq"
"$limequat" inspect "$out/digits.lmq"

labels=zero,one,two,three,four,five,six,seven,eight,nine
template="a photo of the digit {}"

echo "== classify ten test images by the prompt '$template'"
"$limequat" classify "$out/digits.lmq" --labels "$labels" --template "$template" \
  $(printf '%s\n' examples/digits/test/*.png | head -n 10)

echo "== classify the whole test split"
"$limequat" classify "$out/digits.lmq" --labels "$labels" --template "$template" examples/digits/test/*.png \
  >"$out/labels.tsv"
awk -F'\t' '
  NR == FNR { truth[$1] = $2; next }
  { file = $1; sub(/.*\//, "", file); total++; right += truth[file] == $2 }
  END { printf "accuracy: %.1f %% (%d of %d)\n", 100 * right / total, right, total }
' examples/digits/test/labels.tsv "$out/labels.tsv"

echo "== which experts each modality uses"
inputs=()
for image in examples/digits/test/*.png; do inputs+=(--image "$image"); done
for label in ${labels//,/ }; do inputs+=(--text "${template/\{\}/$label}"); done
"$limequat" routing "$out/digits.lmq" "${inputs[@]}"

echo "== done: the command is $limequat, the model $PWD/$out/digits.lmq"
