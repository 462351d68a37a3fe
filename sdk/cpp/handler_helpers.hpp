// handler_helpers.hpp — What handlers of both worlds need around their records.
//
// Needs spin_kinesis.hpp and stream_handler.hpp beside it. Views of records live until the handler
// returns; nothing here copies a payload. JSON is left to the library of your choice: data() is
// what it parses.
#pragma once
#include <cstdint>
#include <cstdio>
#include <optional>
#include <spin_kinesis.hpp>
#include <stream_handler.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace handler_helpers {

/// Whether a payload is UTF-8 text. Records are bytes: not every one is.
inline bool is_text(std::string_view data) {
  std::size_t at = 0;
  while (at < data.size()) {
    const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(data[index]); };
    const std::uint8_t first = byte(at);
    const std::size_t length = first < 0x80             ? 1
                               : (first & 0xe0) == 0xc0 ? 2
                               : (first & 0xf0) == 0xe0 ? 3
                               : (first & 0xf8) == 0xf0 ? 4
                                                        : 0;
    if (length == 0 || data.size() - at < length)
      return false;
    std::uint32_t point = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t more = 1; more < length; ++more) {
      if ((byte(at + more) & 0xc0) != 0x80)
        return false;
      point = point << 6 | (byte(at + more) & 0x3f);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      return false;
    at += length;
  }
  return true;
}

/// The records of one partition key, in their order, as indexes of the batch.
struct Group {
  std::string_view key;
  std::vector<std::uint32_t> indexes;
};

/// A group for each partition key, in the order in which the keys first come.
template <class Records>
std::vector<Group> by_key(const Records& records) {
  std::vector<Group> groups;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::uint32_t index = 0; index < records.size(); ++index) {
    const std::string_view key = records[index].partition_key();
    const auto [place, fresh] = places.try_emplace(key, groups.size());
    if (fresh)
      groups.push_back(Group{key, {}});
    groups[place->second].indexes.push_back(index);
  }
  return groups;
}

/// Why a record was not handled; nothing: it was.
using Failure = std::optional<std::string>;

namespace detail {

template <class Record>
void say(const Record& record, const std::string& why) {
  const std::string_view sequence = record.sequence_number();
  std::fprintf(stderr, "record %.*s failed: %s\n", static_cast<int>(sequence.size()),
               sequence.data(), why.c_str());
}

}  // namespace detail

/// Stops at the first record that fails, which is said on stderr: what comes before it never comes
/// again, and nothing behind it was tried. `handle` takes a Record and returns a Failure.
template <class Handle>
stream_handler::Result in_order(stream_handler::Records records, Handle handle) {
  for (std::uint32_t index = 0; index < records.size(); ++index) {
    if (const Failure why = handle(records[index])) {
      detail::say(records[index], *why);
      return stream_handler::Result::failed_from(index);
    }
  }
  return stream_handler::Result::done();
}

/// Tries every record. What failed is said on stderr and comes again, with all behind it: for
/// effects that may be repeated, and records that do not build on one another.
template <class Handle>
stream_handler::Result each(stream_handler::Records records, Handle handle) {
  std::vector<std::uint32_t> failed;
  for (std::uint32_t index = 0; index < records.size(); ++index) {
    if (const Failure why = handle(records[index])) {
      detail::say(records[index], *why);
      failed.push_back(index);
    }
  }
  return failed.empty() ? stream_handler::Result::done()
                        : stream_handler::Result::failed_items(std::move(failed));
}

/// The like of failed_items for the first world, for a trigger with
/// function_response_types = ["ReportBatchItemFailures"]. None: all are handled.
inline spin_kinesis::Result item_failures(spin_kinesis::Records records,
                                          const std::vector<std::uint32_t>& failed) {
  if (failed.empty())
    return spin_kinesis::Result::ok();
  std::string text = R"({"batchItemFailures":[)";
  for (const std::uint32_t index : failed) {
    if (text.back() == '}')
      text += ',';
    text += R"({"itemIdentifier":")";
    text += records[index].sequence_number();
    text += R"("})";
  }
  return spin_kinesis::Result::error(text + "]}");
}

}  // namespace handler_helpers
