#include "failure_of.h"

namespace postrider {
namespace {

FailureClass BeforeRelease(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return FailureClass::kDns;
    case CURLE_OPERATION_TIMEDOUT:
      return FailureClass::kConnectTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return FailureClass::kTls;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return FailureClass::kConnect;
    default:
      return FailureClass::kLocal;  // a bad URL, no memory, a certificate file of ours
  }
}

FailureClass AfterRelease(CURLcode code, const FailureEvidence& evidence) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return FailureClass::kTimeout;
    case CURLE_UNSUPPORTED_PROTOCOL:  // an answer of HTTP/0.9, that is: not HTTP
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
      return FailureClass::kProtocol;
    case CURLE_FILESIZE_EXCEEDED:
      return FailureClass::kTooLarge;
    case CURLE_SSL_CLIENTCERT:
      return FailureClass::kTls;  // TLS 1.3 says so after the handshake
    // Without an error of the socket it is the chunks of the body that make no sense.
    case CURLE_RECV_ERROR:
      return evidence.socket_failed ? FailureClass::kReset : FailureClass::kProtocol;
    // libcurl's word for a header line of more than 100 KB, as well as for what it says.
    case CURLE_OUT_OF_MEMORY:
      return evidence.answer_began ? FailureClass::kTooLarge : FailureClass::kLocal;
    default:
      // CURLE_TOO_LARGE, which libcurl 7.88 does not have.
      return static_cast<int>(code) == 100 ? FailureClass::kTooLarge : FailureClass::kReset;
  }
}

}  // namespace

FailureClass FailureOf(CURLcode code, const FailureEvidence& evidence) {
  if (evidence.released) return AfterRelease(code, evidence);
  if (evidence.out_of_sockets) return FailureClass::kLocal;
  return BeforeRelease(code);
}

}  // namespace postrider
