#include "filter/event_json.h"

#include "aws/rapid_json.h"
#include "base/utf8.h"

namespace kt::filter {

/// Takes what RapidJSON reads. Texts are views of `text_`, which is parsed in place.
struct EventJson::Reader {
  EventJson& out;

  bool add(Kind kind, std::string_view text = {}) {
    if (out.nodes_.size() >= kValuesMax)
      return false;
    Node node;
    node.kind = kind;
    node.text = text;
    node.end = static_cast<std::uint32_t>(out.nodes_.size() + 1);
    out.nodes_.push_back(node);
    return true;
  }
  bool open(Kind kind) {
    if (out.open_.size() >= kDepthMax)
      return false;
    out.open_.push_back(static_cast<std::uint32_t>(out.nodes_.size()));
    return add(kind);
  }
  bool close() {
    out.nodes_[out.open_.back()].end = static_cast<std::uint32_t>(out.nodes_.size());
    out.open_.pop_back();
    return true;
  }

  bool Null() { return add(Kind::Null); }
  bool Bool(bool value) { return add(value ? Kind::True : Kind::False); }
  bool RawNumber(const char* at, rapidjson::SizeType size, bool) {
    return add(Kind::Number, std::string_view(at, size));
  }
  bool String(const char* at, rapidjson::SizeType size, bool) {
    return add(Kind::Text, std::string_view(at, size));
  }
  bool Key(const char* at, rapidjson::SizeType size, bool copy) { return String(at, size, copy); }
  bool StartObject() { return open(Kind::Object); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(Kind::Array); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // Every number comes raw.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
};

bool EventJson::parse(std::string_view text) {
  nodes_.clear();
  open_.clear();
  fault_ = nullptr;
  fault_at_ = 0;
  if (!is_utf8(text)) {
    fault_ = "it is not UTF-8";
    return false;
  }
  text_.reserve(text.size() + 1 + aws::kRapidJsonPadding);
  text_.assign(text);
  rapidjson::InsituStringStream stream(text_.data());
  rapidjson::Reader reader;
  Reader handler{*this};
  constexpr unsigned kFlags = aws::kRapidJsonFlags | rapidjson::kParseNumbersAsStringsFlag;
  if (const auto result = reader.Parse<kFlags>(stream, handler); result.IsError()) {
    fault_at_ = result.Offset();
    fault_ = result.Code() == rapidjson::kParseErrorTermination
                 ? "it is nested too deep or holds too many values"
                 : rapidjson::GetParseError_En(result.Code());
    return false;
  }
  // A zero byte ends RapidJSON's text, not ours.
  if (stream.Tell() < text.size()) {
    fault_at_ = stream.Tell();
    fault_ = "it goes on after its end";
    return false;
  }
  return true;
}

std::size_t EventJson::member(std::size_t object, std::string_view name) const {
  std::size_t found = kNone;
  for (std::size_t at = object + 1; at < nodes_[object].end; at = nodes_[at + 1].end) {
    if (nodes_[at].text == name)
      found = at + 1;
  }
  return found;
}

}  // namespace kt::filter
