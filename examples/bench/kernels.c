/* Rates of the matrix products of each table, against the bound of the instruction they are made of.
 *
 * hot: the same weights in each call. cold: the weights rotate over copies far larger than any cache, so
 * they come from memory, as a model's experts do. Int8 includes the quantising of x. All is measured in some visits,
 * between which the others are, since other load may last for seconds: hot and bounds are the fastest, cold is the
 * median, and one row and reading are of the visit whose share is the median. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "limequat_kernels.h"

enum { COLD_BYTES = 400 << 20, CALLS = 4096, ROWS = 197, VISITS = 3, MOST_LINES = 64 };

static const double seconds = 0.1; /* at least for a figure */

/* One product: its kernels, sizes and buffers. */
typedef struct {
  const lmq_kernels *kernels;
  int type;
  size_t m, k, n;
  float *x, *y, *bias, *scales;
  int32_t *offsets;
  uint8_t *codes;
  size_t stride;  /* of the codes: an odd number of cache lines, as the runtime has it */
  const char *panels;
  int32_t *limits; /* NULL: the table wants none */
} product;

/* From -2 to 2, like a normal distribution: how fast int8 products are can depend on the codes. */
static float next_value(void) {
  static uint32_t state = 1;
  float sum = -2.0f;
  for (int i = 0; i < 4; i++) {
    state = state * 1664525u + 1013904223u;
    sum += (float)(state >> 8) * 0x1p-24f;
  }
  return sum;
}

static float *values(size_t count) {
  float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
  for (size_t i = 0; i < count; i++) x[i] = next_value();
  return x;
}

/* Floats between rows that products of floats read, as the runtime has it (PaddedRows.swift). */
static size_t float_stride(size_t k) { return (k + 15) / 16 * 16 + 20; }

static size_t panel_bytes(int type, size_t k, size_t n) {
  return type == LMQ_INT8 ? k * n + 8 * n : k * n * (type == LMQ_F32 ? 4 : 2);
}

/* Ordinary numbers: denormal ones would be slower. */
static char *weights(int type, size_t k, size_t n, size_t copies) {
  size_t bytes = panel_bytes(type, k, n);
  char *w = aligned_alloc(64, bytes * copies);
  for (size_t c = 0; c < copies; c++) {
    void *p = w + c * bytes;
    if (c > 0) memcpy(p, w, bytes);
    else if (type == LMQ_F32)
      for (size_t i = 0; i < k * n; i++) ((float *)p)[i] = (float)(i % 997) * 1e-3f - 0.5f;
    else if (type != LMQ_INT8)
      for (size_t i = 0; i < k * n; i++) ((uint16_t *)p)[i] = (uint16_t)(0x3400 + i % 97);
    else {
      int8_t *codes = p;
      for (size_t i = 0; i < k * n; i++) codes[i] = (int8_t)(next_value() * 63.5f);
      float *scales = (float *)((char *)p + k * n);
      /* The sums of codes are not theirs: products take the same time. */
      for (size_t i = 0; i < n; i++) scales[i] = 1e-3f, ((int32_t *)(void *)(scales + n))[i] = 0;
    }
  }
  return w;
}

