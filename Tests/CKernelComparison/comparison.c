#include "kernel_comparison.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limequat_kernels.h"

// MARK: Inputs

static _Thread_local uint64_t state;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545F4914F6CDD1D;
}
static size_t below(size_t bound) { return (size_t)(next() >> 33) % bound; }

enum spread { ORDINARY, WIDE, ANY, SPECIAL, SPREADS };

/// ORDINARY: in [-1, 1). WIDE: also denormal and large. ANY: every finite f32. SPECIAL: with infinities.
static float value(enum spread spread) {
  uint32_t bits = (uint32_t)(next() >> 32);
  float ordinary = (float)(int32_t)bits * 0x1p-31f, any;
  memcpy(&any, &bits, sizeof any);
  size_t chance = below(16);
  switch (spread) {
  case ORDINARY: return ordinary;
  case WIDE:
    if (chance == 0) return ordinary * 1e-41f;
    if (chance == 1) return 0.0f * ordinary;
    return chance < 5 ? ordinary * 100 : ordinary * 4;
  case SPECIAL:
    if (chance == 0) return INFINITY;
    if (chance == 1) return -INFINITY;
    if (chance == 2) return ordinary * 1e-41f;
    return chance < 8 ? ordinary * 20 : any != any ? ordinary : any;
  default: return isfinite(any) ? any : ordinary;
  }
}

/// `count` values on the heap, with no byte to spare behind them.
static float *values(size_t count, enum spread spread) {
  float *x = malloc(count * sizeof *x);
  for (size_t i = 0; i < count; i++) x[i] = value(spread);
  return x;
}

/// Panels of `type` with `columns` columns of values and zeros behind, at 64 bytes.
static void *panels(size_t k, size_t columns, int type, enum spread spread) {
  size_t padded = (columns + 31) / 32 * 32, size = type == LMQ_F32 ? 4 : 2;
  char *p = aligned_alloc(64, k * padded * size + 64);
  for (size_t i = 0; i < k * padded; i++) {
    size_t column = i / (k * 32) * 32 + i % 32;
    float wide = column < columns ? value(spread) : 0;
    uint16_t half = 0;
    if (type == LMQ_F32) memcpy(p + i * 4, &wide, 4);
    if (type == LMQ_BF16) memcpy(&half, (char *)&wide + 2, 2);
    if (type == LMQ_F16 && column < columns) {
      half = (uint16_t)next();
      if ((half & 0x7C00) == 0x7C00) half &= 0x83FF;  // no infinity, no NaN
      if (spread == ORDINARY) half &= 0xBBFF;         // below 2
    }
    if (type != LMQ_F32) memcpy(p + i * 2, &half, 2);
  }
  return p;
}

/// A code; often one of the largest, whose products are most likely to overflow something.
static int8_t code(void) {
  size_t chance = below(8);
  return (int8_t)(chance == 0 ? 127 : chance == 1 ? -127 : (int)below(255) - 127);
}

/// The same for activations.
static uint8_t activation_code(void) {
  size_t chance = below(8);
  return (uint8_t)(chance == 0 ? 255 : chance == 1 ? 0 : below(256));
}

/// Int8 panels with their scales and sums of codes. Codes may all be small: tables can make use of that.
static void *panels_int8(size_t k, size_t n) {
  size_t outputs = (n + 31) / 32 * 32, depth = (k + 3) / 4 * 4, codes = depth * outputs;
  int divisor = 1 + (int)below(4);
  char *p = aligned_alloc(64, codes + outputs * 8 + 64);
  memset(p, 0, codes);
  for (size_t output = 0; output < outputs; output++) {
    int32_t sum = 0;
    float scale = output < n ? value(ORDINARY) : 0;
    for (size_t j = 0; output < n && j < k; j++) {
      int8_t q = (int8_t)(code() / divisor);
      sum += q;
      p[output / 32 * 32 * depth + j / 4 * 128 + output % 32 * 4 + j % 4] = q;
    }
    memcpy(p + codes + output * 4, &scale, 4);
    memcpy(p + codes + outputs * 4 + output * 4, &sum, 4);
  }
  return p;
}

// MARK: Outcome

static _Thread_local char *text;
static _Thread_local size_t text_size;

static bool fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, text_size, format, arguments);
  va_end(arguments);
  return false;
}

static _Thread_local uint64_t digest;

