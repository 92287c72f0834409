/// Runs each kernel of a table and of `generic` on the same awkward inputs and compares all bits.
#ifndef KERNEL_COMPARISON_H
#define KERNEL_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The name of a comparison; NULL past the last.
const char *kernel_comparison_name(size_t index);

/// One round of a comparison with inputs made from `seed`. True when the table named so equals `generic`; else
/// `message` says where they differ.
bool kernel_comparison_run(size_t index, const char *table, unsigned seed, char *message, size_t size);

/// A digest of what `generic` gave in this thread's last round: the same on every processor.
uint64_t kernel_comparison_digest(void);

/// The xor of the digests of all comparisons, seeds 0 to 99. It changes when a definition or an input does.
#define KERNEL_COMPARISON_DIGEST 0xCE6AEFE8AD979FA4ULL

#endif
