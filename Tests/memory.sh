#!/usr/bin/env bash
# memory.sh: a byte budget is honoured by a C program on the installed library and by the command line, on a model
# whose experts take 20 times the budget; a larger budget never reads more; the bits are the same.
# Needs .sdk (Tests/sdk.sh) and a release build of the command line (examples/quickstart.sh makes one).
# Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
swift build -c release --scratch-path .build-release --product limequat || exit 1
limequat=.build-release/release/limequat
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
check() {  # WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then passed=$((passed + 1)); else echo "failed: $what"; failed=$((failed + 1)); fi
}

"$limequat" synth limoe-s32 --dtype bf16 -o "$work/checkpoint" 2>/dev/null &&
  "$limequat" convert "$work/checkpoint" -o "$work/bf16.lmq" >/dev/null 2>&1 && rm -r "$work/checkpoint" &&
  "$limequat" quantize "$work/bf16.lmq" -o "$work/model.lmq" >/dev/null 2>&1 && rm "$work/bf16.lmq" || exit 1
model=$work/model.lmq
PKG_CONFIG_PATH=$PWD/.sdk/lib/pkgconfig cc -std=c99 -O1 -Wall -Wextra -Werror Tests/Memory/within.c \
  -o "$work/within" -I.sdk/include -L.sdk/lib -llimequat -Wl,-rpath,"$PWD/.sdk/lib" || exit 1

# Bytes that all experts take, and the largest one.
read -r total largest < <("$limequat" inspect --json "$model" | python3 -c 'import json, sys
banks = json.load(sys.stdin)["banks"]
print(sum(bank["bytes"] for bank in banks), max(bank["bytes"] // bank["experts"] for bank in banks))')
budget=$((total / 20))
echo "experts: $total bytes, the largest $largest, budget $budget"
check "the budget holds an expert" [ "$budget" -ge "$largest" ]

field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
spare=$((16 << 20))

read -r _ expected < <("$work/within" "$model" 2 1 0)
for threads in 1 2; do
  # The dense weights and the arena of the larger signature.
  "$limequat" bench "$model" --signature image --batch 2 --seconds 0 --threads $threads --memory-budget $budget \
    --json >"$work/bench.json"
  arena=$(field "$work/bench.json" arena_bytes)
  dense=$(field "$work/bench.json" tensor_bytes)
  for held in $budget -1; do
    read -r peak hash < <("$work/within" "$model" 2 $threads $held)
    bound=$(((held > 0 ? held : total) + dense + arena + spare))
    echo "C program, $threads threads, budget $held: peak $peak of $bound (dense $dense, arena $arena)"
    check "peak within $held, $threads threads" [ "$peak" -le "$bound" ]
    check "the bits within $held, $threads threads" [ "$hash" = "$expected" ]
  done
  own=$(/usr/bin/env python3 -c 'import resource, subprocess, sys
subprocess.run([sys.argv[1], "--version"], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)' "$limequat")
  peak=$(field "$work/bench.json" peak_rss_bytes)
  bound=$((budget + dense + arena + spare + own))
  echo "command line, $threads threads: peak $peak of $bound (--version alone $own)"
  check "peak of the command line, $threads threads" [ "$peak" -le "$bound" ]
  check "held experts, $threads threads" [ "$(field "$work/bench.json" peak_expert_bytes)" -le "$budget" ]
done

# A circle of calls: what is read falls, or stays, as the budget grows, and all experts are read at most once in the end.
last=
for budget in $largest $((largest * 3)) $((total / 4)) $((total / 2)) $((total - largest)) "$total"; do
  "$limequat" bench "$model" --signature image --batch 1 --seconds 0 --memory-budget "$budget" --json >"$work/bench.json"
  bytes=$(field "$work/bench.json" bytes_read)
  echo "budget $budget: read $bytes"
  [ -z "$last" ] || check "reading with $budget" [ "$bytes" -le "$last" ]
  last=$bytes
done
check "all in memory is read once" [ "$last" -le "$(stat -c %s "$model")" ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
