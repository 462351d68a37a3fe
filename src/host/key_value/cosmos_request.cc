#include "host/key_value/cosmos_request.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "aws/base64.h"
#include "base/check.h"
#include "base/percent.h"

namespace kt::host {

namespace {

void append_lower(std::string& out, std::string_view text) {
  for (const char c : text)
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  out.push_back('\n');
}

}  // namespace

Result<CosmosKey> CosmosKey::parse(std::string_view base64) {
  auto key = aws::decode_base64(base64);
  if (!key || key->empty())
    return fail(ErrorCode::Invalid, "the key of the Azure Cosmos DB account is not base64 text");
  return CosmosKey(*std::move(key));
}

std::string CosmosKey::authorize(std::string_view verb, std::string_view type,
                                 std::string_view link, std::string_view date) const {
  std::string signed_text;
  append_lower(signed_text, verb);
  append_lower(signed_text, type);
  signed_text.append(link);
  signed_text.push_back('\n');
  append_lower(signed_text, date);
  signed_text.push_back('\n');
  std::uint8_t mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const ByteView bytes = as_bytes(signed_text);
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes.data(), bytes.size(),
             mac, &size) != nullptr);
  std::string token = "type=master&ver=1.0&sig=";
  aws::append_base64(token, ByteView(mac, size));
  return percent_encoded(token);
}

std::string cosmos_authorization(std::string_view token) {
  return percent_encoded("type=aad&ver=1.0&sig=" + std::string(token));
}

}  // namespace kt::host
