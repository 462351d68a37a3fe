// filter/filter_set.h — Which records a trigger wants: Lambda's event patterns, compiled.
//
// Why: a filtered record costs no call. The patterns are read once, when the app is loaded, and
// everything wrong with them is said there. A record is parsed at most once, and only where a
// pattern looks into its data.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/event_json.h"
#include "model/record.h"

namespace kt::filter {

struct Pattern;
struct ObjectPattern;

/// What happens to a record that would need its data compared, when the data is no JSON: no text
/// that holds one object or array.
enum class OnNonJson {
  Drop,  ///< the record is skipped, as Lambda does
  Pass,  ///< the record is delivered
  Fail,  ///< the record goes to the trigger's destination
};

/// What is to be done with a record.
enum class Verdict {
  Deliver,
  Skip,         ///< no filter matches
  SkipNonJson,  ///< skipped because its data is no JSON
  Reject,       ///< to the destination, because its data is no JSON
};

/// The most filters of a trigger. Lambda takes 5, or 10 on request.
inline constexpr std::size_t kFiltersMax = 100;
/// The longest text of one filter: Lambda's limit.
inline constexpr std::size_t kPatternBytesMax = 4096;

/// The filters of one trigger. Immutable: shared by its shards. A record is wanted when at least
/// one filter matches; with no filter every record is.
class FilterSet {
 public:
  /// Invalid names the filter's number, the place in it and what to write instead.
  static Result<std::shared_ptr<const FilterSet>> compile(const std::vector<std::string>& patterns,
                                                          OnNonJson on_non_json);
  /// For compile().
  FilterSet(std::vector<Pattern> patterns, OnNonJson on_non_json);
  ~FilterSet();

  std::size_t size() const;
  OnNonJson on_non_json() const { return on_non_json_; }
  /// Whether any filter looks into the data.
  bool reads_data() const { return reads_data_; }

 private:
  friend class Judge;

  std::vector<Pattern> patterns_;
  OnNonJson on_non_json_;
  bool reads_data_ = false;
};

/// Applies filters to records, one after the other, with memory that is used again.
/// Lives on: one thread. Limits: those of EventJson.
class Judge {
 public:
  explicit Judge(std::shared_ptr<const FilterSet> filters) : filters_(std::move(filters)) {}

  Verdict judge(const Record& record);
  /// Which filters match, by index: for the dry run. Looks at every filter.
  std::vector<std::size_t> matching(const Record& record);

 private:
  enum class Data { Unread, Json, NotJson };
  bool event(const ObjectPattern& pattern, const Record& record);
  bool data(const ObjectPattern& pattern, const Record& record);
  Verdict verdict_on_non_json() const;

  std::shared_ptr<const FilterSet> filters_;
  EventJson json_;
  Data data_ = Data::Unread;  ///< of the record in hand
};

}  // namespace kt::filter
