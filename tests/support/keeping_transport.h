// A Transport that keeps what was sent and answers 200.
#pragma once
#include <utility>
#include <vector>

#include "http/transport.h"

namespace kt::test {

/// `sent` must outlive it.
class KeepingTransport final : public http::Transport {
 public:
  explicit KeepingTransport(std::vector<http::Request>& sent) : sent_(sent) {}
  Task<Result<http::Response>> send(http::Request request, Duration) override {
    sent_.push_back(std::move(request));
    http::Response response;
    response.status = 200;
    co_return response;
  }

 private:
  std::vector<http::Request>& sent_;
};

}  // namespace kt::test
