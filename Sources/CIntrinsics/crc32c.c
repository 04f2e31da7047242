#include "CIntrinsics.h"

#include <string.h>

// CRC-32C of frames and files, with the processor's instruction where there is one. It is here and not from a library, because
// archives are checked at the speed of the memory, and the format's checksum must not depend on what is installed.

// The reflected Castagnoli polynomial, a table for processors without the instruction.
static uint32_t table_crc32c(uint32_t crc, const unsigned char *p, size_t n) {
    static uint32_t table[256];
    static int ready;
    if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int k = 0; k < 8; k++) c = (c >> 1) ^ ((c & 1) ? 0x82F63B78u : 0);
            __atomic_store_n(&table[i], c, __ATOMIC_RELAXED);
        }
        __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    }
    while (n--) crc = (crc >> 8) ^ table[(crc ^ *p++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

static uint64_t word_at(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

// The instruction takes three cycles, but one can begin in every cycle. Three blocks are therefore read side by side. The first two
// checksums are then multiplied by the power of x that stands for the bytes between them and the end (carry-less, modulo the
// polynomial): x^(8n - 33) for n bytes, because the product of reflected numbers has one x too many and the instruction adds 32.
enum { block_bytes = 512 };
static const uint64_t over_one_block = 0xDD7E3B0C;   // n = 512
static const uint64_t over_two_blocks = 0x170076FA;  // n = 1024

__attribute__((target("sse4.2,pclmul"))) static uint64_t product(uint64_t a, uint64_t b) {
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b), 0));
}

// The checksum of a number of bytes that is a multiple of three blocks.
__attribute__((target("sse4.2,pclmul"))) static uint64_t blocks_crc32c(uint64_t crc, const unsigned char *p, size_t n) {
    for (; n; n -= 3 * block_bytes, p += 2 * block_bytes) {
        uint64_t second = 0, third = 0;
        for (const unsigned char *end = p + block_bytes; p < end; p += 8) {
            crc = _mm_crc32_u64(crc, word_at(p));
            second = _mm_crc32_u64(second, word_at(p + block_bytes));
            third = _mm_crc32_u64(third, word_at(p + 2 * block_bytes));
        }
        crc = third ^ _mm_crc32_u64(0, product(crc, over_two_blocks) ^ product(second, over_one_block));
    }
    return crc;
}

__attribute__((target("sse4.2"))) static uint32_t fast_crc32c(uint32_t crc, const unsigned char *p, size_t n) {
    size_t in_blocks = __builtin_cpu_supports("pclmul") ? n - n % (3 * block_bytes) : 0;
    uint64_t wide = blocks_crc32c(crc, p, in_blocks);
    for (p += in_blocks, n -= in_blocks; n >= 8; n -= 8, p += 8) wide = _mm_crc32_u64(wide, word_at(p));
    crc = (uint32_t)wide;
    while (n--) crc = _mm_crc32_u8(crc, *p++);
    return crc;
}
static int have_fast(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
static uint32_t fast_crc32c(uint32_t crc, const unsigned char *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = __crc32cd(crc, word);
    }
    while (n--) crc = __crc32cb(crc, *p++);
    return crc;
}
static int have_fast(void) { return 1; }
#else
static uint32_t fast_crc32c(uint32_t crc, const unsigned char *p, size_t n) { return table_crc32c(crc, p, n); }
static int have_fast(void) { return 0; }
#endif

uint32_t standing_crc32c(uint32_t previous, const void *bytes, size_t length) {
    const unsigned char *p = bytes;
    uint32_t crc = previous ^ 0xFFFFFFFFu;
    crc = have_fast() ? fast_crc32c(crc, p, length) : table_crc32c(crc, p, length);
    return crc ^ 0xFFFFFFFFu;
}
