#!/bin/sh
# Compiles examples/standalone-reader with the C compiler alone and runs it over formats/vectors: it must print the
# expected dump of each valid file and refuse each invalid one by the rule of its name.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
${CC:-cc} -std=c99 ${CFLAGS:--O1} -Wall -Wextra -Werror -o "$work/lmq-dump" "$root"/examples/standalone-reader/*.c || exit 2
faults=0
fault() { echo "standalone-reader: $1" >&2; faults=$((faults + 1)); }
count=0
for file in "$root"/formats/vectors/valid/*.lmq; do
  count=$((count + 1))
  "$work/lmq-dump" "$file" > "$work/dump" || fault "refuses $file"
  cmp -s "$work/dump" "${file%.lmq}.txt" || fault "reads $file in another way"
done
for file in "$root"/formats/vectors/invalid/C*.lmq; do
  count=$((count + 1))
  name=$(basename "$file")
  "$work/lmq-dump" "$file" > /dev/null 2> "$work/refusal"
  [ $? -eq 1 ] || fault "does not refuse $name"
  rule=$(sed -n '1s/: .*//p' "$work/refusal" | tr ' ' '-')
  [ "$rule" = "${name%%.*}" ] || fault "refuses $name with $(head -1 "$work/refusal")"
done
echo "standalone-reader: $count files, $faults faults"
[ $faults -eq 0 ] && [ $count -gt 100 ]
