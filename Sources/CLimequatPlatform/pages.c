// madvise and mlock2 are behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "limequat_platform.h"

bool lmq_keep_pages(void *start, size_t size) {
  int error = errno;
  (void)madvise(start, size, MADV_HUGEPAGE);
  bool kept = mlock2(start, size, MLOCK_ONFAULT) == 0;
  errno = error;
  return kept;
}
