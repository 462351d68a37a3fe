#include "deliver/invocation_record.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/utf8.h"

namespace kt::deliver {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMessageTextMax = 4096;  // of the handler's own words
// What an envelope may grow by between one part of a batch and another: its numbers.
constexpr std::size_t kEnvelopeSlack = 512;
constexpr std::size_t kJsonDepthMax = 64;
constexpr std::string_view kOverflowRoom = "\"overflow\":\"\"";
constexpr std::size_t kOverflowBytesMax = 8 * 1024;

std::string dump(const Json& json, bool ascii) {
  return json.dump(-1, ' ', ascii, Json::error_handler_t::replace);
}

std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

void append_base64(std::string& out, ByteView bytes) {
  const std::size_t before = out.size();
  out.resize(before + base64_size(bytes.size()) + 1);  // it writes a terminator
  auto* const to = reinterpret_cast<unsigned char*>(out.data() + before);
  ::EVP_EncodeBlock(to, bytes.data(), static_cast<int>(bytes.size()));
  out.pop_back();
}

/// Accepts every JSON text that is not nested too deeply.
struct DepthLimit : nlohmann::json_sax<nlohmann::json> {
  std::size_t depth = 0;

  bool deeper() { return ++depth <= kJsonDepthMax; }
  bool higher() {
    --depth;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return deeper(); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return higher(); }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return higher(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }
};

/// JSON that may stand as it is within a document.
bool is_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"))
    return false;  // the parser skips a byte order mark; within a document it is a fault
  DepthLimit limit;
  return nlohmann::json::sax_parse(text, &limit);
}

/// A text of a few kilobytes at most, cut between two characters.
std::string shortened(std::string_view text) {
  if (text.size() <= kMessageTextMax)
    return std::string(text);
  std::size_t size = kMessageTextMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
    --size;
  return std::string(text.substr(0, size)) + "...";
}

void add_text(Json& json, const std::string& key, std::string_view text) {
  json[key] = text;
  if (is_utf8(text))
    return;
  std::string encoded;
  append_base64(encoded, as_bytes(text));
  json[key + "Base64"] = std::move(encoded);
}

Json make_envelope(const FailedBatch& failed, PartNumber number) {
  const std::vector<Record>& records = failed.batch->records;
  Json json;
  Json& request = json["requestContext"];
  request["requestId"] = failed.request_id;
  request["functionArn"] = failed.component;
  request["condition"] = name(failed.condition);
  request["approximateInvokeCount"] = std::max(failed.invoke_count, 1U);
  if (failed.invoked && failed.condition != Condition::RecordAgeExceeded) {
    Json& response = json["responseContext"];
    response["statusCode"] = 200;
    response["executedVersion"] = "$LATEST";
    response["functionError"] = nullptr;
    if (failed.function_error)
      response["functionError"] = *failed.function_error;
  }
  json["version"] = "1.0";
  json["timestamp"] = to_rfc3339(failed.time);
  Json& info = json["KinesisBatchInfo"];
  info["shardId"] = failed.shard.str();
  info["startSequenceNumber"] = records.front().sequence_number;
  info["endSequenceNumber"] = records.back().sequence_number;
  info["approximateArrivalOfFirstRecord"] = to_rfc3339(records.front().approximate_arrival);
  info["approximateArrivalOfLastRecord"] = to_rfc3339(records.back().approximate_arrival);
  info["batchSize"] = records.size();
  info["streamArn"] = failed.stream.str();
  Json& ours = json["triggerKinesis"];
  ours["format"] = 1;
  ours["application"] = failed.application.str();
  ours["component"] = failed.component;
  ours["streamCreated"] = to_rfc3339(failed.stream_created);
  ours["message"] = shortened(failed.message);
  ours["part"] = number.number;
  ours["parts"] = number.count;
  return json;
}

/// A record without its data: an object that is still open.
std::string record_head(const Record& record, bool ascii) {
  Json json;
  json["sequenceNumber"] = record.sequence_number;
  if (record.in_aggregate)
    json["subSequenceNumber"] = record.sub_sequence;
  add_text(json, "partitionKey", record.partition_key);
  if (!record.explicit_hash_key.empty())
    json["explicitHashKey"] = record.explicit_hash_key;
  json["approximateArrivalTimestamp"] = to_rfc3339(record.approximate_arrival);
  json["approximateArrivalMillis"] = record.approximate_arrival.time_since_epoch().count();
  if (record.encryption != EncryptionType::Absent)
    json["encryptionType"] = record.encryption == EncryptionType::Kms ? "KMS" : "NONE";
  std::string out = dump(json, ascii);
  out.pop_back();
  return out;
}

void append_data(std::string& out, const Record& record) {
  out += ",\"data\":\"";
  append_base64(out, record.data);
  out += '"';
}

void append_readable(std::string& out, const Record& record) {
  const std::string_view data = as_text(record.data);
  if (is_json(data)) {
    out += ",\"json\":";
    out += data;
  } else if (is_utf8(data)) {
    out += ",\"text\":" + dump(Json(data), false);
  }
}

std::string make_document(const FailedBatch& failed, const std::string* payload) {
  std::string out = dump(make_envelope(failed, PartNumber()), false);
  out.pop_back();
  if (payload != nullptr)
    out += ",\"payload\":" + dump(Json(*payload), false);
  out += ",\"records\":[";
  const char* separator = "\n";
  for (const Record& record : failed.batch->records) {
    out += separator;
    out += record_head(record, false);
    append_data(out, record);
    append_readable(out, record);
    out += '}';
    separator = ",\n";
  }
  out += "\n]}\n";
  return out;
}

