#include "local/document.h"

#include <cmath>
#include <utility>

#include "aws/base64.h"
#include "aws/cbor.h"
#include "aws/rapid_json.h"
#include "base/utf8.h"

namespace kt::local {
namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kValuesMax = 50'000;  // 500 records of 4 members need 2,500
// Later than year 5138 in seconds, before 1973 in milliseconds: tells the two units apart.
constexpr double kSecondsMax = 1e11;

Value& add_member(Value& map, std::string_view name) {
  map.members.emplace_back();
  map.members.back().name = name;
  return map.members.back().value;
}

/// Builds the tree while RapidJSON reads: its calls say what comes next, and false stops it. What
/// is too much is so refused before it is stored. The names are the library's.
class JsonReader {
 public:
  using Size = rapidjson::SizeType;

  explicit JsonReader(Value& root) : root_(&root) {}

  /// `text` is read in place; the tree's views point into it. What is wrong, empty when nothing is.
  std::string read(std::string& text) {
    text.reserve(text.size() + aws::kRapidJsonPadding);
    if (text.find('\0') != std::string::npos)
      return "a zero byte";  // would be taken for the end
    rapidjson::InsituStringStream in(text.data());
    rapidjson::Reader reader;
    const auto result = reader.Parse<aws::kRapidJsonFlags>(in, *this);
    if (result.Code() == rapidjson::kParseErrorTermination)
      return fault_;
    if (result.IsError())
      return std::string(rapidjson::GetParseError_En(result.Code())) + " At byte " +
             std::to_string(result.Offset()) + ".";
    return {};
  }

  bool Null() { return add(Value::Kind::Null) != nullptr; }
  bool Bool(bool boolean) {
    Value* const to = add(Value::Kind::Boolean);
    if (to != nullptr)
      to->boolean = boolean;
    return to != nullptr;
  }
  bool Int(int number) { return Int64(number); }
  bool Uint(unsigned number) { return Int64(number); }
  bool Int64(std::int64_t number) {
    Value* const to = add(Value::Kind::Integer);
    if (to != nullptr)
      to->integer = number;
    return to != nullptr;
  }
  bool Uint64(std::uint64_t number) {
    if (std::in_range<std::int64_t>(number))
      return Int64(static_cast<std::int64_t>(number));
    return Double(static_cast<double>(number));
  }
  bool Double(double number) {
    Value* const to = add(Value::Kind::Real);
    if (to != nullptr)
      to->real = number;
    return to != nullptr;
  }
  /// Only called with a flag that is not set.
  bool RawNumber(const char*, Size, bool) { return false; }
  bool String(const char* text, Size size, bool) {
    Value* const to = add(Value::Kind::Text);
    if (to != nullptr)
      to->text = std::string_view(text, size);
    return to != nullptr && check_text(to->text);
  }
  bool Key(const char* text, Size size, bool) {
    name_ = std::string_view(text, size);
    return check_text(name_);
  }
  bool StartObject() { return open(Value::Kind::Map); }
  bool StartArray() { return open(Value::Kind::Array); }
  bool EndObject(Size) { return close(); }
  bool EndArray(Size) { return close(); }

 private:
  /// The place of the next value: the root, or one more in the container that is open.
  Value* add(Value::Kind kind) {
    if (++values_ > kValuesMax) {
      fault_ = "too many values";
      return nullptr;
    }
    Value* to = root_;
    if (!open_.empty())
      to = open_.back()->kind == Value::Kind::Map ? &add_member(*open_.back(), name_)
                                                  : &open_.back()->items.emplace_back();
    to->kind = kind;
    return to;
  }
  bool open(Value::Kind kind) {
    if (open_.size() == kDepthMax) {
      fault_ = "nested too deeply";
      return false;
    }
    Value* const to = add(kind);
    // Stays where it is: its parent gets no other value before it is closed.
    open_.push_back(to);
    return to != nullptr;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool check_text(std::string_view text) {
    fault_ = "text that is not UTF-8";
    return is_utf8(text);
  }

  Value* root_;
  std::vector<Value*> open_;
  std::string_view name_;
  std::size_t values_ = 0;
  const char* fault_ = "";
};

class BinaryReader {
 public:
  explicit BinaryReader(aws::CborReader& in) : in_(in) {}

  void read(Value& to) {
    using Kind = aws::CborReader::Kind;
    if (++values_ > kValuesMax)
      return in_.reject("too many values");
    switch (in_.kind()) {
      case Kind::Unsigned:
      case Kind::Negative:
        to.kind = Value::Kind::Integer;
        to.integer = in_.integer();
        return;
      case Kind::Float:
        to.kind = Value::Kind::Real;
        to.real = in_.number();
        return;
      case Kind::Bytes:
        to.kind = Value::Kind::Bytes;
        to.text = as_text(in_.bytes());
        return;
      case Kind::Text:
        to.kind = Value::Kind::Text;
        to.text = in_.text();
        if (!is_utf8(to.text))
          in_.reject("text that is not UTF-8");
        return;
      case Kind::Boolean:
        to.kind = Value::Kind::Boolean;
        to.boolean = in_.boolean();
        return;
      case Kind::Null:
        in_.take_null();
        return;
      case Kind::Tag:
        return tagged(to);
      case Kind::Array:
      case Kind::Map:
        return container(to);
      case Kind::Break:
      case Kind::End:
        in_.reject("a value is missing");
        return;
    }
  }

