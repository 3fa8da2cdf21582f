#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "support/hostile_server.h"

namespace postrider::testing {

/// A key and a certificate that it signed itself, for tests.
class TestCertificate {
 public:
  /// For `host` (a DNS name, or "IP:127.0.0.1" for an address), valid for `days` days from now; a
  /// negative number: expired so many days ago.
  explicit TestCertificate(const std::string& host, int days = 10);

  std::string Pem() const;
  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
};

/// Answers HTTPS requests with `answer`; `highest` is the newest TLS version it speaks.
HostileServer::Script OverTls(const TestCertificate& certificate, std::string answer,
                              int highest = TLS1_3_VERSION);

}  // namespace postrider::testing
