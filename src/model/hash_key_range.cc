#include "model/hash_key_range.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace kt {

HashKey hash_key_of(std::string_view partition_key) {
  std::array<unsigned char, 16> digest{};
  unsigned int size = 0;
  const int done = ::EVP_Digest(partition_key.data(), partition_key.size(), digest.data(), &size,
                                ::EVP_md5(), nullptr);
  CHECK(done == 1 && size == digest.size(), "MD5 is not available");
  HashKey key = 0;
  for (const unsigned char byte : digest)
    key = (key << 8) | byte;
  return key;
}

Result<HashKey> parse_hash_key(std::string_view decimal) {
  const auto bad = [&] {
    return fail(ErrorCode::Invalid, "not a hash key: \"" + std::string(decimal.substr(0, 60)) +
                                        "\"; expected a decimal number up to 2^128-1");
  };
  if (decimal.empty() || decimal.size() > 39 || (decimal[0] == '0' && decimal.size() > 1))
    return bad();
  constexpr HashKey kMax = ~HashKey{0};
  HashKey key = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9')
      return bad();
    const auto digit = static_cast<unsigned>(c - '0');
    if (key > (kMax - digit) / 10)
      return bad();
    key = key * 10 + digit;
  }
  return key;
}

std::string to_decimal(HashKey key) {
  std::string text;
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(key % 10)));
    key /= 10;
  } while (key != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace kt
