// wasm/bridge_error.h — From the bridge's error objects to ours.
//
// Why: one place knows the kinds of the C header. Only sources of this room include it.
#pragma once
#include <kt_bridge.h>

#include <string_view>

#include "base/result.h"

namespace kt::wasm {

/// Takes the error over. Null is success.
Result<Unit> to_result(kt_error* error);

}  // namespace kt::wasm
