// admin/site.h — What the admin port answers, without a socket.
#pragma once
#include <string>

#include "http/server.h"
#include "model/control.h"

namespace kt::admin {

/// Lives on: the shard loop, as `control` does, which outlives it. Answers GET and HEAD only.
class Site {
 public:
  struct Options {
    std::string version;
    /// Only requests whose Host is this machine by name or loopback address: a page of elsewhere
    /// that a browser was told is this machine must not read us. Off where people reach the port by
    /// names that we can not know.
    bool loopback_hosts_only = true;
    std::size_t shard_series_max = 1000;
  };

  Site(const Control& control, Options options) : control_(control), options_(std::move(options)) {}

  http::Response answer(const http::ServerRequest& request) const;

 private:
  http::Response readyz() const;

  const Control& control_;
  Options options_;
};

}  // namespace kt::admin
