#ifndef STANDING_CINTRINSICS_H
#define STANDING_CINTRINSICS_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720) of `length` bytes after those whose CRC is `previous` (0 if there are none); the SSE 4.2 or
/// Armv8 instruction where the processor has it.
uint32_t standing_crc32c(uint32_t previous, const void *bytes, size_t length);

/// Asks for the cache line at `address`, which may be any address; nothing else happens.
static inline void standing_prefetch(const void *address) { __builtin_prefetch(address); }

/// What the kernel says of the wall clock: whether a time service sets it, and by how many microseconds it may be wrong.
/// Returns 0, or -1 where the kernel does not tell. Swift's Glibc lacks <sys/timex.h>.
int standing_kernel_clock(int *is_synchronized, int64_t *maximum_error);

#endif
