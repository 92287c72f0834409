/* Rates of the matrix products of each table, against the bound of the instruction they are made of.
 *
 * hot: the same weights in each call. cold: the weights rotate over copies far larger than any cache, so
 * they come from memory, as a model's experts do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "limequat_kernels.h"

enum { COLD_BYTES = 400 << 20 };

static const double seconds = 0.1; /* at least for a figure */

static float *inputs(size_t count) {
  float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
  for (size_t i = 0; i < count; i++) x[i] = (float)(i * 7919 % 1000) * 1e-3f - 0.5f;
  return x;
}

static char *weights(size_t bytes, int type) {
  char *w = aligned_alloc(64, bytes);
  if (type == LMQ_F32)
    for (size_t i = 0; i < bytes / 4; i++) ((float *)(void *)w)[i] = (float)(i % 997) * 1e-3f - 0.5f;
  else
    for (size_t i = 0; i < bytes / 2; i++) ((uint16_t *)(void *)w)[i] = (uint16_t)(0x3400 + i % 97);
  return w;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* GMAC/s with the weights rotating over `copies`: of the fastest call if there is one, else of the median call,
 * since parts of a copy may still lie in a cache. */
static double rate(const lmq_kernels *kernels, lmq_matmul *job, const char *w, size_t bytes, size_t copies) {
  enum { CALLS = 4096 };
  static double times[CALLS];
  double begin = now();
  size_t calls = 0;
  for (; calls < CALLS && (calls < copies + 50 || now() - begin < seconds); calls++) {
    job->panels = w + calls % copies * bytes;
    double start = now();
    kernels->matmul(job, 0, job->n / 32);
    times[calls] = now() - start;
  }
  qsort(times, calls, sizeof *times, ascending);
  double macs = (double)job->m * (double)job->k * (double)job->n;
  return macs / times[copies == 1 ? 0 : calls / 2] * 1e-9;
}

static void measure(
    const lmq_kernels *kernels, const char *label, int type, size_t k, size_t n, double limit) {
  static const size_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16, 64, 197};
  size_t bytes = k * n * (type == LMQ_F32 ? 4 : 2), copies = COLD_BYTES / bytes;
  char *w = weights(bytes * copies, type);
  float *x = inputs(197 * k), *y = inputs(197 * n), *bias = inputs(n);
  lmq_matmul job = {
      .x = x, .x_stride = k, .bias = bias, .y = y, .y_stride = n, .k = k, .n = n, .type = type};
  printf("%-8s %-5s K %4zu N %4zu ", kernels->name, label, k, n);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    job.m = sizes[i];
    double hot = rate(kernels, &job, w, bytes, 1), cold = rate(kernels, &job, w, bytes, copies);
    printf(" %3zu: %5.1f/%5.1f", job.m, hot, cold);
    if (i + 1 == sizeof sizes / sizeof *sizes) printf("  = %.0f %% of the bound", 100 * hot / limit);
    fflush(stdout);
  }
  printf("\n");
  free(w);
  free(x);
  free(y);
  free(bias);
}

static double print_bounds(void) {
  double limit = bound(fma_256, 8);
  printf("bounds, GMAC/s on one core: f32 fma 256 bits %.1f", limit);
  if (lmq_kernels_find("avx512")) printf(", 512 bits %.1f", bound(fma_512, 16));
  printf("\n");
  return limit;
}

int main(int count, char **arguments) {
  const char *only = count > 1 ? arguments[1] : NULL;
  printf("GMAC/s, M: hot/cold\n");
  print_bounds();
  for (size_t t = 0; lmq_kernels_name(t); t++) {
    const lmq_kernels *kernels = lmq_kernels_find(lmq_kernels_name(t));
    if (only ? strcmp(only, kernels->name) != 0 : strcmp("generic", kernels->name) == 0) continue;
    double limit = strncmp(kernels->name, "avx512", 6) == 0 ? bound(fma_512, 16) : bound(fma_256, 8);
    measure(kernels, "f32", LMQ_F32, 768, 3072, limit);
    measure(kernels, "f32", LMQ_F32, 3072, 768, limit);
    measure(kernels, "bf16", LMQ_BF16, 768, 3072, limit);
    measure(kernels, "f16", LMQ_F16, 768, 3072, limit);
  }
  print_bounds();
  return 0;
}