/// FNV-1a over the bits of what `generic` gave.
static void digest_update(float value) {
  uint32_t bits = 0x7FC00000;  // every NaN: its other bits differ between processors
  if (value == value) memcpy(&bits, &value, sizeof bits);
  for (int byte = 0; byte < 4; byte++) digest = (digest ^ (bits >> 8 * byte & 255)) * 0x100000001B3;
}

/// Equal bits; two NaNs are equal.
static bool same(const char *what, const float *a, const float *b, size_t count) {
  for (size_t i = 0; i < count; i++) digest_update(b[i]);
  for (size_t i = 0; i < count; i++)
    if (memcmp(a + i, b + i, 4) != 0 && !(a[i] != a[i] && b[i] != b[i]))
      return fail("%s: element %zu is %a, generic has %a", what, i, a[i], b[i]);
  return true;
}

/// Two copies of the same content, one for each table.
typedef struct pair { float *a, *b; size_t count; } pair;

static pair twice(float *content, size_t count) {
  pair p = {content, malloc(count * sizeof *content), count};
  memcpy(p.b, p.a, count * sizeof *content);
  return p;
}
static bool equal(const char *what, pair p) {
  bool same_bits = same(what, p.a, p.b, p.count);
  free(p.a);
  free(p.b);
  return same_bits;
}

// MARK: Comparisons

/// Often as many as share one band, sometimes several bands of them (walk.c).
static size_t rows_of_product(void) { return 1 + below(below(6) ? 30 : 150); }
/// A few panels, sometimes more than a group of them.
static size_t outputs_of_product(void) { return 1 + below(below(12) ? 100 : 1200); }

static bool matmul(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = below(4) == 0 ? ANY : below(3) ? ORDINARY : WIDE;
  size_t m = rows_of_product(), k = below(8) == 0 ? below(5) : 1 + below(600), n = outputs_of_product();
  size_t source_rows = m + below(4), x_stride = k + below(5), y_stride = n + below(9);
  if (below(6) == 0) x_stride = (k + 511) / 512 * 512;  // such rows are copied
  float *x = values((source_rows - 1) * x_stride + k, spread), *bias = below(3) ? values(n, spread) : NULL;
  int type = (int)(LMQ_F32 + below(3));
  uint32_t *rows = NULL;
  if (below(2)) {
    rows = malloc(m * sizeof *rows);
    for (size_t i = 0; i < m; i++) rows[i] = (uint32_t)below(source_rows);
  }
  pair y = twice(values((m - 1) * y_stride + n, spread), (m - 1) * y_stride + n);
  size_t residual_stride = n + below(3);
  float *residual = below(2) ? values((m - 1) * residual_stride + n, spread) : NULL;
  bool in_place = below(3) == 0;
  void *weights = panels(k, n, type, spread);
  lmq_matmul job = {
      .x = x, .x_stride = x_stride, .x_rows = rows, .panels = weights, .bias = bias, .residual = residual,
      .residual_stride = residual_stride, .y_stride = y_stride, .m = m, .k = k, .n = n, .type = type,
      .activation = (lmq_activation)below(8)};
  if (in_place) job.residual_stride = y_stride;
  size_t all = (n + 31) / 32, split = below(all + 1);
  job.y = y.a;
  if (in_place) job.residual = y.a;
  table->matmul(&job, 0, split);
  table->matmul(&job, split, all);
  job.y = y.b;
  if (in_place) job.residual = y.b;
  generic->matmul(&job, 0, all);
  char what[160];
  snprintf(
      what, sizeof what, "m %zu, k %zu, n %zu, type %d, activation %d, y stride %zu", m, k, n, type,
      (int)job.activation, y_stride);
  free(x);
  free(bias);
  free(rows);
  free(residual);
  free(weights);
  return equal(what, y);
}

