#pragma once

/// The commit that was built, from STANDING_COMMIT in the environment of the build; "" if that was not set.
/// Here, and not in Swift, because another commit then compiles this file alone.
const char *_Nonnull standing_commit(void);
