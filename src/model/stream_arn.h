// model/stream_arn.h — The name of a stream: partition, region, account, stream.
#pragma once
#include <compare>
#include <ostream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace kt {

/// A parsed `arn:aws:kinesis:us-east-1:123456789012:stream/orders`. A value.
class StreamArn {
 public:
  StreamArn() = default;
  /// Invalid with what is wrong and what the form is.
  static Result<StreamArn> parse(std::string_view text);
  static StreamArn of(std::string_view partition, std::string_view region, std::string_view account,
                      const StreamName& stream);

  const std::string& str() const { return text_; }
  const std::string& partition() const { return partition_; }
  const std::string& region() const { return region_; }
  const std::string& account() const { return account_; }
  const StreamName& stream() const { return stream_; }

  friend auto operator<=>(const StreamArn& a, const StreamArn& b) { return a.text_ <=> b.text_; }
  friend bool operator==(const StreamArn& a, const StreamArn& b) { return a.text_ == b.text_; }
  friend std::ostream& operator<<(std::ostream& out, const StreamArn& arn) {
    return out << arn.text_;
  }

 private:
  std::string text_, partition_, region_, account_;
  StreamName stream_;
};

}  // namespace kt
