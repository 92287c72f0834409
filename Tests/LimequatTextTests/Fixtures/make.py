"""Trains small SentencePiece models, writes their tables, and what SentencePiece gives for some texts.

Needs sentencepiece 0.2.3. Run in this folder. For every model NAME: NAME/{pieces,offsets,scores,types,
map}.bin as formats/limequat.proto has them, and NAME/ids.bin: for every text of texts.bin an i32 count and
the ids. texts.bin: for every text an i32 count and the bytes. long.bin is like texts.bin; each of its texts
is repeated REPEATS times, and NAME/long.bin has an i32 count and a u32 CRC-32C of the ids' bytes for it.
Which options a model has is in Models.swift.
"""
import io
import os
import random
import struct
import sys
import tempfile

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

SENTENCES = """The quick brown fox jumps over the lazy dog, and nobody minds at all.
A photo of a small white dog playing with a red ball on the beach.
Two people riding bicycles along a river in the early morning light.
Sparse mixture of experts models route every token to a few experts only.
It's a truth universally acknowledged; isn't it? "Yes," she said, "of course it is!"
In 1912 the ship carried 2,224 people, 14.5 % of them children under 12 years.
Die Katze schläft auf dem großen Stuhl neben der Tür, während es draußen regnet.
Le garçon a mangé une pomme à l'école, puis il est rentré chez lui très fatigué.
El niño corrió por la montaña hasta que encontró un río lleno de peces pequeños.
Быстрая коричневая лиса прыгает через ленивую собаку и бежит дальше в лес.
Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί κάθε πρωί.
素早い茶色の狐がのろまな犬を飛び越えて、森の中へ走って行きました。
我们在公园里看到一只白色的小狗，它正在和孩子们一起玩红色的球。
오늘 아침에 우리는 공원에서 작은 하얀 강아지를 보았습니다.
الثعلب البني السريع يقفز فوق الكلب الكسول كل صباح في الغابة.
एक छोटा सफेद कुत्ता समुद्र तट पर लाल गेंद के साथ खेल रहा है।
def encode(self, text: str) -> list[int]: return [self.table[c] for c in text]
for (int i = 0; i < n; ++i) { sum += x[i] * w[i]; } // dot product
https://example.org/path/to/file.html?query=value&other=1#fragment
""".splitlines()

REPEATS = 300
RULES = """41\t61
42\t62
C4\t61 65
DF\t73 73
66 69\t46 49 21
20 20\t20
3000\t20
2E 2E 2E\t2026
7F\t
A0\t20 20
1F600\t3A 29
"""


def sentences():
    random.seed(1)
    words = [word for line in SENTENCES for word in line.split()]
    for _ in range(60):
        yield from SENTENCES
        yield " ".join(random.choice(words) for _ in range(12))


def train(**more):
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=sentences(), model_writer=model, model_type="unigram", minloglevel=2,
        num_threads=1, hard_vocab_limit=False, **more)
    proto = pb.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto


def models():
    yield "plain", train(vocab_size=700)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write(RULES)
        rules.flush()
        custom = train(
            vocab_size=900, byte_fallback=True, normalization_rule_tsv=rules.name, user_defined_symbols=[
                "<sep>", "<se", "ing", "ß", "▁the▁", "dog playing", "A", "  ", "日本", "é"],
            control_symbols=["<ctrl>", "fox"])
    yield "custom", custom
    yield "suffix", train(
        vocab_size=500, normalization_rule_name="identity", treat_whitespace_as_suffix=True,
        unk_id=3, bos_id=-1, eos_id=0, pad_id=1)
    spaces = train(
        vocab_size=600, normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=False, split_by_whitespace=False, user_defined_symbols=["▁▁▁", "</s2>"])
    # Some normal pieces become unused, as users of the library do by hand.
    normal = [piece for piece in spaces.pieces if piece.type == 1]
    for piece in normal[5:200:7]:
        piece.type = 5
    # Equal scores make ties.
    for piece in normal[200:]:
        piece.score = -8.0
    yield "spaces", spaces
    bare = pb.ModelProto()
    bare.CopyFrom(spaces)
    bare.normalizer_spec.escape_whitespaces = False
    bare.normalizer_spec.remove_extra_whitespaces = True
    bare.normalizer_spec.add_dummy_prefix = True
    for piece in bare.pieces:
        piece.piece = piece.piece.replace("▁", " ")
    yield "bare", bare


