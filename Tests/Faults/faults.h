/* What shim.c, which is preloaded, offers the driver. */
#ifndef FAULTS_H
#define FAULTS_H

typedef enum fault_kind {
  FAULT_NONE,
  FAULT_MEMORY,      /* malloc, calloc, realloc, posix_memalign, aligned_alloc, mmap: ENOMEM */
  FAULT_READ,        /* open, fcntl, fstat, read, pread, mmap of a file: EIO */
  FAULT_END,         /* read, pread: the file ends here */
  FAULT_SHORT,       /* read, pread: half of what is asked for */
  FAULT_INTERRUPTED, /* read, pread: EINTR */
  FAULT_THREAD,      /* pthread_create: EAGAIN */
} fault_kind;

/* From now on the `number`-th call of that kind, counted from 1, fails; with `lasting` each one after it, too. */
void fault_begin(fault_kind kind, long number, int lasting);
/* No call fails any more. Answers how many of that kind there were. */
long fault_end(void);
/* Lets calls fail, or not, without counting anew. */
void fault_pause(int paused);
/* How many calls failed since fault_begin. */
long fault_count(void);

/* What the process holds now: blocks of memory, mappings, descriptors. */
typedef struct fault_live {
  long blocks, mappings, files;
} fault_live;
fault_live fault_held(void);

#endif
