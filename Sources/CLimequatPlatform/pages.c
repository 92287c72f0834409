// mlock2 is behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "limequat_platform.h"

void lmq_prefer_large_pages(void *start, size_t size) {
  // Where pages have 16 or 64 KiB, a large one has 32 or 512 MiB: one alone may be more than all weights.
  if (lmq_page_size() == 4096) (void)madvise(start, size, MADV_HUGEPAGE);
}

bool lmq_lock_as_touched(void *start, size_t size) { return mlock2(start, size, MLOCK_ONFAULT) == 0; }
