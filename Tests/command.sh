#!/usr/bin/env bash
# The command line as a user meets it: fixtures through convert, verify and run against their reference outputs;
# the digits model from files to labels; and what a careless user does, with the exit code that it must give.
set -uo pipefail
cd "$(dirname "$0")/.."

limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
passed=0 failed=0

# check WHAT CODE COMMAND...: the command must exit with CODE. Its output stays in $work/out and $work/err.
check() {
  local what=$1 want=$2 got
  shift 2
  "$@" >"$work/out" 2>"$work/err" </dev/null
  got=$?
  if [ "$got" -eq "$want" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $what: exit code $got, expected $want: $*" | cut -c1-400
    head -c 600 "$work/out" "$work/err"
  fi
}
# says WHAT TEXT: the last command said TEXT on standard error, in one line and without a trace of a crash.
says() {
  if grep -qF -- "$2" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $1: expected one line with '$2', got: $(head -c 600 "$work/err")"
  fi
}
# begins WHAT TEXT: the first line that the last command said on standard error is TEXT.
begins() {
  if [ "$(head -n 1 "$work/err")" = "$2" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $1: expected the first line '$2', got: $(head -c 600 "$work/err")"
  fi
}
# refused WHAT TEXT COMMAND...: exit code 1, one line with TEXT.
refused() {
  local what=$1 text=$2
  shift 2
  check "$what" 1 "$@"
  says "$what" "$text"
}
compare() { check "$1" 0 python3 Tests/Command/compare_npy.py "$2" "$3" "$4"; }

# --- fixtures -------------------------------------------------------------------------------------------------
for folder in Tests/Fixtures/checkpoints/*/; do
  name=$(basename "$folder")
  model=$work/$name.lmq
  check "$name converts" 0 "$limequat" convert "$folder" -o "$model"
  check "$name verifies" 0 "$limequat" verify "$model"
  bound=2e-5 logits=2e-5
  if grep -Eq '"bfloat16_dispatch": *true' "$folder/config.json"; then bound=1e-4 logits=1e-3; fi
  if [ -e "$folder/logits.npy" ]; then
    check "$name logits" 0 "$limequat" run "$model" --signature logits --input "image=$folder/images.npy" \
      --output "logits=$work/logits.npy"
    compare "$name logits" "$work/logits.npy" "$folder/logits.npy" $logits
  fi
  if [ -e "$folder/image_embedding.npy" ]; then
    check "$name image" 0 "$limequat" run "$model" --signature image --input "image=$folder/images.npy" \
      --output "embedding=$work/image.npy"
    compare "$name image" "$work/image.npy" "$folder/image_embedding.npy" $bound
  fi
  if [ -e "$folder/text_embedding.npy" ]; then
    check "$name text" 0 "$limequat" run "$model" --signature text --input "token_ids=$folder/token_ids.npy" \
      --output "embedding=$work/text.npy"
    compare "$name text" "$work/text.npy" "$folder/text_embedding.npy" $bound
  fi
done

# --- digits ---------------------------------------------------------------------------------------------------
digits=examples/digits
model=$work/digits.lmq
labels=zero,one,two,three,four,five,six,seven,eight,nine
check "digits converts" 0 "$limequat" convert $digits/checkpoint -o "$model"
check "the same input gives the same bytes" 0 "$limequat" convert $digits/checkpoint -o "$work/again.lmq"
check "the same input gives the same bytes" 0 cmp "$model" "$work/again.lmq"
images=() texts=()
for image in $digits/test/*.png; do images+=(--image "$image"); done
while IFS= read -r line || [ -n "$line" ]; do texts+=(--text "$line"); done <$digits/reference/texts.txt
check "digits images" 0 "$limequat" embed "$model" "${images[@]}" --npy "$work/images.npy"
compare "digits images" "$work/images.npy" $digits/reference/image_embedding.npy 2e-5
check "digits texts" 0 "$limequat" embed "$model" "${texts[@]}" --npy "$work/texts.npy"
compare "digits texts" "$work/texts.npy" $digits/reference/text_embedding.npy 2e-5
check "one thread" 0 "$limequat" embed "$model" "${images[@]}" --threads 1 --npy "$work/one.npy"
check "one thread gives the same bits" 0 cmp "$work/images.npy" "$work/one.npy"
for kernels in generic avx2 avx512 neon; do
  LIMEQUAT_KERNELS=$kernels "$limequat" embed "$model" "${images[@]}" --npy "$work/k.npy" 2>/dev/null || continue
  check "kernels $kernels give the same bits" 0 cmp "$work/images.npy" "$work/k.npy"
done
check "digits classify" 0 "$limequat" classify "$model" --labels $labels --template "a photo of the digit {}" \
  $digits/test/*.png
accuracy=$(awk -F'\t' 'NR == FNR { truth[$1] = $2; next } { sub(/.*\//, "", $1); n++; ok += truth[$1] == $2 }
  END { print (n == 360 && ok / n >= 0.95) ? "good" : "bad " ok " of " n }' $digits/test/labels.tsv "$work/out")
check "digits accuracy is at least 95 %: $accuracy" 0 [ "$accuracy" = good ]

# --- README ---------------------------------------------------------------------------------------------------
mkdir "$work/readme"
ln -s "$PWD/examples" "$work/readme/examples"
awk '/^## / { here = $0 == "## From the shell" } /^```$/ { inside = 0 } inside; /^```sh$/ { inside = here }' README.md \
  >"$work/readme/commands"
check "README's commands" 0 env PATH="$(dirname "$limequat"):$PATH" bash -euc 'cd "$1" && . ./commands' - "$work/readme"
mv "$work/out" "$work/readme/answers"
check "README's commands label the image" 0 grep -q "^examples/digits/test/0005-label0.png"$'\tzero\t' \
  "$work/readme/answers"

# --- quantising and measuring ---------------------------------------------------------------------------------
check "quantize" 0 "$limequat" quantize "$model" -o "$work/int8.lmq" --report "$work/report.json"
check "the report is JSON" 0 python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/report.json"
check "the int8 model verifies" 0 "$limequat" verify "$work/int8.lmq"
check "bench" 0 "$limequat" bench "$model" --signature image --batch 2 --seconds 0 --json
cp "$work/out" "$work/bench.json"
check "bench has its fields" 0 python3 -c 'import json, sys
fields = "kernels signature batch threads median_ms p90_ms items_per_second open_ms first_ms peak_rss_bytes bytes_read arena_bytes"
report = json.load(open(sys.argv[1]))
sys.exit(any(field not in report for field in fields.split()))' "$work/bench.json"

check "routing within a budget" 0 "$limequat" routing "$model" --text seven --memory-budget 1MiB
cp "$work/out" "$work/reading.txt"
check "says what was read" 0 grep -qE "^experts: 0 hits, [1-9][0-9]* misses, .* read, .* held$" "$work/reading.txt"
check "routing within a budget, as JSON" 0 "$limequat" routing "$model" --text seven --memory-budget 1MiB --json
cp "$work/out" "$work/reading.json"
check "says it, too" 0 python3 -c 'import json, sys
reading = json.load(open(sys.argv[1]))["reading"]
sys.exit(not (reading["misses"] > 0 and 0 < reading["peak_expert_bytes"] <= 1 << 20))' "$work/reading.json"

# --- careless users -------------------------------------------------------------------------------------------
image=$(printf '%s\n' $digits/test/*.png | head -n 1)
check "--version" 0 "$limequat" --version
check "--help" 0 "$limequat" --help
for command in convert quantize inspect verify run embed classify routing bench synth; do
  check "$command --help" 0 "$limequat" "$command" --help
done
check "no such command" 2 "$limequat" transmogrify
check "no such option" 2 "$limequat" inspect --colour "$model"
check "no arguments" 2 "$limequat" convert
refused "no such file" "No such file" "$limequat" inspect "$work/none.lmq"
refused "a folder is no model" "not a regular file" "$limequat" inspect "$work"
: >"$work/empty.lmq"
refused "an empty file" "C01" "$limequat" inspect "$work/empty.lmq"
refused "a foreign file" "C02" "$limequat" verify README.md
head -c 5000 "$model" >"$work/short.lmq"
refused "a truncated file" "$work/short.lmq" "$limequat" embed "$work/short.lmq" --text seven
python3 - "$model" "$work/flipped.lmq" <<'P'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[5000] ^= 1
open(sys.argv[2], "wb").write(data)
P
refused "a flipped bit" "$work/flipped.lmq" "$limequat" verify "$work/flipped.lmq"
refused "no such checkpoint" "there is no such file or folder" "$limequat" convert "$work/none" -o "$work/x.lmq"
mkdir "$work/foreign"; echo '{"architectures": ["BertModel"]}' >"$work/foreign/config.json"
refused "an unknown family" "limoe" "$limequat" convert "$work/foreign" -o "$work/x.lmq"
check "nothing is left of it" 1 test -e "$work/x.lmq"
check "a folder that is not there" 3 "$limequat" convert $digits/checkpoint -o "$work/none/x.lmq"
check "the target is a folder" 3 "$limequat" convert $digits/checkpoint -o "$work"
check "dry run" 0 "$limequat" convert $digits/checkpoint -o "$work/dry.lmq" --dry-run
check "dry run writes nothing" 1 test -e "$work/dry.lmq"
refused "no image" "neither a PNG nor a JPEG" "$limequat" embed "$model" --image README.md
head -c 100 "$image" >"$work/cut.png"
refused "a cut image" "$work/cut.png" "$limequat" embed "$model" --image "$work/cut.png"
refused "no such image" "No such file" "$limequat" embed "$model" --image "$work/none.png"
check "nothing to embed" 2 "$limequat" embed "$model"
check "a text may begin with a dash" 0 "$limequat" embed "$model" --text "-5 degrees" --text "--help"
check "an empty text" 0 "$limequat" embed "$model" --text ""
check "text that is no UTF-8" 0 "$limequat" embed "$model" --text $'\xff\xfe'
check "a bad budget" 2 "$limequat" embed "$model" --text a --memory-budget 1parsec
check "a bad number of threads" 2 "$limequat" embed "$model" --text a --threads -1
check "no labels" 2 "$limequat" classify "$model" "$image"
refused "a template without a place" "{}" "$limequat" classify "$model" --labels a,b --template photo "$image"
small=$work/limoe-small.lmq fixture=Tests/Fixtures/checkpoints/limoe-small
refused "no tokenizer" "tokenizer" "$limequat" embed "$small" --text seven
refused "no preprocessing" "preprocessing" "$limequat" embed "$small" --image "$image"
refused "no such signature" "image" "$limequat" run "$small" --signature picture --input "image=$fixture/images.npy" \
  --output "embedding=$work/e.npy"
refused "no such input" "pixels" "$limequat" run "$small" --signature image --input "pixels=$fixture/images.npy" \
  --output "embedding=$work/e.npy"
refused "no such output" "vector" "$limequat" run "$small" --signature image --input "image=$fixture/images.npy" \
  --output "vector=$work/e.npy"
refused "another shape" "[" "$limequat" run "$small" --signature image --input "image=$fixture/scores.npy" \
  --output "embedding=$work/e.npy"
refused "another type" "i32" "$limequat" run "$small" --signature image --input "image=$fixture/token_ids.npy" \
  --output "embedding=$work/e.npy"
refused "no array" "not a .npy file" "$limequat" run "$small" --signature image --input image=README.md \
  --output "embedding=$work/e.npy"
refused "a folder with something in it" "empty folder" "$limequat" synth limoe-s32 -o $digits/checkpoint
check "no such shapes" 2 "$limequat" synth limoe-x1 -o "$work/x1"
# An option that is unknown is named before the ones that are missing because of it.
names_option() {
  check "an unknown option" 2 "$limequat" "${@:2}"
  begins "an unknown option" "Error: Unknown option '$1'"
}
names_option --unknown embed --unknown
names_option --picture embed "$model" --picture "$image"
names_option --lables classify "$model" --lables a,b "$image"
names_option --thread routing "$model" --thread=2
names_option -x convert -x "$digits/checkpoint"
check "a negative batch" 2 "$limequat" bench "$model" --batch -1
begins "a negative batch" "Error: --batch takes a number from 1 to 65536"
refused "an empty path" "'': cannot open" "$limequat" inspect ""

# What is there is not written over: inputs, devices, pipes. A link stays one.
cp -R $digits/checkpoint "$work/mine"
cp "$model" "$work/mine.lmq"
cp "$image" "$work/mine.png"
for file in config.json digits.model model.safetensors; do
  refused "a checkpoint's file as output" "the output is an input" "$limequat" convert "$work/mine" -o "$work/mine/$file"
done
check "the checkpoint is as it was" 0 diff -r $digits/checkpoint "$work/mine"
check "a model beside its checkpoint" 0 "$limequat" convert "$work/mine" -o "$work/mine/mine.lmq"
check "a model beside its checkpoint, again" 0 "$limequat" convert "$work/mine" -o "$work/mine/mine.lmq"
truncate -s -100 "$work/mine/mine.lmq"
echo '{}' >"$work/mine/note.json"
refused "a small file of a checkpoint as output" "the output is an input" "$limequat" convert "$work/mine" \
  -o "$work/mine/note.json"
rm "$work/mine/note.json"
check "a damaged model beside its checkpoint" 0 "$limequat" convert "$work/mine" -o "$work/mine/mine.lmq"
refused "a model onto itself" "the output is an input" "$limequat" quantize "$work/mine.lmq" -o "$work/mine.lmq"
refused "a report onto the model" "the output is an input" "$limequat" quantize "$work/mine.lmq" -o "$work/q.lmq" \
  --report "$work/./mine.lmq"
refused "a report onto the output" "two outputs" "$limequat" quantize "$work/mine.lmq" -o "$work/q.lmq" \
  --report "$work/q.lmq"
refused "vectors onto the model" "the output is an input" "$limequat" embed "$work/mine.lmq" --text a --npy "$work/mine.lmq"
refused "vectors onto an image" "the output is an input" "$limequat" embed "$work/mine.lmq" --image "$work/mine.png" \
  --npy "$work/mine.png"
refused "two outputs in one file" "two outputs" "$limequat" run "$small" --signature image \
  --input "image=$fixture/images.npy" --output "embedding=$work/e.npy" --output "embedding=$work/e.npy"
cp -R $digits/checkpoint "$work/misnamed"
mv "$work/misnamed/digits.model" "$work/misnamed/tokens.lmq"
sed -i 's/digits\.model/tokens.lmq/' "$work/misnamed/config.json"
refused "a tokenizer with a model's name as output" "the output is an input" "$limequat" convert "$work/misnamed" \
  -o "$work/misnamed/tokens.lmq"
check "the model is as it was" 0 cmp "$model" "$work/mine.lmq"
check "the image is as it was" 0 cmp "$image" "$work/mine.png"
check "a report that cannot be written" 3 "$limequat" quantize "$model" -o "$work/q.lmq" --report "$work/none/r.json"
check "is refused before the work" 1 test -e "$work/q.lmq"
mkfifo "$work/pipe"
check "a pipe as output" 3 "$limequat" convert $digits/checkpoint -o "$work/pipe"
says "a pipe as output" "$work/pipe: not a regular file"
check "the pipe is as it was" 0 test -p "$work/pipe"
ln -s mine.lmq "$work/link.lmq"
check "a link as output" 0 "$limequat" convert $digits/checkpoint --dtype f16 -o "$work/link.lmq"
check "the link is as it was" 0 test -L "$work/link.lmq"
check "what it leads to is new" 1 cmp -s "$model" "$work/mine.lmq"

# Interrupted while writing: nothing is left, and the exit code is that of the signal.
mkdir "$work/stopped"
cat >"$work/stop.py" <<'P'
import glob, os, signal, subprocess, sys, time
number = getattr(signal, "SIG" + sys.argv[1])
process = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
while not glob.glob(sys.argv[-1] + ".*") and process.poll() is None:
    time.sleep(0.01)
process.send_signal(number)
sys.exit(process.wait() != -number)
P
for signal in INT TERM HUP; do
  check "interrupted by SIG$signal" 0 python3 "$work/stop.py" "$signal" "$limequat" synth limoe-b16 -o "$work/stopped/b16"
  check "SIG$signal leaves nothing" 0 [ -z "$(ls -A "$work/stopped")" ]
done
check "ended by SIGQUIT" 0 timeout 60 python3 "$work/stop.py" QUIT "$limequat" synth limoe-b16 -o "$work/stopped/b16"
rm -rf "$work/stopped"
install -m 600 "$model" "$work/private.lmq"
check "replacing a private file" 0 "$limequat" quantize "$model" -o "$work/private.lmq"
check "a private file stays private" 0 [ "$(stat -c %a "$work/private.lmq")" = 600 ]
if [ "$(id -u)" -eq 0 ] && cp "$limequat" "$work/limequat" && chmod 755 "$work" "$work/limequat"; then
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$work/limequat")
  cp "$model" "$work/secret.lmq"
  mkdir -m 777 "$work/public"
  chmod 000 "$work/mine" "$work/secret.lmq"
  refused "a folder that may not be read" "Permission denied" "${nobody[@]}" convert "$work/mine" -o "$work/x.lmq"
  refused "a model that may not be read" "$work/secret.lmq: cannot open: Permission denied" "${nobody[@]}" verify "$work/secret.lmq"
  check "no thread but its own" 0 timeout -k 1 60 setpriv --reuid=65534 --regid=65534 --clear-groups \
    prlimit --nproc=1 "$work/limequat" quantize "$model" -o "$work/public/one.lmq"
  "$limequat" quantize "$model" -o "$work/two.lmq" >/dev/null
  check "no thread but its own: the same bytes" 0 cmp "$work/public/one.lmq" "$work/two.lmq"
  check "a folder that may not be written" 3 "${nobody[@]}" convert $digits/checkpoint -o "$work/x.lmq"
  says "a folder that may not be written" "$work/x.lmq: cannot open: Permission denied"
  chmod 755 "$work/mine"
fi
truncate -s 1G "$work/zeros"
refused "a gigabyte of zeros" "C02" "$limequat" verify "$work/zeros"
refused "a gigabyte of zeros as image" "neither a PNG nor a JPEG" "$limequat" embed "$model" --image "$work/zeros"
refused "a gigabyte of zeros as array" "not a .npy file" "$limequat" run "$small" --signature image \
  --input "image=$work/zeros" --output "embedding=$work/e.npy"
cp -R $digits/checkpoint "$work/zero"
truncate -s 1G "$work/zero/config.json"
refused "a gigabyte of configuration" "1048576" "$limequat" convert "$work/zero" -o "$work/x.lmq"

LIMEQUAT_KERNELS=abacus refused "no such kernels" "generic" "$limequat" embed "$model" --text a
check "results to a closed pipe end quietly" 0 bash -c \
  "set -o pipefail; '$limequat' embed '$model' --text a | head -c 1 >/dev/null; [ \${PIPESTATUS[0]} -ne 134 ]"
check "a report is written before a table that nobody reads" 3 bash -c \
  "'$limequat' quantize '$model' -o '$work/full.lmq' --report '$work/full.json' >/dev/full"
check "a report is written" 0 python3 -m json.tool "$work/full.json" /dev/null
check "a checkpoint with hardly a descriptor" 0 prlimit --nofile=4 "$limequat" synth limoe-s32 -o "$work/few"
rm -rf "$work/few"
check "no descriptors left" 3 prlimit --nofile=4 "$limequat" verify "$model"
says "no descriptors left" "Too many open files"
check "a full disk" 3 bash -c "'$limequat' embed '$model' --text a >/dev/full"
if [ "$(id -u)" -eq 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=256k tmpfs "$work/full" 2>/dev/null; then
  check "a full disk while converting" 3 "$limequat" convert $digits/checkpoint -o "$work/full/digits.lmq"
  check "nothing is left on it" 0 [ -z "$(ls -A "$work/full")" ]
  cp "$work/limoe-capacity.lmq" "$work/full/x.lmq" 2>/dev/null || : >"$work/full/x.lmq"
  before=$(cksum <"$work/full/x.lmq")
  check "a full disk leaves the target" 3 "$limequat" convert $digits/checkpoint -o "$work/full/x.lmq"
  check "a full disk leaves the target as it was" 0 [ "$(cksum <"$work/full/x.lmq")" = "$before" ]
  rm "$work/full"/*
  check "a full disk while making a checkpoint" 3 "$limequat" synth limoe-s32 -o "$work/full/s32"
  check "no part of the folder is left on it" 0 [ -z "$(ls -A "$work/full")" ]
  umount "$work/full"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
