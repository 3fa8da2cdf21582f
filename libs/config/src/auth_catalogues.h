#pragma once

#include <string>
#include <vector>

#include "catalogue.h"
#include "nearest.h"
#include "postrider/model/auth_settings.h"

namespace postrider {

/// The settings of one way to prove who we are: BasicAuth, OAuth2Auth, TokenAuth.
template <class Auth>
const Catalogue<Auth>& AuthCatalogue();

template <>
const Catalogue<BasicAuth>& AuthCatalogue();
template <>
const Catalogue<OAuth2Auth>& AuthCatalogue();
template <>
const Catalogue<TokenAuth>& AuthCatalogue();

/// Its keys, for a message: `{user, password}`.
template <class Auth>
std::string FormOf() {
  std::vector<std::string> keys;
  for (const auto& setting : AuthCatalogue<Auth>()) keys.push_back(setting.path);
  return "{" + Join(keys) + "}";
}

}  // namespace postrider
