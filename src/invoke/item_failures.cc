#include "invoke/item_failures.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace kt::invoke {
namespace {

using nlohmann::json;

/// What a response says, apart from the batch.
struct Response {
  enum class Kind { Ordinary, AllHandled, NoneHandled, Items };
  Kind kind = Kind::Ordinary;
  std::vector<std::string> items;
};

Response response_of(Response::Kind kind) {
  Response response;
  response.kind = kind;
  return response;
}

Response read_items(const json& list) {
  Response response = response_of(Response::Kind::Items);
  for (const json& item : list) {
    const auto member = item.is_object() ? item.find("itemIdentifier") : item.end();
    const bool named = item.is_object() && member != item.end() && member->is_string();
    if (!named || member->get_ref<const std::string&>().empty())
      return response_of(Response::Kind::NoneHandled);
    response.items.push_back(member->get<std::string>());
  }
  return response;
}

Response read_response(std::string_view text) {
  // The DOM is built by a parser that keeps its own stack: depth costs memory, not the stack.
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded())
    return response_of(Response::Kind::Ordinary);
  if (parsed.is_string())
    return response_of(parsed.get_ref<const std::string&>().empty() ? Response::Kind::AllHandled
                                                                    : Response::Kind::Ordinary);
  if (parsed.is_null() || ((parsed.is_array() || parsed.is_object()) && parsed.empty()))
    return response_of(Response::Kind::AllHandled);
  const auto list = parsed.is_object() ? parsed.find("batchItemFailures") : parsed.end();
  if (!parsed.is_object() || list == parsed.end())
    return response_of(Response::Kind::Ordinary);
  if (list->is_null() || (list->is_array() && list->empty()))
    return response_of(Response::Kind::AllHandled);
  if (!list->is_array())
    return response_of(Response::Kind::NoneHandled);
  return read_items(*list);
}

/// A sequence number, and the place in its aggregate where the identifier names one.
using Identifier = std::pair<std::string_view, std::optional<std::uint32_t>>;
/// And whether a record has it.
using Wanted = std::map<Identifier, bool>;

/// Nothing when one has a form that no record's identifier has.
std::optional<Wanted> take_apart(const std::vector<std::string>& items) {
  Wanted wanted;
  for (const std::string_view item : items) {
    const std::size_t dot = item.find('.');
    Identifier identifier(item.substr(0, dot), std::nullopt);
    if (dot != std::string_view::npos) {
      const std::string_view digits = item.substr(dot + 1);
      std::uint32_t sub = 0;
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), sub);
      if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
        return std::nullopt;
      identifier.second = sub;
    }
    wanted.emplace(identifier, false);
  }
  return wanted;
}

bool names(Wanted& wanted, const Record& record) {
  bool named = false;
  const std::optional<std::uint32_t> forms[] = {std::nullopt, record.sub_sequence};
  for (const auto& form : forms) {
    const auto found = wanted.find(Identifier(record.sequence_number, form));
    if (found == wanted.end())
      continue;
    found->second = true;
    named = true;
  }
  return named;
}

}  // namespace

Invocation read_item_failures(Invocation failed, const Batch& batch) {
  if (failed.outcome != InvokeOutcome::Failed || failed.message.empty() ||
      failed.message.size() > kItemFailuresBytesMax)
    return failed;
  const Response response = read_response(failed.message);
  if (response.kind == Response::Kind::Ordinary)
    return failed;
  if (response.kind == Response::Kind::AllHandled) {
    failed.outcome = InvokeOutcome::Done;
    failed.message.clear();
    return failed;
  }
  auto wanted = take_apart(response.items);
  std::size_t named = 0;
  for (std::size_t i = batch.records.size(); wanted && i > 0; --i) {
    if (!names(*wanted, batch.records[i - 1]))
      continue;
    ++named;
    failed.first_failed = static_cast<std::uint32_t>(i - 1);
  }
  const bool all_met = wanted && std::all_of(wanted->begin(), wanted->end(),
                                             [](const auto& one) { return one.second; });
  if (named == 0 || !all_met) {
    failed.message =
        "the handler's batchItemFailures name a record that is not in the batch, or "
        "none: the whole batch counts as failed";
    return failed;
  }
  failed.outcome = InvokeOutcome::Partial;
  failed.message = "the handler named " + std::to_string(named) + " of " +
                   std::to_string(batch.records.size()) + " records in batchItemFailures";
  return failed;
}

}  // namespace kt::invoke