def texts(random):
    base = [line.encode() for line in SENTENCES]
    base += [
        b"", b" ", b"   ", b"\t\n\r ", b"a", b"A", "▁".encode(), "▁▁a▁".encode(), b"</s>", b"<s> x </s> <unk>",
        b"<ctrl> fox fox", b"<0x41><0x00>", b"<sep><se<sep", b"singing the king", "the ▁the▁ the".encode(),
        b"dog playing dog  playing", b"  leading", b"trailing  ", b"in   between\t\ttabs", b"...", b".....",
        "ﬁnd oﬃce ﬀ".encode(), "Ｆｕｌｌ　ｗｉｄｔｈ １２３".encode(), "ｶﾞｷﾞｸﾞ".encode(), "e\u0301 a\u0308 n\u0303".encode(),
        "\u1100\u1161\u11a8 \uac01".encode(), "ﷺ ﷽".encode(), "½ ² ³ Ⅷ ™ ℃ …".encode(), "👍🏽 👨‍👩‍👧‍👦 😀🇩🇪".encode(),
        "\u200b\u200dzero\ufeffwidth\u00ad".encode(), bytes(range(32)), b"\x7f\x80\x81", "\u0085\u2028\u2029\u00a0x".encode(),
        b"\xff\xfe\xfd", b"abc\xc3", b"\xc3\x28", b"\xe2\x82", b"\xe2\x96\x81\xe2\x96", b"\xf0\x9f\x98", b"\xed\xa0\x80",
        b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", "\ufffd \uffff \U0010ffff".encode(), b"a\x00b", b"\x00",
        "ß ẞ straße STRASSE Äpfel".encode(), "日本語 日本".encode(), "écoleé".encode(),
        b"x" * 5000, b"the " * 1500, "日".encode() * 2000, b"\xff" * 1000, b" " * 4000, "ﷺ".encode() * 500,
        (" ".join(SENTENCES) * 2).encode(),
    ]
    yield from base
    alphabet = [c for line in SENTENCES for c in line] + list("▁▁   \t\u3000\u00a0\u0301\u200d😀ﬁＡ１")
    pieces = [b"</s>", b"<sep>", b"<se", b"  ", "▁the▁".encode(), b"ing", b"...", b"\xc3", b"\xe2\x96", "日本".encode()]
    words = [word.encode() for line in SENTENCES for word in line.split()]
    while True:
        kind = random.randrange(6)
        if kind == 0:
            yield "".join(random.choice(alphabet) for _ in range(random.randrange(1, 40))).encode()
        elif kind == 1:
            yield b" ".join(random.choice(words) for _ in range(random.randrange(1, 12)))
        elif kind == 2:
            yield b"".join(
                random.choice((random.choice(alphabet).encode(), random.choice(pieces), random.choice(words)))
                for _ in range(random.randrange(1, 20)))
        elif kind == 3:
            yield bytes(random.randrange(256) for _ in range(random.randrange(1, 20)))
        elif kind == 4:
            point = [0x80, 0x800, 0x3000, 0x10000, 0x20000][random.randrange(5)]
            yield "".join(
                chr(c) for c in (random.randrange(point) for _ in range(random.randrange(1, 24)))
                if not 0xD800 <= c < 0xE000).encode()
        else:
            text = bytearray(random.choice(base))[:200]
            for _ in range(random.randrange(4)):
                if text:
                    text[random.randrange(len(text))] = random.randrange(256)
            yield bytes(text)


def write_tables(proto, name):
    os.makedirs(name, exist_ok=True)
    pieces = [piece.piece.encode() for piece in proto.pieces]
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    tables = dict(
        pieces=b"".join(pieces), offsets=struct.pack(f"<{len(offsets)}i", *offsets),
        scores=struct.pack(f"<{len(pieces)}f", *(piece.score for piece in proto.pieces)),
        types=bytes(piece.type for piece in proto.pieces), map=proto.normalizer_spec.precompiled_charsmap)
    for table, data in tables.items():
        open(f"{name}/{table}.bin", "wb").write(data)


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def packed(ids):
    return struct.pack(f"<{1 + len(ids)}i", len(ids), *ids)


def main(count):
    source = texts(random.Random(7))
    chosen = [next(source) for _ in range(count)]
    # Scores near -10^6, where f32 would no longer tell paths apart if they were not brought back to zero.
    long = [("\u4e01" * 200 + line).encode() for line in SENTENCES]
    for name, some in (("texts.bin", chosen), ("long.bin", long)):
        with open(name, "wb") as file:
            for text in some:
                file.write(struct.pack("<i", len(text)) + text)
    for name, proto in models():
        write_tables(proto, name)
        processor = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
        with open(f"{name}/ids.bin", "wb") as file:
            for text in chosen:
                file.write(packed(processor.encode(text)))
        with open(f"{name}/long.bin", "wb") as file:
            for text in long:
                ids = processor.encode(text * REPEATS)
                file.write(struct.pack("<iI", len(ids), crc32c(packed(ids)[4:])))
        spec, trainer = proto.normalizer_spec, proto.trainer_spec
        print(
            name, len(proto.pieces), "pieces, unk", [p.type for p in proto.pieces].index(2),
            "prefix", spec.add_dummy_prefix, "extra", spec.remove_extra_whitespaces, "escape",
            spec.escape_whitespaces, "suffix", trainer.treat_whitespace_as_suffix, "bytes", trainer.byte_fallback)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
