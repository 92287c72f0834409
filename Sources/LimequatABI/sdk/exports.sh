#!/bin/sh
# exports.sh: the names of all functions that limequat.h declares, one a line.
set -eu
header=$(dirname "$0")/../../CLimequat/include/limequat.h
sed -e 's|/\*.*\*/||' -e '/\/\*/,/\*\//d' "$header" | grep -o 'lmq_[a-z_]*(' | tr -d '(' | LC_ALL=C sort -u
