#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "postrider/message/request_builder.h"
#include "postrider/model/auth_settings.h"
#include "postrider/model/http.h"
#include "postrider/model/secret.h"
#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// A token as its issuer gave it.
struct IssuedToken {
  std::string header;  ///< the whole value of the header that carries it
  Timestamp ends_at;
};

/// The call that fetches a token, and what its answer says. Immutable, so callable from any thread
/// when the resolver is.
class TokenCall {
 public:
  /// Throws std::invalid_argument for the name of a header that is none, or a JSON pointer that is
  /// none.
  /// @param auth  holds OAuth2Auth or TokenAuth
  /// @param http  of the destination: its timeouts hold for the call
  TokenCall(const AuthSettings& auth, const HttpSettings& http, SecretResolver resolver,
            std::string_view version);

  /// Whether a token has to be fetched for these settings.
  static bool IsNeeded(const AuthSettings& auth);

  /// Does not block, except on a secret.
  BuildResult Build() const;

  /// The token in the answer, or why there is none, for people: never with a part of the body,
  /// which may hold a token.
  /// @param now  when the call began: the life of a token counts from there
  std::variant<IssuedToken, std::string> Read(const HttpAnswer& answer, Timestamp now) const;

  /// The name of the header that carries the token.
  const std::string& header() const { return auth_.header; }

 private:
  TokenAuth auth_;
  std::optional<OAuth2Auth> client_;  ///< whose credentials go into `Authorization: Basic`
  HttpRequest prototype_;
  SecretResolver resolver_;
};

}  // namespace postrider
