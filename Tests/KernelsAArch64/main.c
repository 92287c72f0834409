// Compares every table that runs here with `generic`, and checksums with their definition; used where Swift is not
// (Tests/kernels-aarch64.sh).

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksums.h"
#include "kernel_comparison.h"
#include "limequat_kernels.h"

int main(int count, char **arguments) {
  unsigned rounds = count > 1 ? (unsigned)atoi(arguments[1]) : 300;
  int comparisons = 2, failures = checksums_are_right() ? 0 : 1;
  uint64_t digest = 0;
  for (size_t i = 0; kernel_comparison_name(i); i++)
    for (unsigned seed = 0; seed < 100; seed++) {
      char message[256];
      kernel_comparison_run(i, "generic", seed, message, sizeof message);
      digest ^= kernel_comparison_digest();
    }
  if (digest != KERNEL_COMPARISON_DIGEST) {
    printf("generic: the digest is 0x%016llX\n", (unsigned long long)digest);
    failures++;
  }
  for (size_t t = 0; lmq_kernels_name(t); t++) {
    const char *table = lmq_kernels_name(t);
    if (strcmp(table, "generic") == 0) continue;
    for (size_t i = 0; kernel_comparison_name(i); i++, comparisons++)
      for (unsigned seed = 0; seed < rounds; seed++) {
        char message[256];
        if (kernel_comparison_run(i, table, seed, message, sizeof message)) continue;
        printf("%s, %s, seed %u: %s\n", table, kernel_comparison_name(i), seed, message);
        failures++;
        break;
      }
    printf("%s compared\n", table);
  }
  printf("%d passed, %d failed\n", comparisons - failures, failures);
  return failures ? 1 : 0;
}
