#include "CIntrinsics.h"

#include <stdlib.h>  // defines __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>

enum { megabyte = 1 << 20 };

void standing_keep_heap(void) {
    mallopt(M_MMAP_THRESHOLD, 32 * megabyte);
    mallopt(M_TRIM_THRESHOLD, 256 * megabyte);
    mallopt(M_TOP_PAD, 16 * megabyte);
}
#else
void standing_keep_heap(void) {}
#endif
