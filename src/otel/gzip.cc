#include "otel/gzip.h"

#include <zlib.h>

#include <limits>

#include "base/check.h"

namespace kt::otel {
namespace {

/// The largest window, and 16 for gzip's head and end instead of zlib's.
constexpr int kWindowBits = MAX_WBITS + 16;
constexpr int kMemoryLevel = 8;

}  // namespace

std::string gzipped(std::string_view bytes) {
  CHECK(bytes.size() < std::numeric_limits<uInt>::max() / 2, "no request is as long as that");
  z_stream stream{};
  const int begun = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits,
                                 kMemoryLevel, Z_DEFAULT_STRATEGY);
  CHECK(begun == Z_OK, "there is no memory to compress in");
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  // It takes no const, and changes nothing.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  const std::size_t size = stream.total_out;
  deflateEnd(&stream);
  CHECK(ended == Z_STREAM_END, "the bound on what compressing makes does not hold");
  out.resize(size);
  return out;
}

}  // namespace kt::otel
