#include <string.h>
#include <zlib.h>
