#include "stream/shard_directory.h"

#include <iterator>

namespace kt::stream {
namespace {

constexpr int kListingsMax = 5;
constexpr int kPagesMax = 1000;

}  // namespace

Task<Result<FullListing>> list_all_shards(KinesisApi& api, StreamArn stream) {
  for (int attempt = 0; attempt < kListingsMax; ++attempt) {
    FullListing all;
    std::string token;
    bool expired = false;
    for (int pages = 0;; ++pages) {
      if (pages == kPagesMax)
        co_return fail(ErrorCode::Corrupt,
                       "ListShards of " + stream.str() + " does not end: more than 1000 pages");
      auto page = co_await api.list_shards(stream, token);
      if (!page && page.error().code == ErrorCode::ExpiredToken) {
        expired = true;
        break;
      }
      if (!page)
        co_return fail(std::move(page).error());
      std::move(page->shards.begin(), page->shards.end(), std::back_inserter(all.shards));
      all.service_time = page->service_time;
      if (page->next_token.empty())
        break;
      token = page->next_token;
    }
    if (!expired)
      co_return all;
  }
  co_return fail(ErrorCode::Unavailable,
                 "listing the shards of " + stream.str() + ": the paging token expired each time");
}

Task<Result<Unit>> ShardDirectory::describe() {
  CO_TRY(description_, api_.describe_stream(stream_));
  co_return Unit{};
}

Task<Result<Unit>> ShardDirectory::refresh() {
  CO_TRY(FullListing listing, list_all_shards(api_, stream_));
  lineage_ = ShardLineage(std::move(listing.shards));
  service_time_ = listing.service_time;
  heard_at_ = clock_.now();
  co_return Unit{};
}

WallTime ShardDirectory::service_now() const {
  return service_time_ +
         std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - heard_at_);
}

}  // namespace kt::stream
