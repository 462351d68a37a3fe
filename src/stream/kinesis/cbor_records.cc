#include <nlohmann/json.hpp>

#include "aws/cbor.h"
#include "stream/kinesis/answers.h"
#include "stream/kinesis/records_reader.h"
#include "stream/kinesis/side_buffer.h"

namespace kt::stream {
namespace {

using aws::CborReader;
using Kind = CborReader::Kind;

/// Walks one answer. Lives for the walk.
class CborRecords {
 public:
  CborRecords(RecordPage& page, RecordsAnswer& answer)
      : page_(page), answer_(answer), reader_(page.body, &page.side), side_(page.body.size()) {}

  Result<Unit> read();

 private:
  void read_page();
  void read_record();
  void read_field(std::string_view key, Record& record);
  ByteView payload();
  std::string_view text_or_null();
  double number();
  WallTime arrival();
  void read_children();
  void keep_fault(Error error) {
    error_ = std::move(error);
    reader_.reject("");
  }

  RecordPage& page_;
  RecordsAnswer& answer_;
  CborReader reader_;
  SideBuffer side_;
  std::optional<Error> error_;
};

std::string_view CborRecords::text_or_null() {
  return reader_.take_null() ? std::string_view() : reader_.text();
}

double CborRecords::number() {
  if (reader_.take_null())
    return 0;
  if (reader_.kind() == Kind::Tag)
    reader_.tag();
  return reader_.number();
}

WallTime CborRecords::arrival() {
  constexpr std::uint64_t kSecondsMax = 100'000'000'000;
  if (reader_.kind() == Kind::Tag)
    reader_.tag();
  if (reader_.kind() != Kind::Unsigned)
    return to_wall_time(number());
  // The service's own form, without a detour over floating point.
  const std::uint64_t value = reader_.unsigned_integer();
  if (value <= kSecondsMax || value >= kSecondsMax * 1000)
    return to_wall_time(static_cast<double>(value));
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
}

/// The service sends bytes. Some emulators send their JSON form: base64 as text.
ByteView CborRecords::payload() {
  if (reader_.kind() == Kind::Bytes)
    return reader_.bytes();
  if (reader_.take_null())
    return {};
  ByteView view;
  if (reader_.kind() != Kind::Text) {
    reader_.reject("Data is neither bytes nor base64 text: does the emulator know CBOR?");
    return view;
  }
  const std::string_view text = reader_.text();
  if (reader_.ok() && !side_.add_base64(text, view))
    reader_.reject("Data is text but no base64");
  return view;
}

void CborRecords::read_field(std::string_view key, Record& record) {
  // By length first: one comparison a field.
  switch (key.size()) {
    case 4:
      if (key == "Data")
        record.data = payload();
      return;
    case 12:
      if (key == "PartitionKey")
        record.partition_key = text_or_null();
      return;
    case 14:
      if (key == "SequenceNumber") {
        record.sequence_number = text_or_null();
      } else if (key == "EncryptionType") {
        const std::string_view type = text_or_null();
        if (!type.empty())
          record.encryption = type == "KMS" ? EncryptionType::Kms : EncryptionType::None;
      }
      return;
    case 27:
      if (key == "ApproximateArrivalTimestamp")
        record.approximate_arrival = arrival();
      return;
    default:
      return;
  }
}

void CborRecords::read_record() {
  Record& record = page_.records.emplace_back();
  reader_.each_entry([&](std::string_view key) { read_field(key, record); });
  if (reader_.ok() && record.sequence_number.empty())
    reader_.reject("a record without SequenceNumber");
  page_.payload_bytes += record.payload_bytes();
}

/// Rare (once in a shard's life) and small: read as a document.
void CborRecords::read_children() {
  const std::size_t begin = reader_.offset();
  reader_.skip();
  if (!reader_.ok())
    return;
  const std::string_view bytes(page_.body.data() + begin, reader_.offset() - begin);
  const auto document =
      nlohmann::json::from_cbor(bytes, true, false, nlohmann::json::cbor_tag_handler_t::ignore);
  auto children = read_shards(document);
  if (children)
    answer_.children = std::move(*children);
  else
    keep_fault(std::move(children.error()));
}

void CborRecords::read_page() {
  reader_.each_entry([&](std::string_view key) {
    if (key == "Records") {
      page_.records.reserve(reader_.announced_count());
      if (!reader_.take_null())
        reader_.each_item([&] { read_record(); });
    } else if (key == "NextShardIterator") {
      const std::string_view next = text_or_null();
      if (!next.empty())
        answer_.next = ShardIterator(next);
    } else if (key == "MillisBehindLatest") {
      answer_.behind_latest = to_behind_latest(number());
    } else if (key == "ChildShards") {
      read_children();
    }
  });
}

Result<Unit> CborRecords::read() {
  read_page();
  if (side_.used())
    page_.side.push_back(side_.take());
  if (error_)
    return fail(std::move(*error_));
  if (reader_.complete())
    return Unit{};
  return fail(ErrorCode::Corrupt,
              "GetRecords: the answer's CBOR can not be read at byte " +
                  std::to_string(reader_.offset()) + ": " +
                  (reader_.ok() ? "something follows its end" : reader_.fault()));
}

}  // namespace

bool looks_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '{';
}

Result<RecordsAnswer> read_cbor_records(std::string body, TextPoolPtr pool) {
  const auto page = std::make_shared<RecordPage>();
  page->body = std::move(body);
  page->pool = std::move(pool);
  RecordsAnswer answer;
  CborRecords reader(*page, answer);
  TRY(reader.read());
  answer.page = page;
  return answer;
}

}  // namespace kt::stream
