#pragma once

#include <map>
#include <string>
#include <variant>

#include "postrider/model/secret.h"
#include "postrider/model/time.h"

/// How a destination proves to its partner who it is.
namespace postrider {

/// `Authorization: Bearer`.
struct BearerAuth {
  Secret token;
};

/// `Authorization: Basic` (RFC 7617).
struct BasicAuth {
  std::string user;  ///< without a colon
  Secret password;
};

/// The client credentials grant of OAuth 2.0 (RFC 6749, section 4.4).
struct OAuth2Auth {
  std::string token_url;
  std::string client_id;
  Secret client_secret;
  std::string scope{};     ///< separated by spaces; empty: not sent
  std::string audience{};  ///< empty: not sent
  bool in_body = false;    ///< id and secret in the form instead of `Authorization: Basic`
};

/// A partner's own way to give a token: a call, and where its answer holds what.
struct TokenAuth {
  std::string url;
  std::string method = "POST";
  std::map<std::string, HeaderValue> headers{};
  std::map<std::string, HeaderValue> fields{};  ///< of the body
  bool form = false;                            ///< the body is a form; else a JSON object
  std::string token = "/access_token";          ///< JSON pointer
  /// JSON pointer to seconds from now, or to a time in RFC 3339. Where the answer has none,
  /// `lifetime` holds.
  std::string expires = "/expires_in";
  seconds lifetime{3600};
  std::string header = "Authorization";  ///< of the requests that the token is for
  std::string prefix = "Bearer ";        ///< before the token
};

/// std::monostate: none but what `headers` say.
using AuthSettings = std::variant<std::monostate, BearerAuth, BasicAuth, OAuth2Auth, TokenAuth>;

}  // namespace postrider
