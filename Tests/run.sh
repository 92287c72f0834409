#!/usr/bin/env bash
# Everything that must pass, from a fresh clone: installs what it needs, says what it does, and ends with a line
# `N passed, N failed`. Exit code 0 only when nothing failed.
#
#   Tests/run.sh            all
#   Tests/run.sh NAME ...   only the steps of these names (see the list at the end)
set -uo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

passed=0 failed=0 failures=()
wanted=("$@")
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

# step NAME WHAT COMMAND...: runs a command and counts it; its output is shown only when it fails. A command that
# runs many tests says how many in lines of its own ("Test run with N tests", "N passed, N failed").
step() {
  local name=$1 what=$2 start=$SECONDS
  shift 2
  if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  echo "== $name: $what"
  if "$@" >"$log/$name" 2>&1; then
    local count
    count=$(sed -nE 's/.*Test run with ([0-9]+) tests? .*passed.*/\1/p; s/^([0-9]+) passed, 0 failed$/\1/p' "$log/$name" |
      awk '{ n += $1 } END { print n + 0 }')
    [ "$count" -eq 0 ] && count=1
    passed=$((passed + count))
    echo "   ok: $count in $((SECONDS - start)) s"
  else
    failed=$((failed + 1)) failures+=("$name")
    tail -n 60 "$log/$name"
    echo "   FAILED after $((SECONDS - start)) s"
  fi
}

examples/install-packages.sh python3 || exit 1

step format "swift format lint --strict" swift format lint --strict -r Package.swift Sources Tests examples
step schema "regenerating the protobuf codecs changes nothing" Tests/schema.sh
step build "debug build of the package and its tests" swift build --build-tests
step debug "unit tests, debug" swift test --skip-build
step release "unit tests as they are optimised, kernels above all" swift test -c release --scratch-path .build-release
step command "the command line, from conversion to labels" Tests/command.sh
step sdk "the SDK library: exports, size, C tests and examples" Tests/sdk.sh
step faults "failing allocations, reads and threads under the C API" Tests/faults.sh
step sanitizers "C tests under AddressSanitizer, UBSan, ThreadSanitizer and valgrind" Tests/sanitizers.sh
step fuzz "seeds and past crashes of the fuzz targets" Tests/fuzz.sh
step memory "a byte budget for experts is kept, and more budget never reads more" Tests/memory.sh
step python "the Python package: its wheel in a fresh environment" Tests/python.sh
step examples "the examples of C, CMake and Swift" Tests/examples.sh
step reader "the standalone reader on formats/vectors" Tests/standalone-reader.sh
step chroot "the SDK library in a clean Debian root" Tests/chroot.sh
step arm64 "kernels on aarch64, under qemu" Tests/kernels-aarch64.sh
step sdk-arm64 "the SDK library for aarch64, and whole models with the bits of this machine, under qemu" \
  Tests/sdk-aarch64.sh

if [ ${#failures[@]} -gt 0 ]; then echo "failed: ${failures[*]}"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
