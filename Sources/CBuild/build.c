#include "CBuild.h"

const char *standing_commit(void) { return STANDING_COMMIT; }
