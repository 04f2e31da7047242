#pragma once

/// The commit that was built, as whoever built it said (STANDING_COMMIT in the environment of the build); "" if nobody did.
/// Here, and not in Swift, because another commit then compiles this file alone.
const char *_Nonnull standing_commit(void);
