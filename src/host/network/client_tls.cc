#include "host/network/client_tls.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "host/host_name.h"

namespace kt::host {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader_of(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

bool holds_certificates(const std::string& pem) {
  const Bio bio = reader_of(pem);
  X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  X509_free(certificate);
  return certificate != nullptr;
}

/// No passphrase can be asked for.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

bool holds_key(const std::string& pem) {
  const Bio bio = reader_of(pem);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr);
  EVP_PKEY_free(key);
  return key != nullptr;
}

/// As URLs write it; a host that cannot be is nobody's.
std::string spelled(std::string_view host) {
  const auto name = HostName::parse(host);
  return name ? name->text() : std::string();
}

Result<TlsChoice> choice_of(const ClientTlsEntry& entry) {
  const auto wrong = [](const std::string& what) {
    return fail(ErrorCode::Invalid, "client_tls: " + what);
  };
  TlsChoice choice;
  const bool said = entry.ca_use_platform_roots || entry.ca_use_webpki_roots;
  choice.platform_roots =
      said ? entry.ca_use_platform_roots.value_or(false) : !entry.ca_roots_pem.has_value();
  choice.well_known_roots = entry.ca_use_webpki_roots.value_or(false);
  choice.roots_pem = entry.ca_roots_pem;
  choice.client_cert_pem = entry.client_cert_pem;
  choice.client_private_key_pem = entry.client_private_key_pem;
  if (!choice.platform_roots && !choice.well_known_roots && !choice.roots_pem)
    return wrong(
        "with ca_use_platform_roots and ca_use_webpki_roots both false, ca_roots_file is "
        "needed: nobody would be trusted");
  if (choice.roots_pem && !holds_certificates(*choice.roots_pem))
    return wrong("ca_roots_file holds no certificate in PEM form");
  if (choice.client_cert_pem && !choice.client_private_key_pem)
    return wrong("client_cert_file needs client_private_key_file");
  if (choice.client_private_key_pem && !choice.client_cert_pem)
    return wrong("client_private_key_file needs client_cert_file");
  if (choice.client_cert_pem && !holds_certificates(*choice.client_cert_pem))
    return wrong("client_cert_file holds no certificate in PEM form");
  if (choice.client_private_key_pem && !holds_key(*choice.client_private_key_pem))
    return wrong("client_private_key_file holds no private key in PEM form without a passphrase");
  return choice;
}

}  // namespace

Result<ClientTls> ClientTls::make(const std::vector<ClientTlsEntry>& entries) {
  ClientTls tls;
  for (const ClientTlsEntry& entry : entries) {
    if (entry.component_ids.empty() || entry.hosts.empty())
      return fail(ErrorCode::Invalid,
                  "client_tls: component_ids and hosts must each name at least one");
    TRY(TlsChoice choice, choice_of(entry));
    const auto shared = std::make_shared<const TlsChoice>(std::move(choice));
    for (const std::string& host : entry.hosts) {
      const std::string name = spelled(host);
      if (name.empty())
        return fail(ErrorCode::Invalid,
                    "client_tls: \"" + host + "\" is not a host; write it without a port");
      for (const std::string& component : entry.component_ids)
        tls.choices_.emplace(std::pair(component, name), shared);
    }
  }
  return tls;
}

const TlsChoice& ClientTls::choice(std::string_view component, std::string_view host) const {
  const auto found = choices_.find(std::pair(std::string(component), spelled(host)));
  return found == choices_.end() ? otherwise_ : *found->second;
}

}  // namespace kt::host
