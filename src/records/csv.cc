#include "records/csv.h"

namespace kt::records {
namespace {

constexpr std::size_t kRowBytesMax = std::size_t{10} << 20;
constexpr std::size_t kFieldsMax = 1000;

}  // namespace

Result<bool> CsvReader::next(std::vector<std::string>& row) {
  row.clear();
  std::streambuf& in = *in_.rdbuf();
  constexpr int kEnd = std::char_traits<char>::eof();
  if (in.sgetc() == kEnd)
    return false;
  row.emplace_back();
  bool quoted = false;
  std::size_t bytes = 0;
  for (;;) {
    const int c = in.sbumpc();
    if (++bytes > kRowBytesMax || row.size() > kFieldsMax)
      return fail(ErrorCode::Invalid, "it is longer than 10 MiB or has more than 1000 fields");
    if (c == kEnd) {
      if (quoted)
        return fail(ErrorCode::Invalid, "a quote is not closed");
      return true;
    }
    const char letter = static_cast<char>(c);
    if (quoted && letter == '"' && in.sgetc() == '"')
      row.back() += static_cast<char>(in.sbumpc());
    else if (letter == '"' && (quoted || row.back().empty()))
      quoted = !quoted;
    else if (quoted)
      row.back() += letter;
    else if (letter == ',')
      row.emplace_back();
    else if (letter == '\n')
      return true;
    else if (letter != '\r' || in.sgetc() != '\n')
      row.back() += letter;
  }
}

}  // namespace kt::records
