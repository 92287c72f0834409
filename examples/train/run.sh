#!/bin/sh
# Trains with and without the entropy losses, writes examples/digits anew, checks it, prints the table.
#
#     ./run.sh [DIGITS]
#
# The virtual environment and the second checkpoint go to $WORK, outside the repository.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
digits=${1:-$here/../digits}
mkdir -p "$digits/checkpoint"
digits=$(CDPATH='' cd -- "$digits" && pwd)
work=${WORK:-${TMPDIR:-/tmp}/limequat-train}
python=$work/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1

if [ ! -x "$python" ]; then
    python3 -m venv "$work/venv"
    "$python" -m pip install --quiet -r "$here/requirements.txt"
fi
cd "$here"

# One thread each: a fixed number of threads keeps sums in one order, and so runs alike.
"$python" train.py "$work/without" --no-entropy-losses >"$work/without.log" &
without=$!
"$python" train.py "$work/with"
wait "$without"

for file in config.json digits.model model.safetensors; do
    cp "$work/with/$file" "$digits/checkpoint/$file"
done
chmod 644 "$digits"/checkpoint/*
"$python" reference.py "$digits"
"$python" check_numpy.py "$digits"
"$python" compare.py "$work/with" "$work/without"
