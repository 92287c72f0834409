#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "limequat_platform.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>

// Kernels that are not optimised keep each of their many vectors on the stack.
#ifdef DEBUG
enum { stack_size = 8 << 20 };
#else
enum { stack_size = 512 << 10 };
#endif

int lmq_thread_start(pthread_t *thread, void *(*body)(void *), void *argument) {
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure != 0) return failure;
  size_t size = stack_size;
#ifdef PTHREAD_STACK_MIN
  if (size < (size_t)PTHREAD_STACK_MIN) size = (size_t)PTHREAD_STACK_MIN;
#endif
  failure = pthread_attr_setstacksize(&attributes, size);
  if (failure == 0) {
    // The host's signal handlers run on the host's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(thread, &attributes, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  pthread_attr_destroy(&attributes);
  return failure;
}

int lmq_processor_count(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 && count < INT_MAX ? (int)count : 1;
}
