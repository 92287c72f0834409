#!/usr/bin/env bash
# The Python package as a user gets it: a wheel that carries the C library, in a fresh virtual environment without
# the toolchain on PATH, against the reference of the digits model.
#
#   Tests/python.sh     needs Debian's venv and PyPI; LIMEQUAT_SDK=PREFIX reuses a library that is built
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "python: $*" >&2; exit 1; }

examples/install-packages.sh python3 python3-venv >&2 || exit 1
sdk=${LIMEQUAT_SDK:-$root/.sdk}
[ -e "$sdk/lib/liblimequat.so.0" ] || examples/build-sdk.sh "$sdk" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --product limequat >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$limequat" convert examples/digits/checkpoint -o "$work/digits.lmq" >/dev/null || fail "no model"

/usr/bin/python3 -m venv "$work/venv" || fail "no virtual environment"
python=$work/venv/bin/python
pip=("$python" -m pip --quiet --disable-pip-version-check)
LIMEQUAT_SDK=$sdk "${pip[@]}" wheel --no-deps -w "$work" examples/python || fail "no wheel"
"${pip[@]}" install "$work"/limequat-*-py3-none-linux_*.whl numpy pillow || fail "the wheel cannot be installed"

# Away from the sources and the toolchain: what is imported is the wheel.
cd "$work" || exit 1
env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$python" "$root/Tests/Python/test_limequat.py" "$work/digits.lmq" \
  "$root/examples/digits"
