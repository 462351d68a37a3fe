#include <algorithm>
#include <nlohmann/json.hpp>

#include "aws/rapid_json.h"
#include "base/utf8.h"
#include "stream/kinesis/answers.h"
#include "stream/kinesis/records_reader.h"
#include "stream/kinesis/side_buffer.h"

namespace kt::stream {
namespace {

/// What a value is, and what a member has to be. Null stands for a member that is missing.
enum class Kind : std::uint8_t { Any, Null, Flag, Number, Text, List, Object };

Kind kind_of_page_member(std::string_view key) {
  if (key == "Records" || key == "ChildShards")
    return Kind::List;
  if (key == "NextShardIterator")
    return Kind::Text;
  return key == "MillisBehindLatest" ? Kind::Number : Kind::Any;
}

Kind kind_of_record_member(std::string_view key) {
  if (key == "Data" || key == "PartitionKey" || key == "SequenceNumber" || key == "EncryptionType")
    return Kind::Text;
  return key == "ApproximateArrivalTimestamp" ? Kind::Number : Kind::Any;
}

/// A list as the document that the other answers are read from.
class TreeBuilder {
 public:
  bool under_way() const { return !open_.empty(); }
  nlohmann::json take() { return std::move(root_); }

  void add(nlohmann::json value) { place() = std::move(value); }
  /// False for what is nested deeper than any answer is.
  bool open(nlohmann::json container) {
    constexpr std::size_t kDepthMax = 16;
    if (open_.size() == kDepthMax)
      return false;
    nlohmann::json& at = place();
    at = std::move(container);
    // Stays where it is: its parent gets no other value before it is closed.
    open_.push_back(&at);
    return true;
  }
  void close() { open_.pop_back(); }
  void set_key(std::string_view key) { key_ = key; }

 private:
  nlohmann::json& place() {
    if (open_.empty())
      return root_;
    if (open_.back()->is_object())
      return (*open_.back())[key_];
    open_.back()->emplace_back();
    return open_.back()->back();
  }

  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;
  std::string key_;
};

/// Takes one answer from RapidJSON, whose calls say what comes next. Lives for the walk. Every step
/// tells whether it went well; the first that did not leaves its reason in `fault_`. The names of
/// the calls are the library's.
class JsonRecords {
 public:
  using Size = rapidjson::SizeType;

  JsonRecords(RecordPage& page, RecordsAnswer& answer)
      : page_(page), answer_(answer), side_(page.body.size()) {}

  Result<Unit> read();

  bool Null();
  bool Bool(bool flag);
  bool Int(int number) { return take_number(number); }
  bool Uint(unsigned number) { return take_number(number); }
  bool Int64(std::int64_t number) { return take_number(number); }
  bool Uint64(std::uint64_t number) { return take_number(number); }
  bool Double(double number) { return take_number(number); }
  /// Only called with a flag that is not set.
  bool RawNumber(const char*, Size, bool) { return false; }
  bool String(const char* text, Size size, bool);
  bool Key(const char* text, Size size, bool);
  bool StartObject();
  bool EndObject(Size);
  bool StartArray();
  bool EndArray(Size);

 private:
  enum class Place : std::uint8_t { Outside, Page, Records, Record };

  bool bad(const char* what) {
    fault_ = what;
    return false;
  }
  /// Whether a value of this kind may stand here.
  bool check(Kind kind);
  template <class Number>
  bool take_number(Number number);
  bool take_page_text(std::string_view text);
  bool take_record_text(std::string_view text);
  bool end_record();
  bool end_children();

