#include "model/checkpoint.h"

#include <charconv>

namespace kt {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

template <class Int>
bool read_int(std::string_view text, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

int rank(const Checkpoint& c) {
  return std::visit(
      Overloaded{[](const TrimHorizon&) { return 0; }, [](const AtTimestamp&) { return 0; },
                 [](const AtSequenceNumber&) { return 1; }, [](const After&) { return 2; },
                 [](const ShardEnd&) { return 3; }},
      c);
}

/// A number as some service gave it: emulators write leading zeros, which the real one never does.
Result<SequenceNumber> stored_sequence(std::string_view text) {
  constexpr std::size_t kDigitsMax = 129;
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (text.empty() || text.size() > kDigitsMax || !digits)
    return fail(ErrorCode::Corrupt, "no sequence number");
  return SequenceNumber(text);
}

/// "AFTER:<n>", "AFTER:<n>/0" (the same, as version 1.0 wrote it), "INSIDE:<n>/<sub>".
Result<Checkpoint> decode_after(std::string_view kind, std::string_view value) {
  const auto slash = value.find('/');
  std::uint64_t sub = kWholeRecord;
  if (slash != std::string_view::npos && !read_int(value.substr(slash + 1), sub))
    return fail(ErrorCode::Corrupt, "no sub-sequence number");
  const bool after = kind == "AFTER" && (slash == std::string_view::npos || sub == 0);
  const bool inside = kind == "INSIDE" && slash != std::string_view::npos && sub != kWholeRecord;
  if (!after && !inside)
    return fail(ErrorCode::Corrupt, "no known form");
  TRY(SequenceNumber sequence, stored_sequence(value.substr(0, slash)));
  return Checkpoint(After{ExtendedSequenceNumber(std::move(sequence), after ? kWholeRecord : sub)});
}

}  // namespace

bool is_forward(const Checkpoint& from, const Checkpoint& to) {
  if (from == to)
    return true;
  if (rank(from) == 0)
    return rank(to) > 0;
  const auto* at = std::get_if<AtSequenceNumber>(&from);
  const auto* after_from = std::get_if<After>(&from);
  const auto* after_to = std::get_if<After>(&to);
  if (at != nullptr && after_to != nullptr)
    return after_to->position.sequence >= at->sequence;
  if (after_from != nullptr && after_to != nullptr)
    return after_to->position >= after_from->position;
  return rank(to) > rank(from);
}

std::string to_string(const Checkpoint& checkpoint) {
  return std::visit(
      Overloaded{[](const TrimHorizon&) { return std::string("TRIM_HORIZON"); },
                 [](const AtTimestamp& at) { return "AT_TIMESTAMP " + to_rfc3339(at.time); },
                 [](const AtSequenceNumber& at) { return "at " + at.sequence.str(); },
                 [](const After& after) {
                   std::string text = "after " + after.position.sequence.str();
                   if (!after.position.whole())
                     text += "/" + std::to_string(after.position.sub);
                   return text;
                 },
                 [](const ShardEnd&) { return std::string("SHARD_END"); }},
      checkpoint);
}

std::string encode(const Checkpoint& checkpoint) {
  return std::visit(Overloaded{[](const TrimHorizon&) { return std::string("TRIM_HORIZON"); },
                               [](const AtTimestamp& at) {
                                 return "AT_TIMESTAMP:" +
                                        std::to_string(at.time.time_since_epoch().count());
                               },
                               [](const AtSequenceNumber& at) { return "AT:" + at.sequence.str(); },
                               [](const After& after) {
                                 if (after.position.whole())
                                   return "AFTER:" + after.position.sequence.str();
                                 return "INSIDE:" + after.position.sequence.str() + "/" +
                                        std::to_string(after.position.sub);
                               },
                               [](const ShardEnd&) { return std::string("SHARD_END"); }},
                    checkpoint);
}

Result<Checkpoint> decode_checkpoint(std::string_view text) {
  const auto corrupt = [&] {
    return fail(ErrorCode::Corrupt,
                "not a stored checkpoint: \"" + std::string(text.substr(0, 160)) + "\"");
  };
  if (text == "TRIM_HORIZON")
    return Checkpoint(TrimHorizon{});
  if (text == "SHARD_END")
    return Checkpoint(ShardEnd{});
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return corrupt();
  const std::string_view kind = text.substr(0, colon);
  const std::string_view value = text.substr(colon + 1);
  if (kind == "AT_TIMESTAMP") {
    std::int64_t millis = 0;
    if (!read_int(value, millis))
      return corrupt();
    return Checkpoint(AtTimestamp{WallTime(std::chrono::milliseconds(millis))});
  }
  if (kind == "AT") {
    auto sequence = stored_sequence(value);
    if (!sequence)
      return corrupt();
    return Checkpoint(AtSequenceNumber{*std::move(sequence)});
  }
  auto after = decode_after(kind, value);
  if (!after)
    return corrupt();
  return *std::move(after);
}

}  // namespace kt
