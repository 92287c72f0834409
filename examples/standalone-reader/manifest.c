/* Sections 1 to 3 of container.md: the header, and the manifest as protobuf lays it out. */
#include "lmq.h"

#include <stdlib.h>
#include <string.h>

uint32_t crc32c(const uint8_t *bytes, size_t size) {
  static uint32_t table[256];
  if (table[1] == 0)
    for (uint32_t i = 0; i < 256; i++) {
      table[i] = i;
      for (int bit = 0; bit < 8; bit++) table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0x82F63B78u : 0);
    }
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 255];
  return ~crc;
}

static uint64_t little(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = bytes; i-- > 0;) value = value << 8 | at[i];
  return value;
}

/* --- section 2 --- */

void read_header(struct file *file) {
  const uint8_t *h = file->bytes;
  if (file->size < 64) refuse("C01 header size", "the file has %llu bytes", (unsigned long long)file->size);
  if (memcmp(h, "\x89LMQ\r\n\x1a\n", 8) != 0) refuse("C02 magic", "no .lmq file");
  if (crc32c(h, 60) != little(h + 60, 4)) refuse("C03 header checksum", "the header is damaged");
  file->major = (uint16_t)little(h + 8, 2);
  file->minor = (uint16_t)little(h + 10, 2);
  if (file->major != 1) refuse("C04 major version", "%d", file->major);
  for (int i = 12; i < 60; i++)
    if ((i < 16 || i >= 44) && h[i] != 0) refuse("C05 reserved bytes", "byte %d is not zero", i);
  if (little(h + 16, 8) != file->size) refuse("C06 file size", "the header says another size");
  file->manifest_offset = little(h + 24, 8);
  file->manifest_size = little(h + 32, 8);
  file->manifest_crc = (uint32_t)little(h + 40, 4);
  if (file->manifest_offset % 64 != 0 || file->manifest_offset < 64 || file->manifest_offset > file->size ||
      file->manifest_size > 64 << 20 || file->manifest_size > file->size - file->manifest_offset)
    refuse("C07 manifest place", "offset or size is wrong");
  if (crc32c(h + file->manifest_offset, file->manifest_size) != file->manifest_crc)
    refuse("C08 manifest checksum", "the manifest is damaged");
}

/* --- section 3: the wire --- */

static void malformed(const char *what) { refuse("C09 manifest wire form", "%s", what); }

struct field {
  uint32_t number;
  int wire;         /* 0 varint, 1 eight bytes, 2 length and data, 5 four bytes */
  uint64_t value;   /* of 0, 1 and 5 */
  struct text data; /* of 2 */
};

static uint64_t varint(struct text *rest, int most) {
  uint64_t value = 0;
  for (int i = 0; i < most; i++) {
    if (rest->size == 0) malformed("a number runs past the end");
    uint8_t byte = *rest->at++;
    rest->size--;
    value |= (uint64_t)(byte & 127) << (7 * i); /* at most 63; what is above the 64th bit falls off */
    if (byte < 128) return value;
  }
  malformed("a number is too long");
  return 0;
}

/* Takes the next field of a message; 0 at its end. */
static int next(struct text *rest, struct field *field) {
  if (rest->size == 0) return 0;
  uint64_t tag = varint(rest, 5), size = 0;
  if (tag >> 3 == 0 || tag >> 3 >= 1u << 29) malformed("a field number is out of range");
  field->number = (uint32_t)(tag >> 3);
  field->wire = tag & 7;
  switch (field->wire) {
  case 0: field->value = varint(rest, 10); return 1;
  case 1: size = 8; break;
  case 2: size = varint(rest, 10); break;
  case 5: size = 4; break;
  default: malformed("a wire type is unknown");
  }
  if (size > rest->size) malformed("a field runs past the end");
  field->data.at = rest->at;
  field->data.size = (size_t)size;
  if (field->wire != 2) field->value = little(rest->at, (int)size);
  rest->at += size;
  rest->size -= size;
  return 1;
}