static bool matmul_int8(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t m = rows_of_product(), n = outputs_of_product();
  size_t k = below(8) == 0 ? below(5) : 1 + below(below(4) ? 600 : below(4) ? 2500 : 10000);
  size_t source_rows = m + below(4), x_stride = (k + 3) / 4 * 4 + 4 * below(3), y_stride = n + below(9);
  if (below(6) == 0) x_stride = (k + 2047) / 2048 * 2048;  // such rows are copied by all tables
  size_t x_count = (source_rows - 1) * x_stride + (k + 3) / 4 * 4;
  uint8_t *x = malloc(x_count + 1);
  for (size_t i = 0; i < x_count; i++) x[i] = i % x_stride < k ? activation_code() : 0;
  int32_t *offsets = malloc(source_rows * sizeof *offsets);
  for (size_t i = 0; i < source_rows; i++) offsets[i] = activation_code();
  bool without_offsets = below(8) == 0;
  float *scales = values(source_rows, WIDE), *bias = below(3) ? values(n, ORDINARY) : NULL;
  uint32_t *rows = below(2) ? malloc(m * sizeof *rows) : NULL;
  for (size_t i = 0; rows && i < m; i++) rows[i] = (uint32_t)below(source_rows);
  pair y = twice(values((m - 1) * y_stride + n, ORDINARY), (m - 1) * y_stride + n);
  bool residual = below(2);
  void *weights = panels_int8(k, n);
  int32_t *limits = malloc(lmq_limit_count(k) * sizeof *limits + 1);
  if (table->limit_int8) table->limit_int8(weights, k, n, limits);
  bool with_limits = below(4) > 0 && table->limit_int8;
  if (below(4) == 0)
    for (size_t i = 0; i < source_rows; i++) offsets[i] %= 32;
  lmq_matmul_int8 job = {
      .x = x, .x_stride = x_stride, .x_rows = rows, .x_scales = scales,
      .x_offsets = without_offsets ? NULL : offsets, .panels = weights, .limits = with_limits ? limits : NULL,
      .bias = bias, .residual_stride = y_stride, .y_stride = y_stride, .m = m, .n = n, .k = (uint32_t)k,
      .activation = (lmq_activation)below(8)};
  size_t all = (n + 31) / 32, split = below(all + 1);
  job.y = y.a;
  job.residual = residual ? y.a : NULL;
  table->matmul_int8(&job, 0, split);
  table->matmul_int8(&job, split, all);
  job.y = y.b;
  job.residual = residual ? y.b : NULL;
  generic->matmul_int8(&job, 0, all);
  char what[120];
  snprintf(what, sizeof what, "m %zu, k %zu, n %zu, activation %d", m, k, n, (int)job.activation);
  free(x);
  free(scales);
  free(offsets);
  free(bias);
  free(rows);
  free(weights);
  free(limits);
  return equal(what, y);
}

/// What a table and `generic` made of the same: equal bytes.
static bool same_bytes(const char *what, const uint8_t *a, const uint8_t *b, size_t count) {
  for (size_t i = 0; i < count; i++) digest_update(b[i]);
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return fail("%s: byte %zu is %d, generic has %d", what, i, a[i], b[i]);
  return true;
}

static bool quantize_rows(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t m = 1 + below(5), k = below(50) ? 1 + below(200) : 65530 + below(12);
  size_t x_stride = k + below(3), stride = (k + 3) / 4 * 4 + 4 * below(2);
  float *x = values(m * x_stride, (enum spread)below(SPREADS));
  if (below(3) == 0)
    for (size_t j = 0; j < k; j++) x[j] *= 1e-38f;  // a row whose factor is not finite
  if (below(5) == 0) x[below(k)] = NAN;
  float side = below(3) ? 0.0f : below(2) ? 1.0f : -1.0f;  // of 0 on which all elements lie
  for (size_t i = 0; side != 0 && i < m * x_stride; i++) x[i] = copysignf(x[i], side);
  pair scales = twice(values(m, ORDINARY), m);
  uint8_t *a = malloc(m * stride), *b = malloc(m * stride);
  int32_t offsets[2][5];
  memset(a, 99, m * stride);
  memset(b, 99, m * stride);
  table->quantize_rows(x, x_stride, m, k, a, stride, scales.a, offsets[0]);
  generic->quantize_rows(x, x_stride, m, k, b, stride, scales.b, offsets[1]);
  bool same_codes = true;
  for (size_t i = 0; i < m; i++) {
    digest_update((float)offsets[1][i]);
    if (offsets[0][i] != offsets[1][i])
      same_codes = fail("offset %zu is %d, generic has %d", i, offsets[0][i], offsets[1][i]);
  }
  same_codes = same_bytes("codes", a, b, m * stride) && same_codes;
  free(x);
  free(a);
  free(b);
  return equal("scales", scales) && same_codes;
}

