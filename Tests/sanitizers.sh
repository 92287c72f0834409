#!/usr/bin/env bash
# The programs of Tests/CApi under tools that see what a test does not: each with the library built for the tool, too.
#
#   Tests/sanitizers.sh              all
#   Tests/sanitizers.sh NAME ...     address: AddressSanitizer, its leak check and UndefinedBehaviorSanitizer
#                                    thread: ThreadSanitizer
#                                    memcheck: valgrind, on the SDK library
#
# Ends with `N passed, 0 failed`, where a case is a program under a tool. Needs the command line of the debug build.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=(address thread memcheck)
[ $# -eq 0 ] || tools=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sdk=Sources/LimequatABI/sdk
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --product limequat
"$limequat" convert examples/digits/checkpoint -o "$work/digits.lmq" >/dev/null
"$limequat" convert Tests/Fixtures/checkpoints/limoe-sentencepiece -o "$work/small.lmq" >/dev/null
passed=0

# run TOOL NAME COMMAND...: a program must exit with 0, and the tool must say nothing.
run() {
  local tool=$1 name=$2 start=$SECONDS
  shift 2
  if ! "$@" >"$work/log" 2>&1; then
    echo "sanitizers: $name under $tool:" >&2
    tail -n 60 "$work/log" >&2
    exit 1
  fi
  passed=$((passed + 1))
  echo "$tool: $(tail -n 1 "$work/log") ($((SECONDS - start)) s)"
}

# link TOOL SWIFT-SANITIZER C-SANITIZERS SETTING...: the C tests with the ordinary Swift build of the library, all of it
# instrumented.
link() {
  local tool=$1 swift=$2 c=$3
  shift 3
  swift build -c release --sanitize "$swift" "$@" -Xswiftc -g -Xcc -g --target LimequatABI --scratch-path ".build-$tool"
  local objects
  mapfile -t objects < <($sdk/objects.sh ".build-$tool/release")
  for source in Tests/CApi/*.c; do
    local name
    name=$(basename "$source" .c)
    clang -std=c99 -O1 -g "-fsanitize=$c" -fno-sanitize-recover=all -ISources/CLimequat/include -c "$source" \
      -o "$work/$name.o"
    swiftc "-sanitize=$swift" "$work/$name.o" "${objects[@]}" -o "$work/$name-$tool" -lprotobuf-c -lm -lpthread \
      2>"$work/link" || { cat "$work/link" >&2 && exit 1; }
  done
}

for tool in "${tools[@]}"; do
  case $tool in
  address)
    # Swift has no undefined behaviour to look for; C has, and swiftc takes one sanitizer only.
    link address address address,undefined -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined
    for source in Tests/CApi/*.c; do
      name=$(basename "$source" .c)
      run address "$name" env UBSAN_OPTIONS=print_stacktrace=1 "$work/$name-address" "$work/digits.lmq"
    done
    ;;
  thread)
    link thread thread thread
    for source in Tests/CApi/*.c; do
      name=$(basename "$source" .c)
      [ "$name" = memory ] && continue # it measures the process, most of which is the tool's own
      run thread "$name" env TSAN_OPTIONS=halt_on_error=1:die_after_fork=0 "$work/$name-thread" "$work/digits.lmq"
    done
    ;;
  memcheck)
    examples/install-packages.sh valgrind libc6-dbg
    examples/build-sdk.sh .sdk >/dev/null
    for source in Tests/CApi/*.c; do
      name=$(basename "$source" .c)
      [ "$name" = memory ] && continue # large batches, for what the system says of memory
      cc -std=c99 -O1 -g "$source" -o "$work/$name-memcheck" -I.sdk/include -L.sdk/lib -llimequat -lm -lpthread
      # valgrind runs one thread at a time and knows no AVX-512: a small model, where the test takes any.
      model=small
      [ "$name" = refusals ] && model=digits
      leaks=full
      [ "$name" = fork ] && leaks=no # what the threads of its parent held is lost to a child
      run memcheck "$name" env LIMEQUAT_KERNELS=avx2 LD_LIBRARY_PATH=.sdk/lib valgrind -q --error-exitcode=9 \
        --fair-sched=try "--leak-check=$leaks" --errors-for-leak-kinds=definite,possible "$work/$name-memcheck" \
        "$work/$model.lmq"
    done
    ;;
  *) echo "sanitizers: no tool $tool" >&2 && exit 2 ;;
  esac
done
echo "$passed passed, 0 failed"
