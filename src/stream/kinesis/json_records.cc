#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "stream/kinesis/answers.h"
#include "stream/kinesis/records_reader.h"
#include "stream/kinesis/side_buffer.h"

namespace kt::stream {
namespace {

namespace ondemand = simdjson::ondemand;

/// Walks one answer. Lives for the walk. Every step tells whether it went well; the first that did
/// not leaves its reason in `fault_`.
class JsonRecords {
 public:
  JsonRecords(RecordPage& page, RecordsAnswer& answer)
      : page_(page), answer_(answer), side_(page.body.size()) {}

  Result<Unit> read();

 private:
  bool bad(const char* what) {
    fault_ = what;
    return false;
  }
  bool read_page(ondemand::document& document);
  bool read_page_field(std::string_view key, ondemand::value value);
  bool read_records(ondemand::value& value);
  bool read_record(ondemand::object& object);
  bool read_field(std::string_view key, ondemand::value& value, Record& record);
  bool read_children(ondemand::value& value);
  bool text(ondemand::value& value, std::string_view& out);
  bool number(ondemand::value& value, double& out);

  RecordPage& page_;
  RecordsAnswer& answer_;
  SideBuffer side_;
  const char* fault_ = "it is no JSON object";
  std::optional<Error> error_;
};

/// The text between its quotes, in place when it holds no escape.
bool JsonRecords::text(ondemand::value& value, std::string_view& out) {
  out = {};
  if (value.is_null())
    return true;
  std::string_view raw = value.raw_json_token();
  const std::size_t last = raw.find_last_not_of(" \t\r\n");
  raw = raw.substr(0, last == std::string_view::npos ? 0 : last + 1);
  std::string_view unescaped;
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"')
    return bad("text expected");
  if (raw.find('\\') == std::string_view::npos) {
    out = raw.substr(1, raw.size() - 2);
    return true;
  }
  if (value.get_string().get(unescaped) != simdjson::SUCCESS)
    return bad("a string with a bad escape");
  out = side_.add_copy(unescaped);
  return true;
}

bool JsonRecords::number(ondemand::value& value, double& out) {
  out = 0;
  if (value.is_null())
    return true;
  return value.get_double().get(out) == simdjson::SUCCESS || bad("number expected");
}

bool JsonRecords::read_field(std::string_view key, ondemand::value& value, Record& record) {
  std::string_view string;
  if (key == "Data") {
    if (!text(value, string))
      return false;
    return side_.add_base64(string, record.data) || bad("Data is no base64");
  }
  if (key == "PartitionKey")
    return text(value, record.partition_key);
  if (key == "SequenceNumber")
    return text(value, record.sequence_number);
  if (key == "EncryptionType") {
    if (!text(value, string))
      return false;
    if (!string.empty())
      record.encryption = string == "KMS" ? EncryptionType::Kms : EncryptionType::None;
    return true;
  }
  if (key == "ApproximateArrivalTimestamp") {
    double seconds = 0;
    if (!number(value, seconds))
      return false;
    record.approximate_arrival = to_wall_time(seconds);
  }
  return true;
}

bool JsonRecords::read_record(ondemand::object& object) {
  Record& record = page_.records.emplace_back();
  for (auto entry : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(entry).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS)
      return bad("a record that is no object");
    ondemand::value value = field.value();
    if (!read_field(key, value, record))
      return false;
  }
  page_.payload_bytes += record.payload_bytes();
  return !record.sequence_number.empty() || bad("a record without SequenceNumber");
}

bool JsonRecords::read_records(ondemand::value& value) {
  ondemand::array records;
  if (value.is_null())
    return true;
  if (value.get_array().get(records) != simdjson::SUCCESS)
    return bad("Records is no list");
  for (auto entry : records) {
    ondemand::object object;
    if (entry.get_object().get(object) != simdjson::SUCCESS)
      return bad("a record that is no object");
    if (!read_record(object))
      return false;
  }
  return true;
}

/// Rare (once in a shard's life) and small: read as a document.
bool JsonRecords::read_children(ondemand::value& value) {
  ondemand::array list;
  std::string_view raw;
  if (value.is_null())
    return true;
  if (value.get_array().get(list) != simdjson::SUCCESS ||
      list.raw_json().get(raw) != simdjson::SUCCESS)
    return bad("ChildShards is no list");
  auto children = read_shards(nlohmann::json::parse(raw, nullptr, false));
  if (!children) {
    error_ = std::move(children.error());
    return false;
  }
  answer_.children = std::move(*children);
  return true;
}

bool JsonRecords::read_page_field(std::string_view key, ondemand::value value) {
  if (key == "Records")
    return read_records(value);
  if (key == "ChildShards")
    return read_children(value);
  if (key == "NextShardIterator") {
    std::string_view next;
    if (!text(value, next))
      return false;
    if (!next.empty())
      answer_.next = ShardIterator(next);
  } else if (key == "MillisBehindLatest") {
    double millis = 0;
    if (!number(value, millis))
      return false;
    answer_.behind_latest = std::chrono::milliseconds(static_cast<std::int64_t>(millis));
  }
  return true;
}

bool JsonRecords::read_page(ondemand::document& document) {
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS)
    return false;
  for (auto entry : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(entry).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS)
      return bad("it ends too early");
    if (!read_page_field(key, field.value()))
      return false;
  }
  return true;
}

Result<Unit> JsonRecords::read() {
  // The parser reads past the end; the room is reserved, not part of the text.
  page_.body.reserve(page_.body.size() + simdjson::SIMDJSON_PADDING);
  ondemand::parser parser;
  ondemand::document document;
  const auto error =
      parser.iterate(page_.body.data(), page_.body.size(), page_.body.capacity()).get(document);
  const bool fine = error == simdjson::SUCCESS && read_page(document);
  if (side_.used())
    page_.side.push_back(side_.take());
  if (error_)
    return fail(std::move(*error_));
  if (fine)
    return Unit{};
  return fail(ErrorCode::Corrupt,
              std::string("GetRecords: the answer's JSON can not be read: ") + fault_);
}

}  // namespace

Result<RecordsAnswer> read_json_records(std::string body) {
  const auto page = std::make_shared<RecordPage>();
  page->body = std::move(body);
  RecordsAnswer answer;
  JsonRecords reader(*page, answer);
  TRY(reader.read());
  answer.page = page;
  return answer;
}

}  // namespace kt::stream
