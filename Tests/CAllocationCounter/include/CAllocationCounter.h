#ifndef STANDING_CALLOCATIONCOUNTER_H
#define STANDING_CALLOCATIONCOUNTER_H

/// Blocks taken from the heap by this thread so far (malloc, calloc, realloc, aligned and posix allocations).
long standing_allocations(void);

#endif
