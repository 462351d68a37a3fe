// tests/support/worker_chaos_checker.h — What guests handled held against what was put, and what
// they refuse: for tests.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/record.h"

namespace kt::worker::chaos {

/// Holds the two invariants against what the service stored and what guests handled.
class Checker {
 public:
  void put(const std::string& key, const std::string& text) { puts_[key].push_back(text); }
  void call_began(const Batch& batch) {
    std::set<std::string> in_batch;
    for (const Record& record : batch.records) {
      const std::string text(as_text(record.data));
      for (const std::string& earlier : puts_[std::string(record.partition_key)]) {
        if (earlier == text)
          break;
        if (!done_.contains(earlier) && !in_batch.contains(earlier))
          problems.push_back(text + " came before " + earlier);
      }
      in_batch.insert(text);
    }
  }
  void call_succeeded(const Batch& batch, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      done_.insert(std::string(as_text(batch.records[i].data)));
    deliveries += count;
  }
  std::size_t missing() const {
    std::size_t count = 0;
    for (const auto& [key, texts] : puts_) {
      for (const std::string& text : texts)
        count += done_.contains(text) ? 0 : 1;
    }
    return count;
  }
  std::vector<std::string> problems;
  std::size_t deliveries = 0;

 private:
  std::map<std::string, std::vector<std::string>> puts_;
  std::set<std::string> done_;
};

/// One record in 25 fails: half of them some times, the others always.
class Poison {
 public:
  std::optional<std::size_t> first_in(const Batch& batch) {
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const std::string text(as_text(batch.records[i].data));
      const auto number = std::stoull(text.substr(1));
      if (number % 25 == 3 && (number % 2 == 0 || ++failures_[text] < 8))
        return i;
    }
    return std::nullopt;
  }

 private:
  std::map<std::string, int> failures_;
};

}  // namespace kt::worker::chaos
