/* What the machine can do, as one JSON object: GMAC/s of one core by instruction, at most, and GB/s read from memory
 * by one core and by two together, in ordinary pages and in large ones. `bounds arithmetic` measures only the former;
 * `bounds read N` prints only the GB/s that N cores read together in ordinary pages. */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bounds.h"

enum { BYTES = 256 << 20, MOST_THREADS = 2, PASSES = 5, AHEAD = 128 };

typedef uint64_t words __attribute__((vector_size(64)));

/* How many lines ahead of the one that is read are asked for: AHEAD, or 0 if none are. Some processors read faster
 * so, others the other way. */
static size_t ahead;

/* Sums 64-byte vectors, or what the machine has for them, in four chains. Asking past the end does nothing. */
static void *read_all(void *memory) {
  const words *all = memory;
  words sums[4] = {{0}};
  for (size_t i = 0; i < BYTES / sizeof(words); i += 4) {
    for (size_t line = 0; ahead > 0 && line < 4; line++) __builtin_prefetch(&all[i + ahead + line], 0, 2);
    sums[0] += all[i];
    sums[1] += all[i + 1];
    sums[2] += all[i + 2];
    sums[3] += all[i + 3];
  }
  words sum = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  *(volatile uint64_t *)memory = sum[0];
  return NULL;
}

/* GB/s of a pass, each thread over memory of its own. */
static double pass(void *const *memory, int threads) {
  pthread_t handles[MOST_THREADS];
  double start = now();
  for (int t = 1; t < threads; t++)
    if (pthread_create(&handles[t], NULL, read_all, memory[t])) return 0;
  read_all(memory[0]);
  for (int t = 1; t < threads; t++) pthread_join(handles[t], NULL);
  return 1e-9 * BYTES * threads / (now() - start);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median pass, as calls are told by theirs, of the way that is faster. */
static double bandwidth(void *const *memory, int threads) {
  double rates[2][PASSES];
  for (int i = 0; i < 2 * PASSES; i++) {
    ahead = i % 2 ? AHEAD : 0;
    rates[i % 2][i / 2] = pass(memory, threads);
  }
  for (int way = 0; way < 2; way++) qsort(rates[way], PASSES, sizeof(double), ascending);
  double a = rates[0][PASSES / 2], b = rates[1][PASSES / 2];
  return a > b ? a : b;
}

static int can(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (strcmp(name, "fma 512") == 0) return __builtin_cpu_supports("avx512f");
  if (strcmp(name, "vpdpbusd 512") == 0) return __builtin_cpu_supports("avx512vnni");
  if (strcmp(name, "vpdpbusd 256") == 0) return __builtin_cpu_supports("avxvnni");
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  (void)name;
  return 0;
#endif
}

/* Memory for each thread. */
static int allocate(void **memory, int threads, int advice) {
  for (int t = 0; t < threads; t++) {
    memory[t] = aligned_alloc(2 << 20, BYTES);
    if (!memory[t]) return 0;
    (void)madvise(memory[t], BYTES, advice);
    memset(memory[t], t + 1, BYTES);
  }
  return 1;
}

/* A member of the object. */
static void print(const char *name, const char *unit, double rate) {
  static const char *before = "";
  printf("%s\"%s%s\": %.1f", before, name, unit, rate);
  before = ", ";
}

int main(int count, char **words) {
  void *memory[MOST_THREADS];
  int only_arithmetic = count == 2 && strcmp(words[1], "arithmetic") == 0;
  int only_reads = count == 3 && strcmp(words[1], "read") == 0;
  int threads = only_reads ? atoi(words[2]) : MOST_THREADS;
  if ((count > 1 && !only_arithmetic && !only_reads) || threads < 1 || threads > MOST_THREADS)
    return fputs("usage: bounds [arithmetic | read 1|2]\n", stderr), 2;
  if (!only_arithmetic && !allocate(memory, threads, MADV_NOHUGEPAGE)) return 1;
  if (only_reads) return printf("%.2f\n", bandwidth(memory, threads)), 0;
  const bound *kinds[] = {f32_bounds, int8_bounds};
  printf("{");
  for (size_t kind = 0; kind < 2; kind++)
    for (const bound *b = kinds[kind]; b->name; b++)
      if (can(b->name)) print(b->name, " GMAC/s", bound_rate(b));
  if (!only_arithmetic) {
    print("read", " GB/s, one core", bandwidth(memory, 1));
    print("read", " GB/s, two cores", bandwidth(memory, 2));
    for (int t = 0; t < threads; t++) free(memory[t]);
    if (!allocate(memory, threads, MADV_HUGEPAGE)) return 1;
    print("read", " GB/s in large pages, one core", bandwidth(memory, 1));
    print("read", " GB/s in large pages, two cores", bandwidth(memory, 2));
  }
  return puts("}"), 0;
}
