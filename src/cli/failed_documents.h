// cli/failed_documents.h — The records of failed batches, read back from their documents.
#pragma once
#include <filesystem>
#include <vector>

#include "stream/kinesis/kinesis_client.h"

namespace kt::cli {

/// The records that a document of docs/reference/destinations.md holds, byte for byte and in its
/// order. NotFound, or Invalid with what is wrong with the file; also where a record's data lies
/// elsewhere. Limit: 1 GiB a file.
Result<std::vector<stream::PutEntry>> read_failed_document(const std::filesystem::path& file);
/// The same from its text; `name` is for messages.
Result<std::vector<stream::PutEntry>> parse_failed_document(const std::string& text,
                                                            const std::string& name);

}  // namespace kt::cli
