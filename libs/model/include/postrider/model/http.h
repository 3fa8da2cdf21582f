#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "postrider/model/failure.h"
#include "postrider/model/time.h"

namespace postrider {

/// Header fields in the order in which they are sent; names keep their spelling.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// An outbound request, complete: nothing is added to it but framing (`Host`, `Content-Length`)
/// and what the URL's own credentials demand.
struct HttpRequest {
  std::string method = "POST";
  std::string url;
  HttpHeaders headers;
  std::string body;  ///< sent byte for byte
  /// Sends a body of length zero with `Content-Length: 0` when `body` is empty and the method has
  /// one (POST, PUT, PATCH).
  milliseconds connect_timeout{3000};  ///< DNS, TCP and TLS together
  milliseconds timeout{15000};         ///< the whole call, body of the answer included
  std::size_t max_response = 1 << 20;  ///< bytes of the answer's body, after decompression
  seconds idle{30};                    ///< a connection idle for longer is not used again
};

/// What came of a request: an answer, or a failure. When `failure` is set there was no complete
/// answer; `status` may still hold what had been read.
struct HttpAnswer {
  int status = 0;
  HttpHeaders headers;  ///< names in lower case
  std::string body;
  std::optional<FailureClass> failure;
  std::string error;  ///< for people: what failed, and against which address
  milliseconds latency{0};
  bool connection_reused = false;
  /// The first byte of the request may have left: an unanswered request is then *unknown*.
  bool maybe_sent = false;
};

}  // namespace postrider
