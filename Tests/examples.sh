#!/usr/bin/env bash
# The examples of C, CMake and Swift as a user builds them, on the digits model; what they print must be what the
# command line says.
#
#   Tests/examples.sh     LIMEQUAT_SDK=PREFIX reuses a library that is built
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check WHAT COMMAND...: the command must succeed; its output is in $work/out, and shown when it fails.
check() {
  local what=$1
  shift
  if "$@" >"$work/out" 2>"$work/err"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $what: $*" | cut -c1-300
    tail -n 20 "$work/out" "$work/err"
  fi
}

examples/install-packages.sh cmake g++ >&2 || exit 1
sdk=${LIMEQUAT_SDK:-$root/.sdk}
[ -e "$sdk/lib/liblimequat.so.0" ] || check "the SDK" examples/build-sdk.sh "$sdk"
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || check "the command line" swift build --product limequat
model=$work/digits.lmq labels=zero,one,two,three,four,five,six,seven,eight,nine
template="a photo of the digit {}"
check "the model" "$limequat" convert examples/digits/checkpoint -o "$model"
mkdir "$work/images"
check "the images" python3 Tests/Command/png_to_pgm.py "$work/images" examples/digits/test/*.png
export LD_LIBRARY_PATH=$sdk/lib PKG_CONFIG_PATH=$sdk/lib/pkgconfig

# --- C --------------------------------------------------------------------------------------------------------
# shellcheck disable=SC2046
check "search.c builds" cc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror examples/c/search.c -o "$work/search" \
  $(pkg-config --cflags --libs limequat)
for label in ${labels//,/ }; do echo "${template/\{\}/$label}"; done >"$work/queries"
check "search.c answers" sh -c '"$1" "$2" "$3" <"$4"' - "$work/search" "$model" "$work/images" "$work/queries"
mv "$work/out" "$work/answers"
# The nearest images of each digit's prompt show that digit: 3 a query, the nearest first, then an empty line.
check "search.c finds the digits" awk -F'\t' '
  BEGIN { query = 0 }
  NF == 0 { if (n != 3) bad = 1; n = 0; query++; next }
  { n++; if (n > 1 && $1 > last) bad = 1; last = $1; if ($2 !~ "-label" query "[.]pgm$") bad = 1 }
  END { exit bad || query != 10 }' "$work/answers"

# --- CMake ----------------------------------------------------------------------------------------------------
check "cmake configures" cmake -S examples/cmake -B "$work/cmake" -DCMAKE_PREFIX_PATH="$sdk"
check "cmake builds" cmake --build "$work/cmake"
for program in nearest nearest-static; do
  check "$program runs" "$work/cmake/$program" "$model" "a photo of the digit seven" one "the number seven" nine
  mv "$work/out" "$work/answers"
  check "$program answers" grep -q $'^the number seven\t0[.]9' "$work/answers"
done

# --- Swift ----------------------------------------------------------------------------------------------------
swift=(swift build --package-path examples/swift --scratch-path .build-examples)
check "the Swift example builds" "${swift[@]}"
check "the Swift example labels" "$("${swift[@]}" --show-bin-path)/label" "$model" "$labels" "$template" \
  "$work"/images/*.pgm
# names LABEL FILE: label and file without folder and ending, from these columns.
names() { awk -F'\t' -v l="$1" -v f="$2" '{ n = $f; sub(/.*\//, "", n); sub(/[.].*/, "", n); print n, $l }'; }
names 1 3 <"$work/out" >"$work/labels.swift"
names 2 1 <examples/digits/test/labels.tsv >"$work/labels.true"
check "the Swift example is right 357 times" [ "$(grep -cxFf "$work/labels.true" "$work/labels.swift")" -eq 357 ]
check "the command line labels" "$limequat" classify "$model" --labels "$labels" --template "$template" \
  examples/digits/test/*.png
names 2 1 <"$work/out" >"$work/labels.command"
check "both have the same labels" cmp "$work/labels.swift" "$work/labels.command"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
