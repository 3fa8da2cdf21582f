#include "test_certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace postrider::testing {
namespace {

constexpr long kDay = 86400;

void AddAlternativeName(X509* certificate, const std::string& host) {
  const std::string value = host.starts_with("IP:") ? host : "DNS:" + host;
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str());
  if (extension == nullptr) throw std::runtime_error("bad host for a certificate: " + host);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

void ServeTls(Peer& peer, SSL_CTX* context, const std::string& answer) {
  const std::unique_ptr<SSL, SslFree> ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), peer.fd());
  if (SSL_accept(ssl.get()) != 1) return;
  std::string got;
  char chunk[4096];
  int length;
  while ((length = SSL_read(ssl.get(), chunk, sizeof chunk)) > 0) {
    got.append(chunk, static_cast<std::size_t>(length));
    if (got.find("\r\n\r\n") == std::string::npos) continue;
    got.clear();
    SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
  }
}

}  // namespace

TestCertificate::TestCertificate(const std::string& host, int days)
    : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
  X509* const certificate = certificate_.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -100 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * kDay);
  X509_set_pubkey(certificate, key_.get());
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const common = reinterpret_cast<const unsigned char*>("postrider test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  AddAlternativeName(certificate, host);
  X509_sign(certificate, key_.get(), EVP_sha256());
}

std::string TestCertificate::Pem() const {
  BIO* const memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate_.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(memory, &data);
  std::string pem(data, static_cast<std::size_t>(length));
  BIO_free(memory);
  return pem;
}

HostileServer::Script OverTls(const TestCertificate& certificate, std::string answer, int highest) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), certificate.certificate());
  SSL_CTX_use_PrivateKey(context.get(), certificate.key());
  SSL_CTX_set_max_proto_version(context.get(), highest);
  SSL_CTX_set_security_level(context.get(), 0);
  return
      [context, answer = std::move(answer)](Peer& peer) { ServeTls(peer, context.get(), answer); };
}

}  // namespace postrider::testing
