#include "batch/intake.h"

#include <algorithm>

#include "base/check.h"

namespace kt::batch {
namespace {

/// A page of user records: views into the page that they came in.
struct ApartPage : RecordPage {
  std::shared_ptr<const RecordPage> original;
};

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

/// Spreads what differs over all bits (the finalizer of MurmurHash3): FNV leaves the high bits of
/// short keys alike.
std::uint64_t mixed(std::uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33);
}

}  // namespace

std::size_t lane_of(std::string_view partition_key, std::size_t lanes) {
  return static_cast<std::size_t>(((mixed(fnv1a(partition_key)) >> 32) * lanes) >> 32);
}

Intake::Intake(Options options) : options_(std::move(options)) {
  CHECK(options_.lanes > 0 && options_.lanes <= 256, "a shard has 1 to 256 lanes");
  for (std::size_t i = 0; i < options_.lanes; ++i)
    lanes_.emplace_back(options_.batch);
  if (options_.filters && options_.filters->size() > 0)
    judge_.emplace(options_.filters);
  if (options_.resume_after && options_.resume_after->whole())
    options_.resume_after.reset();
}

bool Intake::empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Batcher& lane) { return lane.empty(); });
}

void Intake::add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now) {
  if (options_.deaggregate)
    page = take_apart(std::move(page), first);
  if (first >= page->records.size())
    return;
  probe_.polled += page->records.size() - first;
  const bool all = choose(*page, first);
  distribute(page, first, now, all);
  remember(std::move(page), first);
}

std::shared_ptr<const RecordPage> Intake::take_apart(std::shared_ptr<const RecordPage> page,
                                                     std::size_t& first) {
  const std::vector<Record>& records = page->records;
  const bool any =
      std::any_of(records.begin() + static_cast<std::ptrdiff_t>(std::min(first, records.size())),
                  records.end(), [](const Record& r) { return looks_like_aggregate(r.data); });
  if (!any)
    return page;
  auto apart = std::make_shared<ApartPage>();
  for (std::size_t i = first; i < records.size(); ++i) {
    const Record& record = records[i];
    const std::size_t begin = apart->records.size();
    if (!looks_like_aggregate(record.data)) {
      apart->records.push_back(record);
      continue;
    }
    const TakenApart taken =
        deaggregator_.take_apart(record, options_.hash_range, apart->records, probe_.outside_range);
    if (taken == TakenApart::Broken) {
      ++probe_.broken_aggregates;
      apart->records.push_back(record);
      continue;
    }
    ++probe_.aggregates;
    leave_out_finished(apart->records, begin);
  }
  for (const Record& record : apart->records)
    apart->payload_bytes += record.payload_bytes();
  first = 0;
  apart->original = std::move(page);
  return apart;
}

void Intake::leave_out_finished(std::vector<Record>& records, std::size_t begin) const {
  const auto& done = options_.resume_after;
  if (!done || records[begin].sequence_number != done->sequence.view())
    return;
  const auto from = records.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = std::find_if(from, records.end(),
                                 [&](const Record& r) { return r.sub_sequence > done->sub; });
  records.erase(from, last);
}

bool Intake::choose(const RecordPage& page, std::size_t first) {
  picked_.clear();
  if (!judge_)
    return true;
  bool all = true;
  for (std::size_t i = first; i < page.records.size(); ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    switch (judge_->judge(page.records[i])) {
      case filter::Verdict::Deliver:
        picked_.push_back(index);
        continue;
      case filter::Verdict::Reject:
        ++probe_.rejected;
        picked_.push_back(index | Slice::kRejected);
        break;
      case filter::Verdict::Skip:
        ++probe_.filtered_out;
        break;
      case filter::Verdict::SkipNonJson:
        ++probe_.dropped_non_json;
        break;
    }
    all = false;
  }
  return all;
}

void Intake::distribute(const std::shared_ptr<const RecordPage>& page, std::size_t first,
                        MonotonicTime now, bool all) {
  Slice slice;
  slice.page = page;
  slice.first = first;
  slice.first_ordinal = end_ordinal_;
  slice.all = all;
  if (lanes_.size() == 1) {
    if (!all)
      slice.picked.assign(picked_.begin(), picked_.end());
    lanes_.front().add(std::move(slice), now);
    return;
  }
  if (!judge_) {
    for (std::size_t i = first; i < page->records.size(); ++i)
      picked_.push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<std::size_t> counts(lanes_.size());
  picked_lane_.clear();
  for (const std::uint32_t index : picked_) {
    const Record& record = page->records[index & ~Slice::kRejected];
    const std::size_t lane = lane_of(record.partition_key, lanes_.size());
    picked_lane_.push_back(static_cast<std::uint8_t>(lane));
    ++counts[lane];
  }
  slice.all = false;
  std::vector<Slice> slices(lanes_.size(), slice);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    slices[lane].picked.reserve(counts[lane]);
  for (std::size_t at = 0; at < picked_.size(); ++at)
    slices[picked_lane_[at]].picked.push_back(picked_[at]);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
    lanes_[lane].add(std::move(slices[lane]), now);
}

void Intake::remember(std::shared_ptr<const RecordPage> page, std::size_t first) {
  Span span;
  span.begin = end_ordinal_;
  end_ordinal_ += page->records.size() - first;
  span.end = end_ordinal_;
  span.first = first;
  span.bytes = page->payload_bytes + page->records.size() * sizeof(Record);
  retained_bytes_ += span.bytes;
  span.page = std::move(page);
  spans_.push_back(std::move(span));
}

Intake::Mark Intake::mark_of(const Span& span, std::uint64_t ordinal) {
  const Record& record =
      span.page->records[span.first + static_cast<std::size_t>(ordinal - span.begin)];
  return Mark{record.position(), record.approximate_arrival};
}

std::optional<Intake::Mark> Intake::position_before(std::uint64_t ordinal) const {
  if (ordinal == 0 || ordinal > end_ordinal_)
    return std::nullopt;
  if (ordinal == floor_ordinal_)
    return floor_;
  const std::uint64_t wanted = ordinal - 1;
  const auto span = std::upper_bound(spans_.begin(), spans_.end(), wanted,
                                     [](std::uint64_t o, const Span& s) { return o < s.end; });
  if (span == spans_.end() || wanted < span->begin)
    return std::nullopt;
  return mark_of(*span, wanted);
}

void Intake::forget_before(std::uint64_t ordinal) {
  ordinal = std::min(ordinal, end_ordinal_);
  if (ordinal <= floor_ordinal_)
    return;
  floor_ = position_before(ordinal);
  floor_ordinal_ = ordinal;
  while (!spans_.empty() && spans_.front().end <= ordinal) {
    retained_bytes_ -= spans_.front().bytes;
    spans_.pop_front();
  }
}

}  // namespace kt::batch
