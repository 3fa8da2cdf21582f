#pragma once

#include <optional>
#include <string>

#include "postrider/model/auth_settings.h"
#include "value.h"

namespace postrider {

/// `auth`: one of `{bearer: ..}`, `{basic: ..}`, `{oauth2: ..}`, `{token: ..}`. What is read takes
/// the place of what was there.
struct AuthKind {
  void Read(const Value& value, AuthSettings& out) const;
  std::optional<std::string> Show(const AuthSettings& auth) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// The name of the header that carries the credentials; empty: none does.
std::string CredentialsHeader(const AuthSettings& auth);

}  // namespace postrider