static bool softmax_codes(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t m = 1 + below(4), n = 1 + below(200), x_stride = n + below(3), kind = below(4);
  size_t stride = (n + 3) / 4 * 4 + 4 * below(2);
  float *x = values(m * x_stride, (enum spread)below(SPREADS));
  if (below(5) == 0) x[below(n)] = NAN;
  uint8_t *mask = kind ? malloc(n) : NULL, *a = malloc(m * stride), *b = malloc(m * stride);
  for (size_t j = 0; mask && j < n; j++)  // kind 1: all masked
    mask[j] = kind > 1 && below(kind) == 0 ? (uint8_t)(next() >> 56) : 0;
  memset(a, 99, m * stride);
  memset(b, 99, m * stride);
  pair scales = twice(values(m, ORDINARY), m);
  table->softmax_codes(x, x_stride, m, n, mask, a, stride, scales.a);
  generic->softmax_codes(x, x_stride, m, n, mask, b, stride, scales.b);
  bool same_codes = same_bytes("codes", a, b, m * stride);
  free(x);
  free(mask);
  free(a);
  free(b);
  return equal("scales", scales) && same_codes;
}

static bool pack_codes(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t k = 1 + below(70), n = 1 + below(100), all = (n + 31) / 32, depth = (k + 3) / 4 * 4;
  bool in_panels = below(2);
  size_t k_stride = in_panels ? 32 : n + below(4), panel_stride = in_panels ? k * 32 : 32;
  size_t count = in_panels ? all * k * 32 : (k - 1) * k_stride + n, bytes = all * 32 * depth;
  float *w = values(count, (enum spread)below(SPREADS));
  for (size_t i = below(2) ? 0 : count; i < count; i++) w[i] *= i % 32 < 9 ? 1e-38f : 1.0f;
  if (below(5) == 0) w[below(count)] = NAN;
  uint8_t *a = aligned_alloc(64, bytes + all * 256), *b = aligned_alloc(64, bytes + all * 256);
  memset(a, 99, bytes + all * 256);
  memset(b, 99, bytes + all * 256);
  table->pack_codes(w, k_stride, panel_stride, k, n, a);
  generic->pack_codes(w, k_stride, panel_stride, k, n, b);
  bool result = same_bytes("codes", a, b, bytes) &&
                same("scales", (float *)(void *)(a + bytes), (float *)(void *)(b + bytes), all * 32) &&
                same_bytes("sums", a + bytes + all * 128, b + bytes + all * 128, all * 128);
  free(w);
  free(a);
  free(b);
  return result;
}

static bool layer_norm(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = below(3) == 0 ? ANY : ORDINARY;
  size_t m = 1 + below(4), n = 1 + below(200), x_stride = n + below(3), y_stride = n + below(3);
  float *scale = values(n, spread), *bias = below(2) ? values(n, spread) : NULL;
  pair x = twice(values(m * x_stride, spread), m * x_stride);
  pair y = twice(values(m * y_stride, spread), m * y_stride);
  if (below(3) == 0) {  // in place
    table->layer_norm(x.a, x_stride, x.a, x_stride, m, n, scale, bias, 1e-6f);
    generic->layer_norm(x.b, x_stride, x.b, x_stride, m, n, scale, bias, 1e-6f);
  } else {
    table->layer_norm(x.a, x_stride, y.a, y_stride, m, n, scale, bias, 1e-6f);
    generic->layer_norm(x.b, x_stride, y.b, y_stride, m, n, scale, bias, 1e-6f);
  }
  free(scale);
  free(bias);
  bool in_place = equal("in place", x), apart = equal("apart", y);
  return in_place && apart;
}

static bool softmax(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = (enum spread)below(SPREADS);
  size_t m = 1 + below(4), n = 1 + below(200), stride = n + below(3), kind = below(4);
  pair x = twice(values(m * stride, spread), m * stride);
  uint8_t *mask = kind ? malloc(n) : NULL;
  for (size_t j = 0; mask && j < n; j++)  // kind 1: all masked
    mask[j] = kind > 1 && below(kind) == 0 ? (uint8_t)(next() >> 56) : 0;
  table->softmax(x.a, stride, m, n, mask);
  generic->softmax(x.b, stride, m, n, mask);
  free(mask);
  return equal("softmax", x);
}