/* The field has this wire type and, unless it is repeated (seen is NULL), stands for the first time. */
static void expect(const struct field *field, int wire, uint32_t *seen) {
  if (field->wire != wire) malformed("a field has the wrong wire type");
  if (seen == NULL) return;
  if (*seen >> field->number & 1) malformed("a field stands twice");
  *seen |= 1u << field->number;
}

static struct text string(const struct field *field, uint32_t *seen) {
  expect(field, 2, seen);
  const uint8_t *p = field->data.at;
  size_t left = field->data.size;
  while (left > 0) {
    uint32_t c = p[0];
    size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4;
    if (c == 0 || more == 4 || more >= left) malformed("a string is not UTF-8 or has a zero byte");
    c &= more == 0 ? 0x7F : 0x3Fu >> more;
    for (size_t i = 1; i <= more; i++) {
      if (p[i] >> 6 != 2) malformed("a string is not UTF-8");
      c = c << 6 | (p[i] & 63);
    }
    if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10FFFF)) || (c >= 0xD800 && c < 0xE000))
      malformed("a string is not UTF-8");
    p += 1 + more;
    left -= 1 + more;
  }
  return field->data;
}

static uint64_t number(const struct field *field, uint32_t *seen) {
  expect(field, 0, seen);
  return field->value;
}

static uint32_t number32(const struct field *field, uint32_t *seen) { return (uint32_t)number(field, seen); }

static uint32_t fixed32(const struct field *field, uint32_t *seen) {
  expect(field, 5, seen);
  return (uint32_t)field->value;
}

static float bits(uint32_t value) {
  float real;
  memcpy(&real, &value, 4);
  return real;
}

/* A value of a repeated float: packed or not. */
static void reals(const struct field *field, float *values, size_t *count) {
  struct text data = field->data;
  if (field->wire == 5) {
    if (*count < 3) values[*count] = bits((uint32_t)field->value);
    (*count)++;
    return;
  }
  expect(field, 2, NULL);
  if (data.size % 4 != 0) malformed("packed numbers are cut");
  for (size_t i = 0; i < data.size; i += 4) {
    if (*count < 3) values[*count] = bits((uint32_t)little(data.at + i, 4));
    (*count)++;
  }
}

static void add_dim(struct tensor *tensor, uint64_t dim) {
  if (tensor->rank < 8) tensor->dims[tensor->rank] = dim;
  tensor->rank++;
}

/* --- section 3: the messages --- */

#define ADD(list, count) ((list) = grow((list), (count), sizeof *(list)), &(list)[(count)++])

static void read_dimension(struct text rest, struct dimension *d) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: d->name = string(&f, &seen); break;
    case 2: d->min = number(&f, &seen); break;
    case 3: d->max = number(&f, &seen); break;
    }
}

static void read_signature(struct text rest, struct signature *s) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: s->name = string(&f, &seen); break;
    case 2: expect(&f, 2, &seen); s->model = f.data; break;
    case 3: s->modality = string(&f, &seen); break;
    case 4: expect(&f, 2, NULL); read_dimension(f.data, ADD(s->dimensions, s->dimension_count)); break;
    case 5: s->image_preprocessing = number32(&f, &seen); s->has_image_preprocessing = 1; break;
    case 6: s->tokenizer = number32(&f, &seen); s->has_tokenizer = 1; break;
    }
}

static void read_tensor(struct text rest, struct tensor *t) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: t->name = string(&f, &seen); break;
    case 2: t->type = number32(&f, &seen); break;
    case 3: t->layout = number32(&f, &seen); break;
    case 4:
      if (f.wire == 0) { add_dim(t, f.value); break; }
      expect(&f, 2, NULL);
      for (struct text packed = f.data; packed.size > 0;) add_dim(t, varint(&packed, 10));
      break;
    case 5: t->offset = number(&f, &seen); break;
    case 6: t->size = number(&f, &seen); break;
    case 7: t->crc = fixed32(&f, &seen); break;
    }
}

