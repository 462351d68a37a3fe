// A Transport that keeps what was asked and answers from a list.
#pragma once
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/transport.h"

namespace kt::test {

/// Answers in the order they were given; asking more often than that fails the test's CHECK.
class ScriptedTransport final : public http::Transport {
 public:
  void answer(int status, std::string body, std::vector<http::Header> headers = {}) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    answers_.emplace_back(std::move(response));
  }
  void fail_with(ErrorCode code, std::string what) {
    answers_.emplace_back(fail(code, std::move(what)));
  }
  Task<Result<http::Response>> send(http::Request request, Duration timeout) override {
    CHECK(!answers_.empty(), "more requests than answers");
    requests_.push_back(std::move(request));
    timeouts_.push_back(timeout);
    Result<http::Response> next = std::move(answers_.front());
    answers_.pop_front();
    co_return next;
  }
  const std::vector<http::Request>& requests() const { return requests_; }
  const std::vector<Duration>& timeouts() const { return timeouts_; }
  /// A header of the last request; empty when it has none of that name.
  std::string header(std::string_view name) const {
    for (const http::Header& header : requests_.back().headers) {
      if (header.name == name)
        return header.value;
    }
    return {};
  }

 private:
  std::deque<Result<http::Response>> answers_;
  std::vector<http::Request> requests_;
  std::vector<Duration> timeouts_;
};

}  // namespace kt::test