static bool activate(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = (enum spread)below(SPREADS);
  size_t n = 1 + below(200);
  lmq_activation activation = (lmq_activation)below(8);
  float *x = values(n, spread);
  pair y = twice(values(n, ORDINARY), n);
  table->activate(x, y.a, n, activation);
  generic->activate(x, y.b, n, activation);
  free(x);
  char what[40];
  snprintf(what, sizeof what, "activation %d", (int)activation);
  return equal(what, y);
}

static bool binary(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = (enum spread)below(SPREADS);
  size_t n = 1 + below(100);
  bool scalar = below(2);
  lmq_binary op = (lmq_binary)below(4);
  float *a = values(n, spread), *b = values(scalar ? 1 : n, spread);
  pair y = twice(values(n, ORDINARY), n);
  table->binary(a, b, y.a, n, op, scalar);
  generic->binary(a, b, y.b, n, op, scalar);
  free(a);
  free(b);
  char what[40];
  snprintf(what, sizeof what, "operation %d", (int)op);
  return equal(what, y);
}

static bool sums(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t n = below(300);
  float *x = values(n + 1, (enum spread)below(SPREADS));
  float a[2] = {table->sum(x, n), table->norm_l2(x, n)}, b[2] = {generic->sum(x, n), generic->norm_l2(x, n)};
  free(x);
  return same("sum, norm", a, b, 2);
}

static bool accumulate(const lmq_kernels *table, const lmq_kernels *generic) {
  enum spread spread = (enum spread)below(SPREADS);
  size_t n = 1 + below(100);
  float *x = values(n, spread), factor = value(spread);
  pair y = twice(values(n, spread), n);
  table->accumulate(y.a, x, factor, n);
  generic->accumulate(y.b, x, factor, n);
  free(x);
  return equal("accumulate", y);
}

static bool round_bf16(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t n = 1 + below(100);
  pair y = twice(values(n, (enum spread)below(SPREADS)), n);
  table->round_bf16(y.a, y.a, n);
  generic->round_bf16(y.b, y.b, n);
  return equal("round_bf16", y);
}

static bool widen(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t n = 1 + below(100);
  int type = (int)(LMQ_F32 + below(3));
  float *x = values(n, ANY);
  pair y = twice(values(n, ORDINARY), n);
  table->widen(x, type, y.a, n);
  generic->widen(x, type, y.b, n);
  free(x);
  return equal("widen", y);
}

static bool pack(const lmq_kernels *table, const lmq_kernels *generic) {
  size_t k = 1 + below(70), n = 1 + below(100), gap = below(4);
  bool transposed = below(2);
  size_t k_stride = transposed ? 1 : n + gap, n_stride = transposed ? k + gap : 1;
  size_t count = (n + 31) / 32 * 32 * k;
  float *w = values((k - 1) * k_stride + (n - 1) * n_stride + 1, WIDE), factor = value(ORDINARY);
  pair y = twice(values(count, ORDINARY), count);
  table->pack(w, k_stride, n_stride, k, n, factor, y.a);
  generic->pack(w, k_stride, n_stride, k, n, factor, y.b);
  free(w);
  return equal("pack", y);
}

static const struct {
  const char *name;
  bool (*run)(const lmq_kernels *table, const lmq_kernels *generic);
} comparisons[] = {
    {"matmul", matmul},         {"layer_norm", layer_norm}, {"softmax", softmax}, {"activate", activate},
    {"binary", binary},         {"sums", sums},             {"accumulate", accumulate},
    {"round_bf16", round_bf16}, {"widen", widen},           {"pack", pack},
    {"quantize_rows", quantize_rows}, {"matmul_int8", matmul_int8},
    {"softmax_codes", softmax_codes}, {"pack_codes", pack_codes},
};

const char *kernel_comparison_name(size_t index) {
  return index < sizeof comparisons / sizeof *comparisons ? comparisons[index].name : NULL;
}

bool kernel_comparison_run(size_t index, const char *table, unsigned seed, char *message, size_t size) {
  state = (uint64_t)(seed + 1) * 0x9E3779B97F4A7C15;
  for (int i = 0; i < 8; i++) next();
  text = message;
  text_size = size;
  const lmq_kernels *tested = lmq_kernels_find(table), *generic = lmq_kernels_find("generic");
  if (!tested || !generic) return fail("no table %s", table);
  digest = 0xCBF29CE484222325;
  return comparisons[index].run(tested, generic);
}

uint64_t kernel_comparison_digest(void) { return digest; }
