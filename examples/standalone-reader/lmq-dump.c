/* lmq-dump FILE: checks every rule of container.md, then prints what the file holds, in the form of
   formats/README.md, "Dumps". Exit code 0; 1 and the rule on standard error where one is broken; 2 where the
   file cannot be read. */
#include "lmq.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void refuse(const char *rule, const char *format, ...) {
  va_list values;
  va_start(values, format);
  fprintf(stderr, "%s: ", rule);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  va_end(values);
  exit(1);
}

static void fail(const char *what) {
  perror(what);
  exit(2);
}

void *grow(void *list, size_t count, size_t size) {
  /* Doubles at powers of two. */
  if ((count & (count - 1)) == 0) list = realloc(list, (count ? 2 * count : 1) * size);
  if (list == NULL) fail("memory");
  memset((char *)list + count * size, 0, size);
  return list;
}

static const char *const types[] = {"absent", "f32", "f16", "bf16", "int8", "u8", "i32", "i64", "bool"};
static const char *const layouts[] = {"", "rows", "panel32"};
static const char *const resizes[] = {"", "squash", "shortest_side"};
static const char *const interpolations[] = {"", "bilinear_antialias", "bicubic", "bilinear", "area"};
static const char *const kinds[] = {"", "ids_only", "sentencepiece_unigram"};
static const char *const ends[] = {"", "none", "yes", "sticky"};
static const char *const tables[] = {"pieces", "piece_offsets", "scores", "piece_types", "character_map"};

static void quote(struct text text) {
  putchar('"');
  for (size_t i = 0; i < text.size; i++) {
    int c = text.at[i];
    if (c < 32 || c == 127 || c == '"' || c == '\\') printf("\\x%02x", c);
    else putchar(c);
  }
  putchar('"');
}

static void number_or_none(const char *label, int is_set, unsigned long long value) {
  if (is_set) printf(" %s%llu", label, value);
  else printf(" %snone", label);
}

static void bits(float value) {
  uint32_t pattern;
  memcpy(&pattern, &value, 4);
  printf(" 0x%08x", pattern);
}

static void reals(const char *label, const float *values, size_t count) {
  printf(" %s", label);
  if (count == 0) printf(" none");
  for (size_t i = 0; i < count; i++) bits(values[i]);
}

static void print_signature(const struct signature *s) {
  printf("signature ");
  quote(s->name);
  printf(" modality ");
  quote(s->modality);
  printf(" model %zu 0x%08x", s->model.size, crc32c(s->model.at, s->model.size));
  number_or_none("image_preprocessing ", s->has_image_preprocessing, s->image_preprocessing);
  number_or_none("tokenizer ", s->has_tokenizer, s->tokenizer);
  for (size_t i = 0; i < s->dimension_count; i++) {
    printf("\ndimension ");
    quote(s->dimensions[i].name);
    printf(" %llu", (unsigned long long)s->dimensions[i].min);
    number_or_none("", s->dimensions[i].max != 0, s->dimensions[i].max);
  }
  putchar('\n');
}

static void print_extent(uint64_t offset, uint64_t size, uint32_t crc) {
  printf(" offset %llu size %llu crc32c 0x%08x\n", (unsigned long long)offset, (unsigned long long)size, crc);
}

static void print_tensor(const struct tensor *t) {
  printf("tensor ");
  quote(t->name);
  printf(" %s %s [", types[t->type], layouts[t->layout]);
  for (size_t i = 0; i < t->rank; i++) printf(i ? ", %llu" : "%llu", (unsigned long long)t->dims[i]);
  putchar(']');
  print_extent(t->offset, t->size, t->crc);
}

static void print_bank(const struct bank *b) {
  printf("bank ");
  quote(b->name);
  printf(" %u %u %u %s experts %zu\n", b->input, b->hidden, b->output, b->gated ? "gated" : "plain",
         b->expert_count);
  for (size_t i = 0; i < b->expert_count; i++) {
    const struct expert *e = &b->experts[i];
    printf("expert %zu %s", i, types[e->encoding]);
    if (e->encoding == 0) putchar('\n');
    else print_extent(e->offset, e->size, e->crc);
    for (size_t u = 0; u < e->usage_count; u++) {
      printf("usage ");
      quote(e->usages[u].modality);
      bits(e->usages[u].share);
      putchar('\n');
    }
  }
}

static void print_preprocessing(const struct preprocessing *p) {
  printf("image_preprocessing %u %u %s %u %s", p->height, p->width, resizes[p->resize], p->size,
         interpolations[p->interpolation]);
  reals("low", &p->low, 1);
  reals("high", &p->high, 1);
  reals("mean", p->mean, p->mean_count);
  reals("std", p->std, p->std_count);
  putchar('\n');
}

static void print_tokenizer(const struct tokenizer *t) {
  printf("tokenizer %s %u %s", kinds[t->kind], t->max_length, ends[t->eos]);
  number_or_none("eos ", t->has_eos_id, t->eos_id);
  number_or_none("pad ", t->has_pad_id, t->pad_id);
  printf(" lower_case %d", t->lower_case);
  for (int i = 0; i < TABLES; i++) {
    printf(" %s ", tables[i]);
    quote(t->tables[i]);
  }
  printf(" unknown %u flags", t->unknown_id);
  for (int i = 0; i < 5; i++) printf(" %d", t->flags[i]);
  putchar('\n');
}

void print(const struct file *file) {
  printf("lmq %d.%d\nfile_size %llu\n", file->major, file->minor, (unsigned long long)file->size);
  printf("manifest %llu %llu 0x%08x\n", (unsigned long long)file->manifest_offset,
         (unsigned long long)file->manifest_size, file->manifest_crc);
  for (size_t i = 0; i < file->signature_count; i++) print_signature(&file->signatures[i]);
  for (size_t i = 0; i < file->tensor_count; i++) print_tensor(&file->tensors[i]);
  for (size_t i = 0; i < file->bank_count; i++) print_bank(&file->banks[i]);
  for (size_t i = 0; i < file->preprocessing_count; i++) print_preprocessing(&file->preprocessings[i]);
  for (size_t i = 0; i < file->tokenizer_count; i++) print_tokenizer(&file->tokenizers[i]);
  printf("embedding_size %u\nlogit_scale", file->embedding_size);
  if (file->has_logit_scale) bits(file->logit_scale);
  else printf(" none");
  putchar('\n');
  for (size_t i = 0; i < file->metadata_count; i++) {
    printf("metadata ");
    quote(file->metadata[i].key);
    putchar(' ');
    quote(file->metadata[i].value);
    putchar('\n');
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: lmq-dump FILE\n");
    return 2;
  }
  FILE *stream = fopen(argv[1], "rb");
  if (stream == NULL) fail(argv[1]);
  uint8_t *bytes = NULL;
  size_t size = 0, room = 0, got = 0;
  do {
    size += got;
    if (size == room) {
      room = room ? 2 * room : 1 << 16;
      bytes = realloc(bytes, room);
      if (bytes == NULL) fail("memory");
    }
    got = fread(bytes + size, 1, room - size, stream);
  } while (got > 0);
  if (ferror(stream)) fail(argv[1]);
  fclose(stream);

  struct file file = {.bytes = bytes, .size = size};
  read_header(&file);
  read_manifest(&file);
  check_manifest(&file);
  check_data(&file);
  print(&file);
  return 0;
}
