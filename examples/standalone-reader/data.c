/* Section 10 of container.md: the bytes of tensors and blocks, and those between them. */
#include "lmq.h"

#include <stdlib.h>
#include <string.h>

static uint32_t u32(const uint8_t *at) { return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24; }

static void check_zeros(const char *rule, const uint8_t *at, uint64_t size) {
  for (uint64_t i = 0; i < size; i++)
    if (at[i] != 0) refuse(rule, "a byte is %d, not 0", at[i]);
}

static void check_element(const uint8_t *at, uint32_t type) {
  int finite = 1;
  if (type == F32) finite = (u32(at) & 0x7F800000) != 0x7F800000;
  if (type == F16) finite = (at[1] & 0x7C) != 0x7C;
  if (type == BF16) finite = (at[1] & 0x7F) != 0x7F || (at[0] & 0x80) == 0;
  if (!finite) refuse("C38 element values", "a number is not finite");
  if (type == BOOL && at[0] > 1) refuse("C38 element values", "a bool is %d", at[0]);
}

static uint64_t element_size(uint32_t type) { return type == F32 ? 4 : type == F16 || type == BF16 ? 2 : 1; }

static void check_scales(const uint8_t *at, uint64_t used, uint64_t padded) {
  for (uint64_t i = 0; i < used; i++)
    if (u32(at + 4 * i) >= 0x7F800000) refuse("C37 int8 codes", "a scale is negative or not finite");
  check_zeros("C36 padding", at + 4 * used, 4 * (padded - used));
}

/* The panels of a (k, n) matrix and, for int8, its scales and row sums. Answers their end. */
static const uint8_t *check_panels(const uint8_t *at, uint64_t k, uint64_t n, uint32_t type) {
  uint64_t padded = (n + 31) / 32 * 32;
  if (type != INT8) {
    uint64_t size = element_size(type);
    for (uint64_t panel = 0; panel < padded; panel += 32)
      for (uint64_t i = 0; i < k; i++, at += 32 * size)
        for (uint64_t lane = 0; lane < 32; lane++) {
          check_element(at + lane * size, type);
          if (panel + lane >= n) check_zeros("C36 padding", at + lane * size, size);
        }
    return at;
  }
  const uint8_t *scales = at + padded * ((k + 3) / 4 * 4), *sums = scales + 4 * padded;
  for (uint64_t panel = 0; panel < padded; panel += 32) {
    int32_t sum[32] = {0};
    for (uint64_t group = 0; group < k; group += 4)
      for (uint64_t lane = 0; lane < 32; lane++)
        for (uint64_t i = group; i < group + 4; i++, at++) {
          if (*at == 0x80) refuse("C37 int8 codes", "a code is -128");
          if (i >= k || panel + lane >= n) check_zeros("C36 padding", at, 1);
          sum[lane] += (int8_t)*at;
        }
    for (uint64_t lane = 0; lane < 32; lane++)
      if ((int32_t)u32(sums + 4 * (panel + lane)) != sum[lane]) refuse("C37 int8 codes", "a row sum is wrong");
  }
  check_scales(scales, n, padded);
  return sums + 4 * padded;
}

static const uint8_t *check_matrix(const uint8_t *at, uint64_t k, uint64_t n, uint32_t encoding) {
  at = check_panels(at, k, n, encoding);
  uint64_t padded = (n + 31) / 32 * 32;
  for (uint64_t i = 0; i < n; i++) check_element(at + 4 * i, F32);
  check_zeros("C36 padding", at + 4 * n, 4 * (padded - n));
  return at + 4 * padded;
}

static void check_tensor_data(const struct file *file, const struct tensor *t) {
  const uint8_t *at = file->bytes + t->offset;
  if (crc32c(at, (size_t)t->size) != t->crc)
    refuse("C33 tensor checksum", "tensor \"%.*s\"", (int)t->name.size, (const char *)t->name.at);
  if (t->layout == PANEL32) {
    check_panels(at, t->dims[0], t->dims[1], t->type);
  } else if (t->type == INT8) {
    uint64_t codes = t->dims[0] * t->dims[1], start = (codes + 63) / 64 * 64;
    for (uint64_t i = 0; i < codes; i++)
      if (at[i] == 0x80) refuse("C37 int8 codes", "a code is -128");
    check_zeros("C36 padding", at + codes, start - codes);
    check_scales(at + start, t->dims[0], t->dims[0]);
  } else if (t->type <= BF16 || t->type == BOOL) {
    for (uint64_t i = 0; i < t->size; i += element_size(t->type)) check_element(at + i, t->type);
  }
}

static void check_expert_data(const struct file *file, const struct bank *b, const struct expert *e) {
  const uint8_t *at = file->bytes + e->offset;
  if (e->encoding == 0) return;
  if (crc32c(at, (size_t)e->size) != e->crc)
    refuse("C34 expert checksum", "an expert of \"%.*s\"", (int)b->name.size, (const char *)b->name.at);
  for (int i = 0; i < (b->gated ? 2 : 1); i++) at = check_matrix(at, b->input, b->hidden, e->encoding);
  check_matrix(at, b->hidden, b->output, e->encoding);
}

static void check_tokenizer_data(const struct file *file, const struct tokenizer *t) {
  if (t->kind == 1) return;
  const struct tensor *offsets = find_tensor(file, t->tables[PIECE_OFFSETS]);
  const struct tensor *types = find_tensor(file, t->tables[PIECE_TYPES]);
  const struct tensor *pieces = find_tensor(file, t->tables[PIECES]);
  const uint8_t *at = file->bytes + offsets->offset;
  if (u32(at) != 0) refuse("C39 tokenizer content", "the first piece does not begin at 0");
  for (uint64_t i = 1; i < offsets->dims[0]; i++)
    if ((int32_t)u32(at + 4 * i) <= (int32_t)u32(at + 4 * (i - 1)))
      refuse("C39 tokenizer content", "piece offsets do not ascend");
  if (u32(at + 4 * (offsets->dims[0] - 1)) != pieces->dims[0])
    refuse("C39 tokenizer content", "the last piece does not end with the pieces");
  at = file->bytes + types->offset;
  for (uint64_t i = 0; i < types->dims[0]; i++)
    if (at[i] < 1 || at[i] > 6 || (i == t->unknown_id && at[i] != 2))
      refuse("C39 tokenizer content", "piece %llu has type %d", (unsigned long long)i, at[i]);
}

void check_data(const struct file *file) {
  for (size_t i = 0; i < file->tensor_count; i++) check_tensor_data(file, &file->tensors[i]);
  for (size_t b = 0; b < file->bank_count; b++)
    for (size_t i = 0; i < file->banks[b].expert_count; i++)
      check_expert_data(file, &file->banks[b], &file->banks[b].experts[i]);
  size_t count;
  struct extent *extents = sorted_extents(file, &count);
  for (size_t i = 0; i < count; i++) {
    uint64_t end = extents[i].offset + extents[i].size;
    uint64_t next = i + 1 < count ? extents[i + 1].offset : file->size;
    check_zeros("C35 gap bytes", file->bytes + end, next - end);
  }
  free(extents);
  for (size_t i = 0; i < file->tokenizer_count; i++) check_tokenizer_data(file, &file->tokenizers[i]);
}
