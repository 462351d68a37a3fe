#include "invoke/gated_guest.h"

#include <utility>

namespace kt::invoke {

Task<Invocation> GatedGuest::handle(std::shared_ptr<const Batch> batch, CallContext context,
                                    MonotonicTime deadline) {
  const Duration allowed = deadline - clock_.now();
  auto permit = co_await gate_.enter();
  const MonotonicTime until = clock_.now() + allowed;
  co_return co_await guest_.handle(std::move(batch), std::move(context), until);
}

}  // namespace kt::invoke
