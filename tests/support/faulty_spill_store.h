// tests/support/faulty_spill_store.h — A spill store with faults by script, over another.
#pragma once
#include <deque>
#include <optional>
#include <utility>

#include "runtime/event.h"
#include "spill/spill_store.h"

namespace kt::testing_support {

/// What one call of a kind meets.
struct SpillFault {
  Error error{ErrorCode::Unavailable, "scripted"};
  bool done = false;  ///< the write is carried out: only the answer is lost
};

/// Lives on: one loop. Counts calls; answers by script first.
class FaultySpillStore final : public spill::SpillStore {
 public:
  explicit FaultySpillStore(spill::SpillStore& inner) : inner_(inner) {}

  std::deque<SpillFault> load_faults, head_faults, append_faults, remove_faults;
  /// Appends wait for it, when set.
  OneShot* append_gate = nullptr;
  int heads = 0, appends = 0, removes = 0;

  Task<Result<spill::SpillContent>> load(
      spill::SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) override {
    if (const auto fault = next(load_faults))
      co_return fail(fault->error);
    co_return co_await inner_.load(std::move(scope), std::move(checkpoint));
  }
  Task<Result<std::vector<spill::SpilledRecord>>> head(spill::SpillScope scope,
                                                       std::string partition_key,
                                                       spill::HeadLimits limits) override {
    ++heads;
    if (const auto fault = next(head_faults))
      co_return fail(fault->error);
    co_return co_await inner_.head(std::move(scope), std::move(partition_key), limits);
  }
  Task<Result<spill::SpillOutcome>> append(spill::SpillScope scope,
                                           std::vector<spill::SpilledRecord> records) override {
    ++appends;
    if (append_gate != nullptr)
      co_await append_gate->wait();
    const auto fault = next(append_faults);
    if (fault && !fault->done)
      co_return fail(fault->error);
    auto stored = co_await inner_.append(std::move(scope), std::move(records));
    if (fault)
      co_return fail(fault->error);
    co_return stored;
  }
  Task<Result<spill::SpillOutcome>> remove(spill::SpillScope scope, std::string partition_key,
                                           std::vector<ExtendedSequenceNumber> positions) override {
    ++removes;
    const auto fault = next(remove_faults);
    if (fault && !fault->done)
      co_return fail(fault->error);
    auto stored =
        co_await inner_.remove(std::move(scope), std::move(partition_key), std::move(positions));
    if (fault)
      co_return fail(fault->error);
    co_return stored;
  }

 private:
  static std::optional<SpillFault> next(std::deque<SpillFault>& faults) {
    std::optional<SpillFault> fault;
    if (!faults.empty()) {
      fault = std::move(faults.front());
      faults.pop_front();
    }
    return fault;
  }

  spill::SpillStore& inner_;
};

}  // namespace kt::testing_support
