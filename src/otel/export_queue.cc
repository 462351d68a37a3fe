#include "otel/export_queue.h"

#include <iterator>
#include <utility>

namespace kt::otel {
namespace {

constexpr std::size_t kBytesMax = std::size_t{16} << 20;
constexpr std::size_t kBatchBytesMax = std::size_t{3} << 20;

}  // namespace

/// What is being sent. When that is cancelled it goes back: the last flush sends it.
class ExportQueue::Batch {
 public:
  Batch(ExportQueue& queue, std::vector<Item> items) : queue_(queue), items_(std::move(items)) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (!over_)
      queue_.put_back(std::move(items_));
  }
  const std::vector<Item>& items() const { return items_; }
  void is_over() { over_ = true; }

 private:
  ExportQueue& queue_;
  std::vector<Item> items_;
  bool over_ = false;
};

void ExportQueue::push(Item item) noexcept {
  const std::lock_guard lock(mutex_);
  if (items_.size() >= settings_.queue_max || bytes_ + item.bytes.size() > kBytesMax) {
    ++dropped_;
    return;
  }
  bytes_ += item.bytes.size();
  items_.push_back(std::move(item));
  const bool full = items_.size() >= settings_.batch_max || bytes_ >= kBatchBytesMax;
  if (!full || std::exchange(woken_, true))
    return;
  deps_.loop.post([this] {
    if (waiting_ != nullptr)
      waiting_->fire();
  });
}

std::vector<Item> ExportQueue::take_batch() {
  const std::lock_guard lock(mutex_);
  std::vector<Item> out;
  std::size_t bytes = 0;
  woken_ = false;
  while (!items_.empty() && out.size() < settings_.batch_max && bytes < kBatchBytesMax) {
    bytes += items_.front().bytes.size();
    out.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  bytes_ -= bytes;
  return out;
}

void ExportQueue::put_back(std::vector<Item> batch) {
  const std::lock_guard lock(mutex_);
  for (const Item& item : batch)
    bytes_ += item.bytes.size();
  items_.insert(items_.begin(), std::make_move_iterator(batch.begin()),
                std::make_move_iterator(batch.end()));
}

Task<Result<Unit>> ExportQueue::wait_for_items() {
  OneShot tick;
  /// Taken back however the wait ends.
  struct Waiting {
    Waiting(ExportQueue& q, OneShot& t, Duration delay)
        : queue(q), id(q.deps_.clock.schedule(q.deps_.clock.now() + delay, t)) {
      queue.waiting_ = &t;
    }
    ~Waiting() {
      queue.waiting_ = nullptr;
      queue.deps_.clock.cancel(id);
    }
    ExportQueue& queue;
    Clock::AlarmId id;
  };
  const Waiting waiting(*this, tick, settings_.delay);
  co_await tick.wait();
  co_return Unit{};
}

Task<Result<Unit>> ExportQueue::run() {
  for (;;) {
    CO_TRY(wait_for_items());
    for (;;) {
      std::vector<Item> batch = take_batch();
      if (batch.empty())
        break;
      // A batch that cannot be sent is gone; it must not end the task.
      [[maybe_unused]] const auto sent =
          co_await send_batch(std::move(batch), settings_.export_timeout);
    }
  }
}

Task<Result<Unit>> ExportQueue::flush(Duration patience) {
  for (;;) {
    std::vector<Item> batch = take_batch();
    if (batch.empty())
      co_return Unit{};
    CO_TRY(send_batch(std::move(batch), patience));
  }
}

Task<Result<Unit>> ExportQueue::send_batch(std::vector<Item> batch, Duration patience) {
  Batch sending(*this, std::move(batch));
  auto sent = co_await sender_->send(encode_request(resource_, sending.items()), patience);
  sending.is_over();
  tell(sent, sending.items().size());
  co_return sent;
}

void ExportQueue::tell(const Result<Unit>& sent, std::size_t count) {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    (sent ? sent_ : dropped_) += count;
    dropped = dropped_;
  }
  // Once as it begins and once as it ends: a collector that is gone is not worth a line a batch.
  if (!sent && !std::exchange(failing_, true))
    deps_.log.warn("telemetry cannot be sent and is dropped",
                   {{"what", what_}, {"error", sent.error().what}});
  if (sent && std::exchange(failing_, false))
    deps_.log.info("telemetry is sent again", {{"what", what_}, {"dropped", dropped}});
}

std::uint64_t ExportQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

std::uint64_t ExportQueue::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

}  // namespace kt::otel