static void read_usage(struct text rest, struct usage *u) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: u->modality = string(&f, &seen); break;
    case 2: u->share = bits(fixed32(&f, &seen)); break;
    }
}

static void read_expert(struct text rest, struct expert *e) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: e->encoding = number32(&f, &seen); break;
    case 2: e->offset = number(&f, &seen); break;
    case 3: e->size = number(&f, &seen); break;
    case 4: e->crc = fixed32(&f, &seen); break;
    case 5: expect(&f, 2, NULL); read_usage(f.data, ADD(e->usages, e->usage_count)); break;
    }
}

static void read_bank(struct text rest, struct bank *b) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: b->name = string(&f, &seen); break;
    case 2: b->input = number32(&f, &seen); break;
    case 3: b->hidden = number32(&f, &seen); break;
    case 4: b->output = number32(&f, &seen); break;
    case 5: b->gated = number(&f, &seen) != 0; break;
    case 6: expect(&f, 2, NULL); read_expert(f.data, ADD(b->experts, b->expert_count)); break;
    }
}

static void read_preprocessing(struct text rest, struct preprocessing *p) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: p->height = number32(&f, &seen); break;
    case 2: p->width = number32(&f, &seen); break;
    case 3: p->resize = number32(&f, &seen); break;
    case 4: p->size = number32(&f, &seen); break;
    case 5: p->interpolation = number32(&f, &seen); break;
    case 6: p->low = bits(fixed32(&f, &seen)); break;
    case 7: p->high = bits(fixed32(&f, &seen)); break;
    case 8: reals(&f, p->mean, &p->mean_count); break;
    case 9: reals(&f, p->std, &p->std_count); break;
    }
}

static void read_tokenizer(struct text rest, struct tokenizer *t) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: t->kind = number32(&f, &seen); break;
    case 2: t->max_length = number32(&f, &seen); break;
    case 3: t->eos = number32(&f, &seen); break;
    case 4: t->eos_id = number32(&f, &seen); t->has_eos_id = 1; break;
    case 5: t->pad_id = number32(&f, &seen); t->has_pad_id = 1; break;
    case 6: t->lower_case = number(&f, &seen) != 0; break;
    case 7: case 8: case 9: case 10: case 11: t->tables[f.number - 7] = string(&f, &seen); break;
    case 12: t->unknown_id = number32(&f, &seen); break;
    case 13: case 14: case 15: case 16: case 17: t->flags[f.number - 13] = number(&f, &seen) != 0; break;
    }
}

static void read_metadata(struct text rest, struct metadata *m) {
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) switch (f.number) {
    case 1: m->key = string(&f, &seen); break;
    case 2: m->value = string(&f, &seen); break;
    }
}

void read_manifest(struct file *file) {
  struct text rest = {file->bytes + file->manifest_offset, (size_t)file->manifest_size};
  uint32_t seen = 0;
  for (struct field f; next(&rest, &f);) {
    if (f.number <= 9 && f.number != 7 && f.number != 8) expect(&f, 2, NULL);
    switch (f.number) {
    case 1: *ADD(file->features, file->feature_count) = string(&f, NULL); break;
    case 2: read_signature(f.data, ADD(file->signatures, file->signature_count)); break;
    case 3: read_tensor(f.data, ADD(file->tensors, file->tensor_count)); break;
    case 4: read_bank(f.data, ADD(file->banks, file->bank_count)); break;
    case 5: read_preprocessing(f.data, ADD(file->preprocessings, file->preprocessing_count)); break;
    case 6: read_tokenizer(f.data, ADD(file->tokenizers, file->tokenizer_count)); break;
    case 7: file->embedding_size = number32(&f, &seen); break;
    case 8: file->logit_scale = bits(fixed32(&f, &seen)); file->has_logit_scale = 1; break;
    case 9: read_metadata(f.data, ADD(file->metadata, file->metadata_count)); break;
    }
  }
}
