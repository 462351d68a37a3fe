// aws/rapid_json.h — RapidJSON, configured in one place.
//
// Why: the library takes its settings from macros, which have to be the same in every file. Its
// assertions tell of our mistakes, never of the input's: they are CHECKs, on in production. Only
// its reader is used: clang refuses the document class of this release.
#pragma once
#include "base/check.h"

#define RAPIDJSON_ASSERT(condition) CHECK(condition, "RapidJSON")
// Looks at 16 bytes of a string at once. It reads whole aligned blocks: see kRapidJsonPadding.
#if defined(__x86_64__)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace kt::aws {

/// How many bytes after its terminator a text that is parsed in place must have allocated.
inline constexpr std::size_t kRapidJsonPadding = 16;

/// In place (strings become views of the text), without recursion, every digit of a number used.
/// Text is not checked to be UTF-8.
inline constexpr unsigned kRapidJsonFlags = rapidjson::kParseInsituFlag |
                                            rapidjson::kParseIterativeFlag |
                                            rapidjson::kParseFullPrecisionFlag;

}  // namespace kt::aws
