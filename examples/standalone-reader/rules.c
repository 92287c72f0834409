/* Sections 3 to 8 of container.md: what the manifest may say. */
#include "lmq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void limit(const char *what, size_t count, size_t most) {
  if (count > most) refuse("C10 limits", "%zu %s, at most %zu are allowed", count, what, most);
}

static void check_name(struct text name) {
  if (name.size < 1 || name.size > 1024) refuse("C12 name", "a name has %zu bytes", name.size);
  for (size_t i = 0; i < name.size; i++)
    if (name.at[i] < 0x20 || name.at[i] == 0x7F) refuse("C12 name", "a name has a control character");
}

static int order(struct text a, struct text b) {
  size_t common = a.size < b.size ? a.size : b.size;
  int difference = common > 0 ? memcmp(a.at, b.at, common) : 0; /* an empty text may have no place */
  return difference != 0 ? difference : (a.size > b.size) - (a.size < b.size);
}

/* The name at index i of a directory; `before` is the one at i - 1. */
static void check_entry(size_t i, struct text *before, struct text name) {
  check_name(name);
  if (i > 0 && order(*before, name) >= 0)
    refuse("C13 order", "\"%.*s\" comes too late", (int)name.size, (const char *)name.at);
  *before = name;
}

static void known(uint32_t value, uint32_t most, const char *field) {
  if (value < 1 || value > most) refuse("C14 unknown value", "%s %u", field, value);
}

uint64_t times_plus(uint64_t a, uint64_t b, uint64_t c) {
  if (a == UINT64_MAX || b == UINT64_MAX || c == UINT64_MAX) return UINT64_MAX;
  if (b != 0 && a > INT64_MAX / b) return UINT64_MAX;
  if (c > INT64_MAX || a * b > INT64_MAX - c) return UINT64_MAX;
  return a * b + c;
}

/* --- section 4 --- */

static uint64_t bytes_of(uint32_t type) {
  return type == I64 ? 8 : type == F32 || type == I32 ? 4 : type == F16 || type == BF16 ? 2 : 1;
}

/* Panels of a (k, n) matrix; for int8 with scales and row sums. */
static uint64_t panel_bytes(uint64_t k, uint64_t n, uint32_t type) {
  uint64_t panels = (n + 31) / 32;
  if (type == INT8) return times_plus(times_plus(panels, (k + 3) / 4, 0), 128, panels * 256);
  return times_plus(times_plus(panels, k, 0), 32 * bytes_of(type), 0);
}

static int is_matrix_type(uint32_t type) { return type >= F32 && type <= INT8; }

static void check_tensor(const struct tensor *t) {
  known(t->type, BOOL, "type");
  known(t->layout, PANEL32, "layout");
  if (t->rank > 8) refuse("C15 dims", "%zu dims", t->rank);
  uint64_t product = 1;
  for (size_t i = 0; i < t->rank; i++) {
    if (t->dims[i] < 1 || t->dims[i] > (uint64_t)1 << 40) refuse("C15 dims", "a dim is out of range");
    product = times_plus(product, t->dims[i], 0);
  }
  uint64_t size;
  if (t->layout == PANEL32) {
    if (!is_matrix_type(t->type) || t->rank != 2 || t->dims[0] > 131072)
      refuse("C16 type and layout", "no matrix of PANEL32");
    size = panel_bytes(t->dims[0], t->dims[1], t->type);
  } else if (t->type == INT8) {
    if (t->rank != 2) refuse("C16 type and layout", "int8 with %zu dims", t->rank);
    uint64_t codes = times_plus(product, 1, 63);
    size = codes == UINT64_MAX ? codes : times_plus(t->dims[0], 4, codes / 64 * 64);
  } else {
    size = times_plus(product, bytes_of(t->type), 0);
  }
  if (size == UINT64_MAX || t->size != size) refuse("C17 tensor size", "%llu", (unsigned long long)t->size);
  if (t->offset % 64 != 0) refuse("C18 alignment", "a tensor at %llu", (unsigned long long)t->offset);
}

/* --- section 5 --- */

