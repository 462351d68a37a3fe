#include "wasm/bridge_error.h"

#include "wasm/handle.h"

namespace kt::wasm {

namespace {

ErrorCode code_of(int kind) {
  switch (kind) {
    case KT_NOT_FOUND:
      return ErrorCode::NotFound;
    case KT_IO:
      return ErrorCode::Unavailable;
    case KT_INVALID:
    case KT_NOT_WASM:
    case KT_LINK:
    case KT_START:
      return ErrorCode::Invalid;
    default:
      return ErrorCode::Internal;
  }
}

}  // namespace

Result<Unit> to_result(kt_error* error) {
  if (error == nullptr)
    return Unit{};
  const Handle<kt_error, kt_error_free> owned(error);
  return fail(code_of(kt_error_get_kind(error)), kt_error_get_message(error));
}

}  // namespace kt::wasm
