#!/usr/bin/env bash
# Everything that reads bytes from outside, given bytes that nobody should: Tests/Fuzz.
#
#   Tests/fuzz.sh                            gives every seed and every past crash to its target, without sanitizers
#   Tests/fuzz.sh run SECONDS [TARGET ...]   lets libFuzzer make inputs, under AddressSanitizer, each target as long;
#                                            what it finds is a file in Tests/Fuzz/.build-fuzzer/found/TARGET, which
#                                            belongs into Tests/Fuzz/Crashes/TARGET once it is mended
set -euo pipefail
cd "$(dirname "$0")/Fuzz"

targets=(container graph safetensors vmoeIndex vmoeData config sentencepiece tokenizer npy image)
export LIMEQUAT_FUZZ_FOLDER=$PWD/../Fixtures/checkpoints
memory=/tmp
[ -d /dev/shm ] && memory=/dev/shm
LIMEQUAT_FUZZ_SCRATCH=$(mktemp -d "$memory/limequat-fuzz.XXXXXX")
export LIMEQUAT_FUZZ_SCRATCH
trap 'rm -rf "$LIMEQUAT_FUZZ_SCRATCH"' EXIT

# Models are seeds, too: small ones of both families, with texts, with pads and with several groups of tokens.
limequat=${LIMEQUAT:-$(swift build --package-path ../.. --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --package-path ../.. --product limequat
models=()
for name in limoe-sentencepiece limoe-odd limoe-pads vmoe-bf16-dispatch; do
  "$limequat" convert "../Fixtures/checkpoints/$name" -o "$LIMEQUAT_FUZZ_SCRATCH/$name.lmq" >/dev/null
  models+=("$LIMEQUAT_FUZZ_SCRATCH/$name.lmq")
done
seeds=$LIMEQUAT_FUZZ_SCRATCH/seeds
python3 seeds.py "$seeds" "${models[@]}"

if [ "${1:-}" != run ]; then
  swift build
  fuzz=$(swift build --show-bin-path)/fuzz
  for target in "${targets[@]}"; do
    echo "$target"
    inputs=("$seeds/$target"/*)
    [ -d "Crashes/$target" ] && inputs+=("Crashes/$target"/*)
    "$fuzz" "$target" "${inputs[@]}"
  done
  exit
fi

seconds=$2
shift 2
[ $# -eq 0 ] || targets=("$@")
# Of two -sanitize options swiftc takes the last, clang both.
build=(swift build -c release --sanitize fuzzer --sanitize address -Xswiftc -sanitize=fuzzer,address
  -Xcc -DLIMEQUAT_LIBFUZZER --scratch-path .build-fuzzer)
"${build[@]}"
fuzz=$("${build[@]}" --show-bin-path)/fuzz
# A request for more than 512 MiB is refused, as a small machine would: that must give an error like any other.
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512:detect_leaks=1:quarantine_size_mb=16
status=0
for target in "${targets[@]}"; do
  echo "== $target"
  mkdir -p ".build-fuzzer/corpus/$target" ".build-fuzzer/found/$target"
  past=()
  [ -d "Crashes/$target" ] && past=("Crashes/$target")
  if LIMEQUAT_FUZZ_TARGET=$target "$fuzz" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3072 \
    -malloc_limit_mb=1024 -max_len=262144 -print_final_stats=1 -artifact_prefix=".build-fuzzer/found/$target/" \
    ".build-fuzzer/corpus/$target" "$seeds/$target" ${past[@]+"${past[@]}"} \
    >"$LIMEQUAT_FUZZ_SCRATCH/$target.log" 2>&1; then
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$LIMEQUAT_FUZZ_SCRATCH/$target.log"
  else
    status=1
    tail -n 60 "$LIMEQUAT_FUZZ_SCRATCH/$target.log"
  fi
done
exit $status
