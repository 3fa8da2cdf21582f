#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>
#include <vector>

#include "postrider/model/http.h"

namespace postrider {

/// The headers of a request in the form that libcurl reads. Memory is kept for the next request.
class RequestHeaders {
 public:
  /// Takes over `headers`. Returns why they can not be sent, without their values: a name that is
  /// no token, a value with a line break, a header that belongs to the framing.
  std::optional<std::string> Assign(const HttpHeaders& headers);

  /// Valid until the next Assign.
  curl_slist* list() { return nodes_.data(); }

 private:
  void Add(std::string_view line);

  std::string text_;  ///< the lines, each with a NUL
  std::vector<std::size_t> starts_;
  std::vector<curl_slist> nodes_;
};

/// A method or header name (RFC 9110, section 5.6.2).
bool IsToken(std::string_view text);

}  // namespace postrider
