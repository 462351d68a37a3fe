#include "stream/shard_poller.h"

#include <utility>

namespace kt::stream {

Task<Result<Unit>> ShardPoller::run() {
  auto end = co_await loop_.read(std::nullopt);
  Result<Fetched> last;
  if (end)
    last = std::move(**end);  // without a date to stop at there is one
  else
    last = fail(std::move(end).error());
  co_await cursor_.conclude(std::move(last));
  co_return Unit{};
}

}  // namespace kt::stream
