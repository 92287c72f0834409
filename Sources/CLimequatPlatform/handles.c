// The handles that C programs hold: numbers in the clothes of pointers. They are looked up, never followed, so
// that a closed, foreign or made-up handle is recognised without touching memory that is not ours.
//
// A handle is generation * 2^24 + slot + 1. A slot is used again, its generation is not.

#include "limequat_platform.h"

typedef struct slot {
  void *object;  // NULL: free
  uint64_t generation;
  int kind;
  uint32_t next_free;  // slot + 1, when free
} slot;

enum { slot_bits = 24, first_capacity = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static slot *slots;
static size_t slot_count, slot_capacity;
// Freed slots wait in line, so that a generation lasts as long as possible.
static uint32_t oldest_free, newest_free;
static bool survives_fork;

void lmq_handles_lock(void) { pthread_mutex_lock(&lock); }
void lmq_handles_unlock(void) { pthread_mutex_unlock(&lock); }

static void *handle_of(size_t index) {
  return (void *)(uintptr_t)(slots[index].generation << slot_bits | (index + 1));
}

static slot *slot_of(const void *handle, int kind) {
  uint64_t value = (uintptr_t)handle;
  size_t number = value & ((1u << slot_bits) - 1);
  if (number == 0 || number > slot_count) return NULL;
  slot *found = &slots[number - 1];
  if (!found->object || found->kind != kind || found->generation != value >> slot_bits) return NULL;
  return found;
}

void *lmq_handles_add(void *object, int kind) {
  // A child of fork() must not find the lock held by a thread that it does not have.
  if (!survives_fork)
    survives_fork = pthread_atfork(lmq_handles_lock, lmq_handles_unlock, lmq_handles_unlock) == 0;
  size_t index;
  if (oldest_free) {
    index = oldest_free - 1;
    oldest_free = slots[index].next_free;
    if (!oldest_free) newest_free = 0;
  } else {
    if (slot_count == slot_capacity) {
      size_t capacity = slot_capacity ? 2 * slot_capacity : first_capacity;
      if (capacity >= (size_t)1 << slot_bits) return NULL;
      slot *larger = realloc(slots, capacity * sizeof *larger);
      if (!larger) return NULL;
      slots = larger;
      slot_capacity = capacity;
    }
    index = slot_count++;
    slots[index].generation = 1;
  }
  slots[index].object = object;
  slots[index].kind = kind;
  slots[index].next_free = 0;
  return handle_of(index);
}

void *lmq_handles_find(const void *handle, int kind) {
  slot *found = slot_of(handle, kind);
  return found ? found->object : NULL;
}

void *lmq_handles_remove(const void *handle, int kind) {
  slot *found = slot_of(handle, kind);
  if (!found) return NULL;
  void *object = found->object;
  found->object = NULL;
  found->generation++;
  found->next_free = 0;
  uint32_t number = (uint32_t)(found - slots) + 1;
  if (newest_free) slots[newest_free - 1].next_free = number;
  else oldest_free = number;
  newest_free = number;
  return object;
}
