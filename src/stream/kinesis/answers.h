// stream/kinesis/answers.h — Reads the service's answers, CBOR and JSON, and its emulators'
// dialects.
//
// Why: GetRecords is the hot path and is read in place: records are views of the answer. The other
// answers are small and are read through one document type. Dialects met in the field: payloads as
// base64 text inside CBOR, timestamps as whole milliseconds or as seconds with a fraction, with or
// without a tag, null where a list is meant.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "stream/kinesis_api.h"

namespace kt::stream {

/// A small answer as a document, whichever protocol it came in. Corrupt when it is neither.
Result<nlohmann::json> read_document(const std::string& body);

/// GetRecords. `body` becomes the page's, which gives it to `pool` at its end. Corrupt names what
/// is wrong and where.
Result<RecordsAnswer> read_records(std::string body, TextPoolPtr pool = nullptr);

/// A shard of ListShards (SequenceNumberRange) or of ChildShards (ParentShards).
Result<Shard> read_shard(const nlohmann::json& entry);
Result<std::vector<Shard>> read_shards(const nlohmann::json& list);
/// The StreamDescriptionSummary.
Result<StreamDescription> read_description(const nlohmann::json& document);

/// A timestamp of any dialect: milliseconds or seconds since 1970, told apart by their size.
WallTime to_wall_time(double number);

/// MillisBehindLatest: what cannot be one (negative, no number, a million years) is brought in
/// range.
std::chrono::milliseconds to_behind_latest(double number);

/// "" when there is no text under that name.
std::string text_of(const nlohmann::json& object, const char* key);

}  // namespace kt::stream
