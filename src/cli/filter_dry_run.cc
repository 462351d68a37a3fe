#include "cli/filter_dry_run.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "app/keys.h"
#include "batch/intake.h"
#include "cli/console.h"
#include "model/limits.h"

namespace kt::cli {
namespace {

constexpr int kReadsPerShardMax = 20;
constexpr std::size_t kExamplesMax = 3;
constexpr std::size_t kShownBytes = 100;
constexpr std::chrono::milliseconds kSampleAge = std::chrono::hours(1);

/// What happened to the records of a sample.
class Tally {
 public:
  explicit Tally(std::shared_ptr<const filter::FilterSet> filters)
      : judge_(filters), on_non_json_(filters->on_non_json()), matched_(filters->size()) {}

  void add(const Record& record) {
    ++records_;
    const std::vector<std::size_t> matching = judge_.matching(record);
    for (const std::size_t filter : matching)
      ++matched_[filter];
    if (!matching.empty()) {
      ++wanted_;
      return;
    }
    const filter::Verdict verdict = judge_.judge(record);
    Others& others = verdict == filter::Verdict::Skip ? skipped_ : non_json_;
    ++others.count;
    if (others.examples.size() < kExamplesMax) {
      others.examples.push_back(std::string(record.sequence_number) + " \"" +
                                printable(record.partition_key) + "\" " +
                                printable(as_text(record.data).substr(0, kShownBytes)) +
                                (record.data.size() > kShownBytes ? "…" : ""));
    }
  }

  std::uint64_t records() const { return records_; }

  void print(const std::vector<std::string>& patterns, std::ostream& out) const {
    for (std::size_t i = 0; i < matched_.size(); ++i)
      out << "    filter " << i + 1 << " matches " << share(matched_[i]) << ": " << patterns[i]
          << "\n";
    out << "    delivered " << share(wanted_) << "\n";
    skipped_.print("skipped, matched by no filter", *this, out);
    non_json_.print(what_of_non_json(), *this, out);
  }

 private:
  struct Others {
    std::uint64_t count = 0;
    std::vector<std::string> examples;

    void print(std::string_view what, const Tally& tally, std::ostream& out) const {
      if (count == 0)
        return;
      out << "    " << what << ": " << tally.share(count) << "\n";
      for (const std::string& example : examples)
        out << "      for example " << example << "\n";
    }
  };

  std::string share(std::uint64_t count) const {
    const std::uint64_t percent = records_ == 0 ? 0 : (count * 100 + records_ / 2) / records_;
    return std::to_string(count) + " (" + std::to_string(percent) + " %)";
  }
  std::string_view what_of_non_json() const {
    switch (on_non_json_) {
      case filter::OnNonJson::Drop:
        return "no JSON, dropped by on_non_json = \"drop\"";
      case filter::OnNonJson::Pass:
        return "no JSON, delivered by on_non_json = \"pass\"";
      case filter::OnNonJson::Fail:
        return "no JSON, to on_failure by on_non_json = \"fail\"";
    }
    return "no JSON";
  }

  filter::Judge judge_;
  filter::OnNonJson on_non_json_;
  std::vector<std::uint64_t> matched_;
  std::uint64_t records_ = 0;
  std::uint64_t wanted_ = 0;
  Others skipped_;
  Others non_json_;
};

/// Reads a sample of one stream.
class Sampler {
 public:
  Sampler(stream::KinesisApi& api, Clock& clock, const app::TriggerOptions& trigger,
          std::size_t sample, Tally& tally)
      : api_(api), clock_(clock), trigger_(trigger), sample_(sample), tally_(tally) {}

  Task<Result<Unit>> list() {
    std::string token;
    do {
      CO_TRY(const stream::ShardListing page, api_.list_shards(trigger_.stream_arn, token));
      now_ = page.service_time;
      for (const Shard& shard : page.shards) {
        if (shard.open())
          shards_.push_back(shard.id);
      }
      token = page.next_token;
    } while (!token.empty());
    co_return Unit{};
  }

  Task<Result<Unit>> read(Checkpoint start) {
    std::size_t left = shards_.size();
    for (const ShardId& shard : shards_) {
      const std::uint64_t had = tally_.records();
      const std::size_t share = (sample_ - std::min<std::size_t>(sample_, had) + left - 1) / left;
      --left;
      if (share > 0) {
        CO_TRY(read_shard(shard, start, share));
      }
    }
    co_return Unit{};
  }

  std::size_t shard_count() const { return shards_.size(); }
  WallTime now() const { return now_; }

 private:
  Task<Result<Unit>> read_shard(ShardId shard, Checkpoint start, std::size_t share) {
    CO_TRY(ShardIterator iterator,
           api_.get_shard_iterator(trigger_.stream_arn, shard, std::move(start)));
    batch::Intake::Options options;
    options.batch.records_max = static_cast<std::size_t>(limits::kRecordsPerGet);
    options.batch.bytes_max = std::numeric_limits<std::size_t>::max();
    options.deaggregate = trigger_.deaggregate;
    batch::Intake intake(options);
    std::size_t taken = 0;
    for (int reads = 0; reads < kReadsPerShardMax && taken < share; ++reads) {
      const int most = static_cast<int>(
          std::min(share - taken, static_cast<std::size_t>(limits::kRecordsPerGet)));
      auto answer = co_await api_.get_records(trigger_.stream_arn, iterator, most);
      if (!answer && !is_transient(answer.error().code))
        co_return fail(answer.error());
      if (answer) {
        intake.add(answer->page, 0, clock_.now());
        taken += tally(intake, share - taken);
        if (!answer->next || answer->behind_latest.count() == 0)
          break;
        iterator = *answer->next;
      }
      // A running consumer shares the five reads a second: it goes first.
      constexpr Duration kPause = std::chrono::milliseconds(500);
      co_await clock_.sleep(kPause);
    }
    co_return Unit{};
  }

  std::size_t tally(batch::Intake& intake, std::size_t most) {
    std::size_t taken = 0;
    while (!intake.empty()) {
      const auto batch = intake.lane(0).cut();
      for (const Record& record : batch->records) {
        if (taken < most) {
          tally_.add(record);
          ++taken;
        }
      }
    }
    intake.forget_before(intake.end_ordinal());
    return taken;
  }

  stream::KinesisApi& api_;
  Clock& clock_;
  const app::TriggerOptions& trigger_;
  std::size_t sample_;
  Tally& tally_;
  std::vector<ShardId> shards_;
  WallTime now_;
};

}  // namespace

Task<Result<Unit>> dry_run_filters(stream::KinesisApi& api, Clock& clock,
                                   const app::Trigger& trigger, std::size_t sample,
                                   std::ostream& out) {
  out << "filters of " << trigger.place << " (" << trigger.component << "): ";
  if (trigger.options.filters.empty()) {
    out << "none, every record is delivered\n";
    co_return Unit{};
  }
  const auto filters = app::compile_filters(trigger.options);
  if (!filters)
    co_return fail(filters.error());
  Tally tally(*filters);
  Sampler sampler(api, clock, trigger.options, sample, tally);
  CO_TRY(sampler.list());
  std::string_view since = "of the last hour";
  Checkpoint start = AtTimestamp{sampler.now() - kSampleAge};
  CO_TRY(sampler.read(start));
  if (tally.records() == 0) {
    since = "kept longest";
    start = TrimHorizon{};
    CO_TRY(sampler.read(start));
  }
  out << tally.records() << " records " << since << ", of " << sampler.shard_count()
      << " open shards\n";
  tally.print(trigger.options.filters, out);
  co_return Unit{};
}

}  // namespace kt::cli
