#include "limequat_platform.h"

// Process id, time and a counter: enough for the name of a temporary file, which is opened with O_EXCL.
uint64_t lmq_platform_unique(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static uint64_t counter;
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  pthread_mutex_lock(&lock);
  uint64_t n = ++counter;
  pthread_mutex_unlock(&lock);
  return ((uint64_t)getpid() << 40) ^ ((uint64_t)now.tv_nsec << 8) ^ n;
}