static void check_expert(const struct bank *b, const struct expert *e) {
  if (e->encoding == 0) {
    if (e->offset != 0 || e->size != 0 || e->crc != 0 || e->usage_count != 0)
      refuse("C24 absent expert", "a field is set");
    return;
  }
  known(e->encoding, BOOL, "encoding");
  if (!is_matrix_type(e->encoding)) refuse("C22 expert encoding", "%u", e->encoding);
  uint64_t hidden_bias = ((uint64_t)b->hidden + 31) / 32 * 128, output_bias = ((uint64_t)b->output + 31) / 32 * 128;
  uint64_t size = (b->gated ? 2 : 1) * (panel_bytes(b->input, b->hidden, e->encoding) + hidden_bias) +
                  panel_bytes(b->hidden, b->output, e->encoding) + output_bias; /* widths are checked: fits */
  if (e->size != size) refuse("C23 expert size", "%llu", (unsigned long long)e->size);
  if (e->offset % 4096 != 0) refuse("C18 alignment", "a block at %llu", (unsigned long long)e->offset);
  limit("usages", e->usage_count, 16);
  struct text before = {0};
  for (size_t i = 0; i < e->usage_count; i++) {
    check_entry(i, &before, e->usages[i].modality);
    if (!(e->usages[i].share >= 0 && e->usages[i].share <= 1)) refuse("C25 usage", "a share is out of range");
  }
}

static void check_bank(const struct bank *b) {
  if (b->input < 1 || b->input > 131072 || b->hidden < 1 || b->hidden > 131072 || b->output < 1 ||
      b->output > 131072 || b->expert_count < 1)
    refuse("C21 bank sizes", "%u %u %u, %zu experts", b->input, b->hidden, b->output, b->expert_count);
  limit("experts", b->expert_count, 1 << 16);
  for (size_t i = 0; i < b->expert_count; i++) check_expert(b, &b->experts[i]);
}

/* --- section 6 --- */

static int by_offset(const void *a, const void *b) {
  const struct extent *x = a, *y = b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

static void add_extent(const struct file *file, struct extent **list, size_t *count, uint64_t offset, uint64_t size) {
  if (offset < 64 || offset > file->size || size > file->size - offset)
    refuse("C19 outside the file", "%llu bytes at %llu", (unsigned long long)size, (unsigned long long)offset);
  *list = grow(*list, *count, sizeof **list);
  (*list)[(*count)++] = (struct extent){offset, size};
}

struct extent *sorted_extents(const struct file *file, size_t *count) {
  struct extent *list = grow(NULL, 0, sizeof *list);
  list[0] = (struct extent){0, 64};
  *count = 1;
  if (file->manifest_size > 0) add_extent(file, &list, count, file->manifest_offset, file->manifest_size);
  for (size_t i = 0; i < file->tensor_count; i++)
    add_extent(file, &list, count, file->tensors[i].offset, file->tensors[i].size);
  for (size_t b = 0; b < file->bank_count; b++)
    for (size_t i = 0; i < file->banks[b].expert_count; i++) {
      const struct expert *e = &file->banks[b].experts[i];
      if (e->encoding != 0) add_extent(file, &list, count, e->offset, e->size);
    }
  qsort(list, *count, sizeof *list, by_offset);
  for (size_t i = 1; i < *count; i++)
    if (list[i].offset < list[i - 1].offset + list[i - 1].size)
      refuse("C20 overlapping extents", "at %llu", (unsigned long long)list[i].offset);
  return list;
}

/* --- section 7 --- */

static void check_signature(const struct file *file, const struct signature *s) {
  check_name(s->modality);
  if (s->model.size < 1 || s->model.size > 16 << 20) refuse("C26 signature model", "%zu bytes", s->model.size);
  if ((s->has_image_preprocessing && s->image_preprocessing >= file->preprocessing_count) ||
      (s->has_tokenizer && s->tokenizer >= file->tokenizer_count))
    refuse("C27 signature reference", "there is no such entry");
  limit("dimensions", s->dimension_count, 64);
  struct text before = {0};
  for (size_t i = 0; i < s->dimension_count; i++) {
    const struct dimension *d = &s->dimensions[i];
    check_entry(i, &before, d->name);
    if (d->min < 1 || d->min > INT32_MAX || (d->max != 0 && (d->max < d->min || d->max > INT32_MAX)))
      refuse("C28 dimension bounds", "%llu to %llu", (unsigned long long)d->min, (unsigned long long)d->max);
  }
}

static void check_preprocessing(const struct preprocessing *p) {
  known(p->resize, 2, "resize");
  known(p->interpolation, 4, "interpolation");
  uint32_t longest = p->height > p->width ? p->height : p->width;
  int good = p->height >= 1 && p->width >= 1 && longest <= 16384;
  good = good && (p->resize == 1 ? p->size == 0 : p->size >= longest && p->size <= 16384);
  good = good && p->mean_count == p->std_count && (p->mean_count == 0 || p->mean_count == 3);
  if (p->mean_count == 0) {
    good = good && isfinite(p->low) && isfinite(p->high) && p->low < p->high;
  } else {
    good = good && p->low == 0 && p->high == 0;
    for (int i = 0; i < 3; i++) good = good && isfinite(p->mean[i]) && isfinite(p->std[i]) && p->std[i] > 0;
  }
  if (!good) refuse("C29 image preprocessing", "fields are out of range or do not go together");
}

const struct tensor *find_tensor(const struct file *file, struct text name) {
  size_t low = 0, high = file->tensor_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int difference = order(file->tensors[middle].name, name);
    if (difference == 0) return &file->tensors[middle];
    if (difference < 0) low = middle + 1; else high = middle;
  }
  return NULL;
}

