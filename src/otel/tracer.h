// otel/tracer.h — Begins and ends spans.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "otel/export_queue.h"
#include "otel/unix_time.h"

namespace kt::otel {

class Tracer;

/// Something that is under way. Ends at the latest when it is destroyed. Any thread; one that
/// records nothing costs nothing. Limits: 128 attributes, events and links, 4 KiB a text; more is
/// cut or dropped, and counted.
class Span {
 public:
  Span() = default;  ///< no trace at all
  Span(Span&&) noexcept = default;
  Span& operator=(Span&& other) noexcept {
    end();
    state_ = std::move(other.state_);
    context_ = std::move(other.context_);
    return *this;
  }
  ~Span() { end(); }

  bool is_recording() const { return state_ != nullptr; }
  /// What children and others refer to; of the parent where nothing is recorded at all.
  const TraceContext& context() const { return context_; }
  void set(std::string key, Value value);
  void add_event(std::string name, Attributes attributes);
  /// It failed: the status's text, and whose doing it more likely was.
  enum class Blame { Guest, Host };
  void fail(std::string message, Blame blame);
  void end();

 private:
  friend class Tracer;
  struct State;
  Span(std::shared_ptr<State> state, TraceContext context)
      : state_(std::move(state)), context_(std::move(context)) {}

  std::shared_ptr<State> state_;
  TraceContext context_;
};

/// How a span begins.
struct SpanStart {
  explicit SpanStart(std::string n, SpanKind k = SpanKind::Internal)
      : name(std::move(n)), kind(k) {}

  std::string name;
  SpanKind kind;
  TraceContext parent;  ///< invalid: it is the root of a new trace
  Attributes attributes;
};

/// Makes spans and hands finished ones on. Any thread. Outlives its spans.
class Tracer {
 public:
  /// `queue` may be null: then nothing is recorded, and contexts are passed on as they come.
  Tracer(ExportQueue* queue, const UnixTime& time, SamplerSettings sampler, Random random,
         std::shared_ptr<const std::string> scope)
      : queue_(queue), time_(time), sampler_(sampler), random_(random), scope_(std::move(scope)) {}
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Before the first span is begun.
  void use(ExportQueue* queue) { queue_ = queue; }
  bool enabled() const { return queue_ != nullptr; }
  Span start(SpanStart start);
  /// A span that somebody else made, in that scope (encoded).
  void take(const SpanRecord& span, std::shared_ptr<const std::string> scope);

 private:
  friend class Span;
  bool is_sampled(const TraceContext& parent, const TraceContext::TraceId& trace) const;
  template <std::size_t N>
  void draw(std::array<std::uint8_t, N>& id);

  ExportQueue* queue_;
  const UnixTime& time_;
  SamplerSettings sampler_;
  std::mutex mutex_;
  Random random_;  // guarded by mutex_
  std::shared_ptr<const std::string> scope_;
};

/// The text cut to at most so many bytes, where a character ends.
std::string bounded(std::string_view text, std::size_t bytes_max);

}  // namespace kt::otel
