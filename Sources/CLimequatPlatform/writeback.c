// Lets the disk begin while a file is still being written, so that the sync at the end has little left to wait for.
// sync_file_range is behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "limequat_platform.h"

void lmq_start_writeback(int fd, int64_t offset, int64_t size) {
#if defined(__linux__)
  // A hint: what does not begin now is written by the sync.
  int error = errno;
  (void)sync_file_range(fd, offset, size, SYNC_FILE_RANGE_WRITE);
  errno = error;
#else
  (void)fd, (void)offset, (void)size;
#endif
}
