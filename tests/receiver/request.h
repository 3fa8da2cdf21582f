#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::receiver {

/// A request as it stands in a connection's buffer, which it borrows.
struct Request {
  std::string_view method;
  std::string_view path;
  std::string_view event;    ///< Postrider-Event
  std::string_view key;      ///< Idempotency-Key
  std::string_view attempt;  ///< Postrider-Attempt
  std::string_view body;
  std::size_t size = 0;  ///< bytes of the buffer that it takes
};

enum class Parsed { kComplete, kIncomplete, kBad };

/// Reads the HTTP/1.1 request at the front of the buffer. Bodies need a Content-Length; anything
/// else, chunks among it, is kBad.
Parsed ParseRequest(std::string_view buffer, Request& request);

}  // namespace postrider::receiver
