#include "records/record_reader.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "aws/base64.h"
#include "records/csv.h"

namespace kt::records {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWholeMax = std::size_t{256} << 20;

const std::pair<std::string_view, Format> kNames[] = {
    {"auto", Format::Auto},     {"lines", Format::Lines}, {"json", Format::Json},
    {"csv", Format::Csv},       {"event", Format::Event}, {"recorded", Format::Recorded},
    {"failed", Format::Failed}, {"raw", Format::Raw},
};

Format by_ending(const std::string& name) {
  for (const char* ending : {".json", ".jsonl", ".ndjson"}) {
    if (name.ends_with(ending))
      return Format::Json;
  }
  return name.ends_with(".csv") ? Format::Csv : Format::Lines;
}

std::string text_of(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The value as data or as a key: a text is itself.
std::string plain(const Json& value) {
  if (value.is_string())
    return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What a file's messages begin with.
class Place {
 public:
  explicit Place(std::string name) : name_(std::move(name)) {}
  void advance() { ++number_; }
  tl::unexpected<Error> error(const std::string& what) const {
    return fail(ErrorCode::Invalid, name_ + ": record " + std::to_string(number_) + ": " + what);
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::size_t number_ = 0;
};

Result<Unit> take_key(const Json& value, const std::string& field, const Place& place,
                      InputRecord& record) {
  const Json* at = &value;
  std::string_view rest = field;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    const std::string name(rest.substr(0, dot));
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (!at->is_object() || found == at->end())
      return place.error("it has no field \"" + field + "\" for the partition key");
    at = &*found;
  }
  if (at->is_structured() || at->is_null())
    return place.error("\"" + field + "\" is no text and no number");
  record.partition_key = plain(*at);
  return Unit{};
}

Result<InputRecord> from_value(const Json& value, const std::string& key_field,
                               const Place& place) {
  InputRecord record;
  record.data = plain(value);
  if (!key_field.empty()) {
    TRY(take_key(value, key_field, place, record));
  }
  return record;
}

Result<Unit> take_data(const Json& from, const Place& place, InputRecord& record) {
  auto data = aws::decode_base64(text_of(from, "data"));
  if (!from.contains("data") || !data)
    return place.error("it has no \"data\" in base64");
  record.data = *std::move(data);
  auto key = aws::decode_base64(text_of(from, "partitionKeyBase64"));
  record.partition_key = key && !key->empty() ? *std::move(key) : text_of(from, "partitionKey");
  record.explicit_hash_key = text_of(from, "explicitHashKey");
  record.sequence_number = text_of(from, "sequenceNumber");
  return Unit{};
}

/// Seconds, as Lambda's event and our own lines have them.
Result<InputRecord> from_encoded(const Json& from, const Place& place) {
  if (!from.is_object())
    return place.error("it is no record");
  if (from.contains("overflow"))
    return place.error("its data is elsewhere: put the document " + text_of(from, "overflow"));
  InputRecord record;
  TRY(take_data(from, place, record));
  const auto arrival = from.find("approximateArrivalTimestamp");
  constexpr double kSecondsMax = 1e11;
  if (arrival != from.end() && arrival->is_number()) {
    const double seconds = arrival->get<double>();
    if (!(seconds >= 0 && seconds < kSecondsMax))
      return place.error("its approximateArrivalTimestamp is no time");
    record.arrival = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
  }
  return record;
}

class LineReader final : public RecordReader {
 public:
  explicit LineReader(std::istream& in) : in_(in) {}
  Result<std::optional<InputRecord>> next() override {
    InputRecord record;
    if (!std::getline(in_, record.data))
      return std::optional<InputRecord>();
    if (record.data.ends_with('\r'))
      record.data.pop_back();
    return record;
  }

 private:
  std::istream& in_;
};

class CsvRecords final : public RecordReader {
 public:
  CsvRecords(std::istream& in, const ReaderOptions& options)
      : csv_(in), place_(options.name), key_field_(options.key_field) {}
  Result<std::optional<InputRecord>> next() override {
    std::vector<std::string> row;
    if (head_.empty()) {
      TRY([[maybe_unused]] const bool any, read(head_));
    }
    place_.advance();
    TRY(const bool any, read(row));
    if (!any)
      return std::optional<InputRecord>();
    if (row.size() != head_.size()) {
      return place_.error("it has " + std::to_string(row.size()) + " fields, the head " +
                          std::to_string(head_.size()));
    }
    Json value = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i)
      value[head_[i]] = std::move(row[i]);
    TRY(InputRecord record, from_value(value, key_field_, place_));
    return record;
  }

 private:
  Result<bool> read(std::vector<std::string>& row) {
    auto any = csv_.next(row);
    if (!any)
      return place_.error(any.error().what);
    return any;
  }

  CsvReader csv_;
  Place place_;
  std::string key_field_;
  std::vector<std::string> head_;
};

class RecordedLines final : public RecordReader {
 public:
  RecordedLines(std::istream& in, const ReaderOptions& options) : in_(in), place_(options.name) {}
  Result<std::optional<InputRecord>> next() override {
    std::string line;
    if (!std::getline(in_, line))
      return std::optional<InputRecord>();
    place_.advance();
    const Json value = Json::parse(line, nullptr, false);
    TRY(InputRecord record, from_encoded(value, place_));
    return record;
  }

 private:
  std::istream& in_;
  Place place_;
};

/// What was read at once.
class ReadyRecords final : public RecordReader {
 public:
  explicit ReadyRecords(std::vector<InputRecord> all) : all_(std::move(all)) {}
  Result<std::optional<InputRecord>> next() override {
    if (at_ == all_.size())
      return std::optional<InputRecord>();
    return std::move(all_[at_++]);
  }

 private:
  std::vector<InputRecord> all_;
  std::size_t at_ = 0;
};

/// A reader and the file that it reads.
class OfFile final : public RecordReader {
 public:
  OfFile(std::unique_ptr<std::ifstream> file, std::unique_ptr<RecordReader> reader)
      : file_(std::move(file)), reader_(std::move(reader)) {}
  Result<std::optional<InputRecord>> next() override { return reader_->next(); }

 private:
  std::unique_ptr<std::ifstream> file_;
  std::unique_ptr<RecordReader> reader_;
};

Result<std::string> whole(std::istream& in, const std::string& name) {
  std::string text;
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  while (in) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    in.read(text.data() + before, kPiece);
    text.resize(before + static_cast<std::size_t>(in.gcount()));
    if (text.size() > kWholeMax)
      return fail(ErrorCode::Invalid, name + " is longer than 256 MiB");
  }
  return text;
}

/// One array, or values one after the other.
Result<std::vector<Json>> values_of(const std::string& text, const std::string& name) {
  std::vector<Json> out;
  Json one = Json::parse(text, nullptr, false);
  if (!one.is_discarded()) {
    if (!one.is_array())
      out.push_back(std::move(one));
    else
      out.assign(std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
    return out;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    out.push_back(Json::parse(line, nullptr, false));
    if (out.back().is_discarded()) {
      return fail(ErrorCode::Invalid, name + ": value " + std::to_string(out.size()) +
                                          " is no JSON: a file holds an array, or a value a line");
    }
  }
  return out;
}

/// The records of an event or of a failed batch's document; null: it is neither.
const Json* list_within(const Json& value) {
  if (!value.is_object())
    return nullptr;
  for (const char* name : {"Records", "records"}) {
    const auto found = value.find(name);
    if (found != value.end() && found->is_array() && !found->empty() && (*found)[0].is_object())
      return &*found;
  }
  return nullptr;
}

Result<std::vector<InputRecord>> from_list(const Json& list, Place& place) {
  // A document or an event always says the key, so one without is no such file.
  std::vector<InputRecord> out;
  for (const Json& item : list) {
    place.advance();
    const auto inner = item.is_object() ? item.find("kinesis") : item.end();
    const bool is_event = item.is_object() && inner != item.end();
    TRY(InputRecord record, from_encoded(is_event ? *inner : item, place));
    if (record.partition_key.empty())
      return place.error("it has no \"partitionKey\"");
    out.push_back(std::move(record));
  }
  return out;
}

Result<std::vector<InputRecord>> read_json(const std::string& text, const ReaderOptions& options) {
  TRY(const std::vector<Json> values, values_of(text, options.name));
  Place place(options.name);
  const Json* list = values.size() == 1 ? list_within(values[0]) : nullptr;
  const bool is_ours =
      list != nullptr && ((*list)[0].contains("kinesis") ||
                          ((*list)[0].contains("data") && (*list)[0].contains("partitionKey")));
  if (is_ours || (list != nullptr && options.format != Format::Json))
    return from_list(*list, place);
  if (options.format != Format::Json)
    return fail(ErrorCode::Invalid, options.name + " has no list of records");
  std::vector<InputRecord> out;
  for (const Json& value : values) {
    place.advance();
    TRY(InputRecord record, from_value(value, options.key_field, place));
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace

std::optional<Format> format_named(std::string_view name) {
  for (const auto& [known, format] : kNames) {
    if (name == known)
      return format;
  }
  return std::nullopt;
}

std::vector<std::string> format_names() {
  std::vector<std::string> out;
  for (const auto& [name, format] : kNames)
    out.emplace_back(name);
  return out;
}

Result<std::unique_ptr<RecordReader>> open_records(const std::string& file, std::istream& in,
                                                   ReaderOptions options) {
  if (file == "-") {
    options.name = "standard input";
    return make_reader(in, std::move(options));
  }
  auto opened = std::make_unique<std::ifstream>(file, std::ios::binary);
  if (!*opened)
    return fail(ErrorCode::NotFound, "cannot read " + file);
  options.name = file;
  TRY(auto reader, make_reader(*opened, std::move(options)));
  return std::make_unique<OfFile>(std::move(opened), std::move(reader));
}

Result<std::unique_ptr<RecordReader>> make_reader(std::istream& in, ReaderOptions options) {
  if (options.format == Format::Auto)
    options.format = by_ending(options.name);
  const bool has_fields = options.format == Format::Json || options.format == Format::Csv;
  if (!options.key_field.empty() && !has_fields)
    return fail(ErrorCode::Invalid, options.name + ": only JSON and CSV have a field for the key");
  if (options.format == Format::Lines)
    return std::make_unique<LineReader>(in);
  if (options.format == Format::Csv)
    return std::make_unique<CsvRecords>(in, options);
  if (options.format == Format::Recorded)
    return std::make_unique<RecordedLines>(in, options);
  TRY(std::string text, whole(in, options.name));
  if (options.format == Format::Raw) {
    std::vector<InputRecord> one(1);
    one[0].data = std::move(text);
    return std::make_unique<ReadyRecords>(std::move(one));
  }
  TRY(std::vector<InputRecord> all, read_json(text, options));
  return std::make_unique<ReadyRecords>(std::move(all));
}

}  // namespace kt::records