static void check_tokenizer(const struct file *file, const struct tokenizer *t) {
  known(t->kind, 2, "kind");
  known(t->eos, 3, "eos");
  int good = t->max_length >= 1 && t->max_length <= 131072;
  good = good && (!t->has_eos_id || t->eos_id <= INT32_MAX) && (!t->has_pad_id || t->pad_id <= INT32_MAX);
  good = good && (t->eos == 1 || t->has_eos_id);
  if (t->kind == 1) {
    good = good && !t->lower_case && t->unknown_id == 0;
    for (int i = 0; i < TABLES; i++) good = good && t->tables[i].size == 0;
    for (int i = 0; i < 5; i++) good = good && !t->flags[i];
  }
  if (!good) refuse("C30 tokenizer", "fields are out of range or do not go together");
  if (t->kind == 1) return;
  static const uint32_t types[TABLES] = {U8, I32, F32, U8, U8};
  const struct tensor *tables[TABLES];
  for (int i = 0; i < TABLES; i++) {
    tables[i] = find_tensor(file, t->tables[i]);
    if (i == CHARACTER_MAP && t->tables[i].size == 0) continue;
    if (tables[i] == NULL || tables[i]->type != types[i] || tables[i]->layout != ROWS || tables[i]->rank != 1)
      refuse("C31 tokenizer table", "table %d is missing or of another kind", i);
  }
  uint64_t pieces = tables[SCORES]->dims[0];
  if (tables[PIECE_TYPES]->dims[0] != pieces || tables[PIECE_OFFSETS]->dims[0] != pieces + 1)
    refuse("C31 tokenizer table", "tables differ in length");
  if (t->unknown_id >= pieces) refuse("C30 tokenizer", "the unknown id is no piece");
}

/* --- all of it, in order --- */

void check_manifest(const struct file *file) {
  struct text before = {0};
  limit("required features", file->feature_count, 64);
  if (file->feature_count > 0)
    refuse("C11 required feature", "%.*s", (int)file->features[0].size, (const char *)file->features[0].at);
  limit("signatures", file->signature_count, 64);
  limit("tensors", file->tensor_count, 1 << 20);
  limit("banks", file->bank_count, 1 << 14);
  limit("image preprocessings", file->preprocessing_count, 64);
  limit("tokenizers", file->tokenizer_count, 64);
  limit("metadata entries", file->metadata_count, 4096);
  for (size_t i = 0; i < file->tensor_count; i++) {
    check_entry(i, &before, file->tensors[i].name);
    check_tensor(&file->tensors[i]);
  }
  size_t experts = 0;
  for (size_t i = 0; i < file->bank_count; i++) {
    check_entry(i, &before, file->banks[i].name);
    check_bank(&file->banks[i]);
    limit("experts of all banks", experts += file->banks[i].expert_count, 1 << 20);
  }
  for (size_t i = 0; i < file->preprocessing_count; i++) check_preprocessing(&file->preprocessings[i]);
  for (size_t i = 0; i < file->signature_count; i++) {
    check_entry(i, &before, file->signatures[i].name);
    check_signature(file, &file->signatures[i]);
  }
  for (size_t i = 0; i < file->metadata_count; i++) {
    check_entry(i, &before, file->metadata[i].key);
    limit("bytes of a value", file->metadata[i].value.size, 1 << 20);
  }
  for (size_t i = 0; i < file->tokenizer_count; i++) check_tokenizer(file, &file->tokenizers[i]);
  if ((file->has_logit_scale && !isfinite(file->logit_scale)) || file->embedding_size > 131072)
    refuse("C32 model values", "logit scale or embedding size is out of range");
  size_t count;
  free(sorted_extents(file, &count));
}