/// Seconds, with the milliseconds as a fraction: 1545084650.987.
std::string arrival_seconds(WallTime time) {
  const std::int64_t millis = time.time_since_epoch().count();
  std::string fraction = std::to_string(1000 + millis % 1000);
  fraction[0] = '.';
  while (fraction.back() == '0')
    fraction.pop_back();
  return std::to_string(millis / 1000) + (fraction == "." ? "" : fraction);
}

std::string place_of(const Record& record) {
  std::string place(record.sequence_number);
  if (record.in_aggregate)
    place += "." + std::to_string(record.sub_sequence);
  return place;
}

/// At most `size_max` characters that are harmless in a file name.
std::string as_file_name(std::string_view text, std::size_t size_max) {
  std::string out(text.substr(0, size_max));
  for (char& c : out) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.';
    if (!fine)
      c = '_';
  }
  return out;
}

}  // namespace

std::string event_json(const FailedBatch& failed) {
  std::string out = "{\"Records\":[";
  const char* separator = "";
  for (const Record& record : failed.batch->records) {
    out += separator;
    out += R"({"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":)";
    out += dump(Json(record.partition_key), false);
    out += ",\"sequenceNumber\":" + dump(Json(record.sequence_number), false);
    append_data(out, record);
    out += ",\"approximateArrivalTimestamp\":" + arrival_seconds(record.approximate_arrival);
    Json rest;
    rest["eventSource"] = "aws:kinesis";
    rest["eventVersion"] = "1.0";
    rest["eventID"] = failed.shard.str() + ":" + std::string(record.sequence_number);
    rest["eventName"] = "aws:kinesis:record";
    rest["invokeIdentityArn"] = "";
    rest["awsRegion"] = failed.stream.region();
    rest["eventSourceARN"] = failed.stream.str();
    out += "}," + dump(rest, false).substr(1);
    separator = ",";
  }
  return out + "]}";
}

std::string document(const FailedBatch& failed) {
  return make_document(failed, nullptr);
}

std::string document_with_payload(const FailedBatch& failed) {
  const std::string payload = event_json(failed);
  return make_document(failed, &payload);
}

Result<std::vector<MessagePart>> cut_messages(const FailedBatch& failed, std::size_t bytes_max) {
  const PartNumber widest{failed.batch->records.size(), failed.batch->records.size()};
  const std::size_t envelope = dump(make_envelope(failed, widest), true).size() + kEnvelopeSlack;
  std::vector<MessagePart> parts;
  std::size_t filled = bytes_max;  // no part is open
  for (std::size_t i = 0; i < failed.batch->records.size(); ++i) {
    const Record& record = failed.batch->records[i];
    const std::size_t head = record_head(record, true).size();
    const std::size_t whole = head + base64_size(record.data.size()) + 16;
    MessagePart part;
    part.first = i;
    part.count = 1;
    if (envelope + whole > bytes_max) {
      if (envelope + head + kOverflowRoom.size() + kOverflowBytesMax > bytes_max) {
        return fail(ErrorCode::LimitExceeded,
                    "messages of " + std::to_string(bytes_max) +
                        " bytes are too small for a failed batch: raise the queue's "
                        "MaximumMessageSize");
      }
      part.too_large = true;
      parts.push_back(part);
      filled = bytes_max;
      continue;
    }
    if (filled + whole <= bytes_max) {
      ++parts.back().count;
      filled += whole;
      continue;
    }
    parts.push_back(part);
    filled = envelope + whole;
  }
  return parts;
}

FailedBatch slice(const FailedBatch& failed, const MessagePart& part) {
  auto batch = std::make_shared<Batch>();
  batch->pages = failed.batch->pages;
  const auto begin = failed.batch->records.begin() + static_cast<std::ptrdiff_t>(part.first);
  batch->records.assign(begin, begin + static_cast<std::ptrdiff_t>(part.count));
  for (const Record& record : batch->records)
    batch->payload_bytes += record.payload_bytes();
  FailedBatch out = failed;
  out.batch = std::move(batch);
  return out;
}

std::string message(const FailedBatch& part, PartNumber number, std::string_view overflow) {
  std::string out = dump(make_envelope(part, number), true);
  out.pop_back();
  out += ",\"records\":[";
  const char* separator = "";
  for (const Record& record : part.batch->records) {
    out += separator;
    out += record_head(record, true);
    if (overflow.empty())
      append_data(out, record);
    else
      out += ",\"overflow\":" + dump(Json(overflow), true);
    out += '}';
    separator = ",";
  }
  return out + "]}";
}

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int done =
      ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  CHECK(done == 1, "SHA-256 is not available");
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

std::string identity(const FailedBatch& failed) {
  const std::vector<Record>& records = failed.batch->records;
  std::string text;
  for (const std::string& one :
       {failed.application.str(), failed.stream.str(), to_rfc3339(failed.stream_created),
        failed.shard.str(), place_of(records.front()), place_of(records.back()),
        std::to_string(records.size()), std::string(name(failed.condition))})
    text += one + "\n";
  return sha256_of(text);
}

std::string document_name(const FailedBatch& failed) {
  const std::vector<Record>& records = failed.batch->records;
  return as_file_name(failed.shard.view(), 60) + "_" + as_file_name(place_of(records.front()), 70) +
         "_" + std::to_string(records.size()) + "_" + std::string(name(failed.condition)) + "_" +
         identity(failed).substr(0, 12) + ".json";
}

}  // namespace kt::deliver