  RecordPage& page_;
  RecordsAnswer& answer_;
  SideBuffer side_;
  Place place_ = Place::Outside;
  std::string_view key_;
  std::size_t skipped_ = 0;  ///< how deep within a member that nobody asked for
  TreeBuilder children_;
  const char* fault_ = "it is no JSON object";
  std::optional<Error> error_;
};

bool JsonRecords::check(Kind kind) {
  if (place_ == Place::Outside)
    return kind == Kind::Object;
  if (place_ == Place::Records)
    return kind == Kind::Object || bad("a record that is no object");
  const Kind wanted =
      place_ == Place::Page ? kind_of_page_member(key_) : kind_of_record_member(key_);
  if (wanted == kind || wanted == Kind::Any || kind == Kind::Null)
    return true;
  if (wanted == Kind::List)
    return bad(key_ == "Records" ? "Records is no list" : "ChildShards is no list");
  return bad(wanted == Kind::Text ? "text expected" : "number expected");
}

bool JsonRecords::Null() {
  if (skipped_ > 0)
    return true;
  if (!children_.under_way())
    return check(Kind::Null);
  children_.add(nullptr);
  return true;
}

bool JsonRecords::Bool(bool flag) {
  if (skipped_ > 0)
    return true;
  if (!children_.under_way())
    return check(Kind::Flag);
  children_.add(flag);
  return true;
}

template <class Number>
bool JsonRecords::take_number(Number number) {
  if (skipped_ > 0)
    return true;
  if (children_.under_way()) {
    children_.add(number);
    return true;
  }
  if (!check(Kind::Number))
    return false;
  const auto real = static_cast<double>(number);
  if (place_ == Place::Record && key_ == "ApproximateArrivalTimestamp")
    page_.records.back().approximate_arrival = to_wall_time(real);
  else if (place_ == Place::Page && key_ == "MillisBehindLatest")
    answer_.behind_latest = to_behind_latest(real);
  return true;
}

bool JsonRecords::take_page_text(std::string_view text) {
  if (key_ != "NextShardIterator" || text.empty())
    return true;
  if (!is_utf8(text))
    return bad("text that is not UTF-8");
  answer_.next = ShardIterator(text);
  return true;
}

bool JsonRecords::take_record_text(std::string_view text) {
  Record& record = page_.records.back();
  if (key_ == "Data")
    return side_.add_base64(text, record.data) || bad("Data is no base64");
  if (!is_utf8(text))
    return bad("text that is not UTF-8");
  if (key_ == "PartitionKey")
    record.partition_key = text;
  else if (key_ == "SequenceNumber")
    record.sequence_number = text;
  else if (key_ == "EncryptionType" && !text.empty())
    record.encryption = text == "KMS" ? EncryptionType::Kms : EncryptionType::None;
  return true;
}

/// The text between its quotes. Escapes were resolved in place, within the body.
bool JsonRecords::String(const char* text, Size size, bool) {
  if (skipped_ > 0)
    return true;
  if (children_.under_way()) {
    children_.add(std::string(text, size));
    return true;
  }
  if (!check(Kind::Text))
    return false;
  const std::string_view view(text, size);
  return place_ == Place::Page ? take_page_text(view) : take_record_text(view);
}

bool JsonRecords::Key(const char* text, Size size, bool) {
  if (skipped_ > 0)
    return true;
  key_ = std::string_view(text, size);
  if (children_.under_way())
    children_.set_key(key_);
  return true;
}

bool JsonRecords::StartObject() {
  if (children_.under_way())
    return children_.open(nlohmann::json::object()) || bad("ChildShards is nested too deeply");
  if (skipped_ == 0 && !check(Kind::Object))
    return false;
  if (skipped_ > 0 || place_ == Place::Page || place_ == Place::Record) {
    ++skipped_;
  } else if (place_ == Place::Outside) {
    place_ = Place::Page;
  } else {
    place_ = Place::Record;
    page_.records.emplace_back();
  }
  return true;
}

bool JsonRecords::EndObject(Size) {
  if (children_.under_way()) {
    children_.close();
    return true;
  }
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  if (place_ == Place::Record)
    return end_record();
  place_ = Place::Outside;
  return true;
}

bool JsonRecords::end_record() {
  place_ = Place::Records;
  const Record& record = page_.records.back();
  page_.payload_bytes += record.payload_bytes();
  return !record.sequence_number.empty() || bad("a record without SequenceNumber");
}

bool JsonRecords::StartArray() {
  if (children_.under_way() || (skipped_ == 0 && place_ == Place::Page && key_ == "ChildShards"))
    return children_.open(nlohmann::json::array()) || bad("ChildShards is nested too deeply");
  if (skipped_ == 0 && !check(Kind::List))
    return false;
  if (skipped_ == 0 && place_ == Place::Page && key_ == "Records")
    place_ = Place::Records;
  else
    ++skipped_;
  return true;
}

bool JsonRecords::EndArray(Size) {
  if (children_.under_way()) {
    children_.close();
    return children_.under_way() || end_children();
  }
  if (skipped_ > 0)
    --skipped_;
  else
    place_ = Place::Page;
  return true;
}

/// Rare (once in a shard's life) and small: read as a document.
bool JsonRecords::end_children() {
  auto children = read_shards(children_.take());
  if (!children) {
    error_ = std::move(children.error());
    return false;
  }
  answer_.children = std::move(*children);
  return true;
}

Result<Unit> JsonRecords::read() {
  // The parser looks past the end; the room is reserved, not part of the text.
  page_.body.reserve(page_.body.size() + aws::kRapidJsonPadding);
  // A zero byte, which no JSON holds, would be taken for the end.
  bool fine = page_.body.find('\0') == std::string::npos || bad("a zero byte");
  if (fine) {
    rapidjson::InsituStringStream in(page_.body.data());
    rapidjson::Reader reader;
    const auto result = reader.Parse<aws::kRapidJsonFlags>(in, *this);
    fine = !result.IsError();
    if (!fine && result.Code() != rapidjson::kParseErrorTermination)
      fault_ = rapidjson::GetParseError_En(result.Code());
  }
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

Result<RecordsAnswer> read_json_records(std::string body, TextPoolPtr pool) {
  const auto page = std::make_shared<RecordPage>();
  page->body = std::move(body);
  page->pool = std::move(pool);
  RecordsAnswer answer;
  JsonRecords reader(*page, answer);
  TRY(reader.read());
  answer.page = page;
  return answer;
}

}  // namespace kt::stream
