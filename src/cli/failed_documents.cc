#include "cli/failed_documents.h"

#include <nlohmann/json.hpp>

#include "app/app.h"
#include "aws/base64.h"

namespace kt::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;

std::string text_of(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<stream::PutEntry> entry_of(const Json& record, const std::string& place) {
  if (!record.is_object())
    return fail(ErrorCode::Invalid, place + " is no record");
  if (record.contains("overflow")) {
    return fail(ErrorCode::Invalid,
                place + " has its data elsewhere: put the document " + text_of(record, "overflow"));
  }
  stream::PutEntry entry;
  auto data = aws::decode_base64(text_of(record, "data"));
  if (!record.contains("data") || !data)
    return fail(ErrorCode::Invalid, place + " has no data in base64");
  entry.data = *std::move(data);
  auto key = aws::decode_base64(text_of(record, "partitionKeyBase64"));
  entry.partition_key = key && !key->empty() ? *std::move(key) : text_of(record, "partitionKey");
  if (entry.partition_key.empty())
    return fail(ErrorCode::Invalid, place + " has no partitionKey");
  entry.explicit_hash_key = text_of(record, "explicitHashKey");
  return entry;
}

}  // namespace

Result<std::vector<stream::PutEntry>> parse_failed_document(const std::string& text,
                                                            const std::string& name) {
  const Json document = Json::parse(text, nullptr, false);
  const auto records = document.is_object() ? document.find("records") : document.end();
  if (!document.is_object() || records == document.end() || !records->is_array()) {
    return fail(ErrorCode::Invalid,
                name + " is no document of a failed batch: it has no list \"records\"");
  }
  std::vector<stream::PutEntry> entries;
  for (const Json& record : *records) {
    TRY(stream::PutEntry entry,
        entry_of(record, name + ": record " + std::to_string(entries.size() + 1)));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<stream::PutEntry>> read_failed_document(const std::filesystem::path& file) {
  TRY(const std::string text, app::read_file(file, kFileBytesMax));
  return parse_failed_document(text, file.string());
}

}  // namespace kt::cli
