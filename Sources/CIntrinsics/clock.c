#include "CIntrinsics.h"

#include <sys/timex.h>

int standing_kernel_clock(int *is_synchronized, int64_t *maximum_error) {
    struct timex clock = {.modes = 0};
    int state = adjtimex(&clock);
    if (state < 0) return -1;
    *is_synchronized = state != TIME_ERROR && !(clock.status & STA_UNSYNC);
    *maximum_error = clock.maxerror;
    return 0;
}