 private:
  void tagged(Value& to) {
    const std::uint64_t tag = in_.tag();
    if (in_.kind() == aws::CborReader::Kind::Tag)
      return in_.reject("a tag within a tag");
    read(to);
    to.timestamp = tag == 1;
  }
  void container(Value& to) {
    if (++depth_ > kDepthMax)
      return in_.reject("nested too deeply");
    if (in_.kind() == aws::CborReader::Kind::Array) {
      to.kind = Value::Kind::Array;
      in_.each_item([&] { read(to.items.emplace_back()); });
    } else {
      to.kind = Value::Kind::Map;
      in_.each_entry([&](std::string_view key) { read(add_member(to, key)); });
    }
    --depth_;
  }

  aws::CborReader& in_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
};

std::string_view kind_name(Value::Kind kind) {
  constexpr std::string_view kNames[] = {"null", "a boolean", "an integer", "a number",
                                         "text", "bytes",     "a list",     "a structure"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

struct Document::Owned {
  std::string json;  ///< a copy of the body, whose escapes are resolved in place
  std::vector<std::string> joined;
};

Document::Document() : owned_(std::make_unique<Owned>()) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Answer<Document> Document::read(std::string_view body, Format format) {
  Document document;
  std::string fault;
  if (format == Format::Cbor) {
    aws::CborReader in(body, &document.owned_->joined);
    BinaryReader(in).read(document.root_);
    if (!in.complete())
      fault = in.ok() ? "bytes follow it" : in.fault();
  } else {
    document.owned_->json = body;
    fault = JsonReader(document.root_).read(document.owned_->json);
  }
  if (fault.empty() && document.root_.kind != Value::Kind::Map)
    fault = "it is no structure";
  if (!fault.empty())
    return refuse(Fault::Serialization, std::string("The body is not the ") +
                                            (format == Format::Cbor ? "CBOR" : "JSON") +
                                            " of a request: " + fault);
  return document;
}

const Value* Fields::find(std::string_view name) {
  if (error_)
    return nullptr;
  for (const auto& [key, value] : map_->members) {
    if (key == name)
      return value.kind == Value::Kind::Null ? nullptr : &value;
  }
  return nullptr;
}

void Fields::wrong(std::string_view name, std::string_view wanted) {
  error_ = ServiceError(Fault::Serialization, "Member " + std::string(name) + " has to be " +
                                                  std::string(wanted) + ", and is " +
                                                  std::string(kind_name(find(name)->kind)) + ".");
}

std::optional<std::string_view> Fields::text(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (value->kind == Value::Kind::Text)
    return value->text;
  wrong(name, "text");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (value->kind == Value::Kind::Integer)
    return value->integer;
  if (value->kind == Value::Kind::Real && std::abs(value->real) < 1e15 &&
      std::trunc(value->real) == value->real)
    return static_cast<std::int64_t>(value->real);
  wrong(name, "an integer");
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (value->kind == Value::Kind::Boolean)
    return value->boolean;
  wrong(name, "a boolean");
  return std::nullopt;
}

std::optional<WallTime> Fields::time(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  const bool whole = value->kind == Value::Kind::Integer;
  if (!whole && value->kind != Value::Kind::Real) {
    wrong(name, "a timestamp in seconds since 1970");
    return std::nullopt;
  }
  const double number = whole ? static_cast<double>(value->integer) : value->real;
  const double millis = std::abs(number) < kSecondsMax ? number * 1000 : number;
  if (!(std::abs(millis) < 1e15)) {
    wrong(name, "a timestamp within reach");
    return std::nullopt;
  }
  return WallTime(std::chrono::milliseconds(std::llround(millis)));
}

std::optional<ByteView> Fields::bytes(std::string_view name, std::deque<std::string>& decoded) {
  const Value* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (value->kind == Value::Kind::Bytes)
    return as_bytes(value->text);
  if (value->kind != Value::Kind::Text) {
    wrong(name, "bytes");
    return std::nullopt;
  }
  auto plain = aws::decode_base64(value->text);
  if (!plain) {
    error_ = ServiceError(Fault::Serialization, "Member " + std::string(name) + " is no base64.");
    return std::nullopt;
  }
  decoded.push_back(std::move(*plain));
  return as_bytes(decoded.back());
}

const std::vector<Value>* Fields::list(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr)
    return nullptr;
  if (value->kind == Value::Kind::Array)
    return &value->items;
  wrong(name, "a list");
  return nullptr;
}

const Value* Fields::map(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr || value->kind == Value::Kind::Map)
    return value;
  wrong(name, "a structure");
  return nullptr;
}

}  // namespace kt::local
