#include "local/committer.h"

#include <algorithm>

namespace kt::local {

void Committer::nudge() {
  wanted_ = std::max(wanted_, begun_ + 1);
  work_to_do_.notify_all();
}

void Committer::finish() {
  finishing_ = true;
  if (model_.has_changes())
    nudge();
  work_to_do_.notify_all();
}

Task<Result<Unit>> Committer::durable() {
  std::uint64_t target = begun_;
  if (model_.has_changes()) {
    target = begun_ + 1;
    nudge();
  }
  while (done_ < target)
    co_await commit_done_.wait();
  // A later commit that succeeded holds what an earlier one could not write.
  if (failure_)
    co_return fail(*failure_);
  co_return Unit{};
}

Task<Result<Unit>> Committer::run() {
  for (;;) {
    while (wanted_ <= begun_ && !finishing_)
      co_await work_to_do_.wait();
    if (wanted_ <= begun_)
      co_return Unit{};
    co_await commit_once();
  }
}

Task<void> Committer::commit_once() {
  ++begun_;
  auto changes = std::make_shared<Changes>(model_.take_changes());
  StreamStore* const store = &store_;
  auto write = [store, changes]() -> Result<Unit> { return store->apply(*changes); };
  const Result<Unit> written = co_await work_.run(std::move(write));
  if (written) {
    model_.committed();
    failure_.reset();
  } else {
    model_.commit_failed(std::move(*changes));
    if (!failure_)
      log_.error("streams are not written: puts are refused until this is repaired",
                 {{"error", written.error().what}});
    failure_ = written.error();
  }
  ++done_;
  commit_done_.notify_all();
}

}  // namespace kt::local