static void multiply(const product *p) {
  if (p->type == LMQ_INT8) {
    p->kernels->quantize_rows(p->x, p->k, p->m, p->k, p->codes, p->stride, p->scales, p->offsets);
    lmq_matmul_int8 job = {
        .x = p->codes, .x_stride = p->stride, .x_scales = p->scales, .x_offsets = p->offsets,
        .panels = p->panels, .limits = p->limits, .bias = p->bias, .y = p->y, .y_stride = p->n, .m = p->m,
        .n = p->n, .k = (uint32_t)p->k};
    p->kernels->matmul_int8(&job, 0, p->n / 32);
  } else {
    lmq_matmul job = {
        .x = p->x, .x_stride = float_stride(p->k), .panels = p->panels, .bias = p->bias, .y = p->y,
        .y_stride = p->n, .m = p->m, .k = p->k, .n = p->n, .type = p->type};
    p->kernels->matmul(&job, 0, p->n / 32);
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* GMAC/s with the weights rotating over `copies`: of the fastest call if there is one, else of the median
 * call, since parts of a copy may still lie in a cache. */
static double rate(product *p, const char *w, size_t copies) {
  static double times[CALLS];
  double begin = now();
  size_t calls = 0;
  for (; calls < CALLS && (calls < copies + 50 || now() - begin < seconds); calls++) {
    p->panels = w + calls % copies * panel_bytes(p->type, p->k, p->n);
    double start = now();
    multiply(p);
    times[calls] = now() - start;
  }
  qsort(times, calls, sizeof *times, ascending);
  return (double)p->m * (double)p->k * (double)p->n / times[copies == 1 ? 0 : calls / 2] * 1e-9;
}

/* GB/s at which one core reads memory, of the median of many parts, asking for so many bytes ahead; 0: not asking. */
static double read_rate_asking(const char *memory, size_t ahead) {
  enum { PART = 4 << 20, PARTS = COLD_BYTES / PART };
  typedef float vector __attribute__((vector_size(16)));
  static double times[PARTS];
  vector sums[4] = {0};
  for (size_t part = 0; part < PARTS; part++) {
    const char *p = memory + part * PART, *end = p + PART;
    double start = now();
    for (; p < end; p += 64) {
      if (ahead > 0) __builtin_prefetch(p + ahead, 0, 2);
      for (int i = 0; i < 4; i++) sums[i] += ((const vector *)(const void *)p)[i];
    }
    times[part] = now() - start;
  }
  for (int i = 0; i < 4; i++) __asm__ volatile("" : : "m"(sums[i]));
  qsort(times, PARTS, sizeof *times, ascending);
  return PART / times[PARTS / 2] * 1e-9;
}

/* The bound of one row, cold. Some processors read faster by themselves, others when they are asked. */
static double read_rate(const char *memory) {
  double alone = read_rate_asking(memory, 0), asked = read_rate_asking(memory, 8 << 10);
  return alone > asked ? alone : asked;
}

static const size_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16, 64, ROWS};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* A line of the output, and what was measured for it at each visit. */
typedef struct {
  const lmq_kernels *kernels;
  const bound *limit;
  const char *label;
  int type;
  size_t k, n;
  double hot[SIZES], cold[SIZES][VISITS], one_row[VISITS], reading[VISITS], before[VISITS], after[VISITS];
} line;

static double most(const double of[VISITS]) {
  double most = 0;
  for (size_t v = 0; v < VISITS; v++)
    if (of[v] > most) most = of[v];
  return most;
}

static double median(double of[VISITS]) {
  qsort(of, VISITS, sizeof *of, ascending);
  return of[VISITS / 2];
}

static void measure(line *to, size_t visit) {
  const lmq_kernels *kernels = to->kernels;
  const int type = to->type;
  const size_t k = to->k, n = to->n;
  size_t copies = COLD_BYTES / panel_bytes(type, k, n);
  char *w = weights(type, k, n, copies + 1);
  product p = {
      .kernels = kernels, .type = type, .k = k, .n = n, .x = values(ROWS * float_stride(k)),
      .y = values(ROWS * n), .bias = values(n), .scales = values(ROWS), .offsets = calloc(ROWS, sizeof(int32_t)),
      .stride = ((k + 63) / 64 | 1) * 64};
  p.codes = aligned_alloc(64, ROWS * p.stride);
  if (type == LMQ_INT8 && kernels->limit_int8) {
    p.limits = malloc(lmq_limit_count(k) * sizeof *p.limits);
    kernels->limit_int8(w, k, n, p.limits);
  }
  to->before[visit] = bound_rate(to->limit);
  for (size_t i = 0; i < SIZES; i++) {
    p.m = sizes[i];
    const double hot = rate(&p, w, 1);
    if (hot > to->hot[i]) to->hot[i] = hot;
    to->cold[i][visit] = rate(&p, w, copies);
    if (sizes[i] != 1) continue;
    to->one_row[visit] = to->cold[i][visit] * (double)panel_bytes(type, k, n) / (double)(k * n);
    to->reading[visit] = read_rate(w);
  }
  to->after[visit] = bound_rate(to->limit);
  free(w);
  free(p.x);
  free(p.y);
  free(p.bias);
  free(p.scales);
  free(p.offsets);
  free(p.limits);
  free(p.codes);
}

/* The visit at which one row was read at the median share of the speed of reading: both belong to one moment. */
static size_t middle(const line *of) {
  for (size_t v = 0; v < VISITS; v++) {
    size_t less = 0;
    for (size_t u = 0; u < VISITS; u++) {
      double a = of->one_row[u] / of->reading[u], b = of->one_row[v] / of->reading[v];
      less += a < b || (a == b && u < v);
    }
    if (less == VISITS / 2) return v;
  }
  return 0;
}

static void print(line *of) {
  printf("%-11s %-5s %4zu %4zu", of->kernels->name, of->label, of->k, of->n);
  for (size_t i = 0; i < SIZES; i++) printf(" %5.1f/%-5.1f", of->hot[i], median(of->cold[i]));
  const size_t visit = middle(of);
  printf("  read %.1f; %.1f GB/s", of->one_row[visit], of->reading[visit]);
  const double before = most(of->before), after = most(of->after), best = before > after ? before : after;
  if (of->limit) {
    printf("  %s %.1f; %.1f: %%", of->limit->name, before, after);
    for (size_t i = 0; i < SIZES; i++) printf(" %.0f", 100 * of->hot[i] / best);
  }
  printf("\n");
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    int type;
  } types[] = {{"f32", LMQ_F32}, {"bf16", LMQ_BF16}, {"f16", LMQ_F16}, {"int8", LMQ_INT8}};
  const char *table = count > 1 && *arguments[1] ? arguments[1] : NULL, *type = count > 2 ? arguments[2] : NULL;
  static line lines[MOST_LINES];
  size_t line_count = 0;
  printf("GMAC/s hot/cold for M of 1, 2, 3, 4, 6, 8, 12, 16, 64, %d; GB/s of one row, cold; of reading; bound before; after; %% of it\n", ROWS);
  printf("table       type     K    N\n");
  for (size_t t = 0; lmq_kernels_name(t); t++) {
    const lmq_kernels *kernels = lmq_kernels_find(lmq_kernels_name(t));
    if (table ? strcmp(table, kernels->name) != 0 : strcmp("generic", kernels->name) == 0) continue;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
      if (type && strcmp(type, types[i].name) != 0) continue;
      for (int is_second = 0; is_second < 2 && line_count < MOST_LINES; is_second++)
        lines[line_count++] = (line){
            .kernels = kernels, .label = types[i].name, .type = types[i].type, .k = is_second ? 3072 : 768,
            .n = is_second ? 768 : 3072,
            .limit = bound_of(types[i].type == LMQ_INT8 ? int8_bounds : f32_bounds, kernels->name)};
    }
  }
  for (size_t visit = 0; visit < VISITS; visit++)
    for (size_t i = 0; i < line_count; i++) measure(&lines[i], visit);
  for (size_t i = 0; i < line_count; i++) print(&lines[i]);
  return 0;
}
