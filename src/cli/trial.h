// cli/trial.h — `--test`: each component is called once with a made-up batch.
//
// Why: whether an app's guests load, link and answer is worth knowing before there is a stream.
#pragma once
#include "cli/app_setup.h"

namespace kt::cli {

/// Reads no stream, stores no position. Prints a line a component; 0 when all succeeded, else 1.
int run_trial(AppSetup& setup, const TriggerFlags& flags, const Console& console);

}  // namespace kt::cli
