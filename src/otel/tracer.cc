#include "otel/tracer.h"

#include <utility>

namespace kt::otel {
namespace {

constexpr std::size_t kItemsMax = 128;
constexpr std::size_t kTextBytesMax = 4096;

void bound(Value& value) {
  if (auto* const text = std::get_if<std::string>(&value); text && text->size() > kTextBytesMax)
    *text = bounded(*text, kTextBytesMax);
}

/// Adds what there is room for; returns how much there was none for.
std::uint32_t add(Attributes& to, Attributes attributes) {
  std::uint32_t dropped = 0;
  for (Attribute& attribute : attributes) {
    if (to.size() >= kItemsMax) {
      ++dropped;
      continue;
    }
    bound(attribute.value);
    to.push_back(std::move(attribute));
  }
  return dropped;
}

}  // namespace

struct Span::State {
  explicit State(Tracer& t) : tracer(t) {}

  Tracer& tracer;
  std::mutex mutex;
  SpanRecord record;   // guarded by mutex
  bool ended = false;  // guarded by mutex
};

std::string bounded(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max)
    return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return std::string(text.substr(0, end));
}

void Span::set(std::string key, Value value) {
  if (!state_)
    return;
  Attributes one;
  one.emplace_back(std::move(key), std::move(value));
  const std::lock_guard lock(state_->mutex);
  for (Attribute& attribute : state_->record.attributes) {
    if (attribute.key != one[0].key)
      continue;
    bound(one[0].value);
    attribute.value = std::move(one[0].value);
    return;
  }
  state_->record.dropped_attributes += add(state_->record.attributes, std::move(one));
}

void Span::add_event(std::string name, Attributes attributes) {
  if (!state_)
    return;
  SpanEvent event;
  event.name = std::move(name);
  event.time = state_->tracer.time_.now();
  add(event.attributes, std::move(attributes));
  const std::lock_guard lock(state_->mutex);
  if (state_->ended || state_->record.events.size() >= kItemsMax)
    ++state_->record.dropped_events;
  else
    state_->record.events.push_back(std::move(event));
}

void Span::fail(std::string message, Blame blame) {
  set("error.blame", blame == Blame::Guest ? "guest" : "host");
  if (!state_)
    return;
  const std::lock_guard lock(state_->mutex);
  state_->record.status = StatusCode::Error;
  state_->record.status_message = bounded(message, kTextBytesMax);
}

void Span::end() {
  const auto state = std::exchange(state_, nullptr);
  if (!state)
    return;
  const std::lock_guard lock(state->mutex);
  state->ended = true;
  state->record.end = state->tracer.time_.now();
  state->tracer.take(state->record, state->tracer.scope_);
}

template <std::size_t N>
void Tracer::draw(std::array<std::uint8_t, N>& id) {
  for (std::size_t i = 0; i < N; i += 8) {
    const std::uint64_t drawn = random_.next();
    for (std::size_t byte = 0; byte < 8; ++byte)
      id[i + byte] = static_cast<std::uint8_t>(drawn >> (8 * byte));
  }
  id[N - 1] |= 1;  // zeros are no id
}

bool Tracer::is_sampled(const TraceContext& parent, const TraceContext::TraceId& trace) const {
  if (sampler_.parent_based && parent.valid())
    return parent.sampled;
  if (sampler_.ratio >= 1.0)
    return true;
  // By the trace's own bits, so that every process decides alike.
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i)
    low = (low << 8) | trace[i];
  constexpr double kHalf = 9223372036854775808.0;
  return static_cast<double>(low >> 1) < sampler_.ratio * kHalf;
}

Span Tracer::start(SpanStart start) {
  if (!enabled())
    return Span(nullptr, std::move(start.parent));
  TraceContext context = start.parent;
  {
    const std::lock_guard lock(mutex_);
    if (!context.valid())
      draw(context.trace_id);
    draw(context.span_id);
  }
  context.sampled = is_sampled(start.parent, context.trace_id);
  if (!context.sampled)
    return Span(nullptr, std::move(context));
  auto state = std::make_shared<Span::State>(*this);
  SpanRecord& record = state->record;
  record.context = context;
  record.parent = start.parent.span_id;
  record.name = bounded(start.name, kTextBytesMax);
  record.kind = start.kind;
  record.start = time_.now();
  record.dropped_attributes = add(record.attributes, std::move(start.attributes));
  return Span(std::move(state), std::move(context));
}

void Tracer::take(const SpanRecord& span, std::shared_ptr<const std::string> scope) {
  if (queue_ == nullptr || !span.context.sampled)
    return;
  Item item;
  item.scope = std::move(scope);
  item.bytes = encode(span);
  queue_->push(std::move(item));
}

}  // namespace kt::otel
