#ifndef STANDING_CCHECKSUM_H
#define STANDING_CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720) of `length` bytes; the SSE 4.2 or Armv8 instruction where the processor has it.
uint32_t standing_crc32c(const void *bytes, size_t length);

#endif
