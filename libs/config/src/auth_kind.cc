#include "auth_kind.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

#include "auth_catalogues.h"
#include "group_reader.h"
#include "scalar_kinds.h"
#include "secret_kind.h"

namespace postrider {
namespace {

constexpr std::array<std::string_view, 4> kForms{"bearer", "basic", "oauth2", "token"};

/// Reports each setting of a form that it cannot do without and that is not given.
template <class Auth>
void Require(const Value& map, std::initializer_list<const char*> keys, AuthSettings& out,
             Auth auth) {
  bool complete = true;
  for (const char* const key : keys) {
    if (map.Find(key)) continue;
    map.Error("found no " + std::string(key) + ", allowed: " + FormOf<Auth>());
    complete = false;
  }
  if (complete) out = std::move(auth);
}

template <class Auth>
Auth ReadForm(const Value& map) {
  Auth auth;
  ReadGroup(map, "", AuthCatalogue<Auth>(), auth);
  return auth;
}

void ReadToken(const Value& map, AuthSettings& out) {
  auto auth = ReadForm<TokenAuth>(map);
  if (map.Find("form") && map.Find("json")) {
    return map.Error("found json beside form, allowed: one of the two");
  }
  Require(map, {"url"}, out, std::move(auth));
}

template <class Auth>
std::string ShowForm(const Auth& auth) {
  std::vector<std::string> members;
  for (const auto& setting : AuthCatalogue<Auth>()) {
    if (const auto text = setting.show(auth)) members.push_back(setting.path + ": " + *text);
  }
  return "{" + Join(members) + "}";
}

}  // namespace

void AuthKind::Read(const Value& value, AuthSettings& out) const {
  if (!value.IsMap()) return value.ExpectWithoutRepeating(Allowed());
  const auto members = value.Members();
  if (members.size() != 1) {
    return value.Error("found " + std::to_string(members.size()) +
                       " ways to prove who we are, allowed: one; " + Allowed());
  }
  const Value& form = members.front();
  if (form.key() == "bearer") {
    if (auto token = ReadSecret(form, true)) out = BearerAuth{std::move(*token)};
    return;
  }
  if (std::find(kForms.begin(), kForms.end(), form.key()) == kForms.end()) {
    return form.KeyError("found the unknown key " + Quoted(form.key()) +
                         ", allowed: " + Join({kForms.begin(), kForms.end()}));
  }
  if (!form.IsMap()) return form.ExpectWithoutRepeating("a map");
  if (form.key() == "basic") {
    Require(form, {"user", "password"}, out, ReadForm<BasicAuth>(form));
  } else if (form.key() == "oauth2") {
    Require(form, {"token_url", "client_id", "client_secret"}, out, ReadForm<OAuth2Auth>(form));
  } else {
    ReadToken(form, out);
  }
}

std::optional<std::string> AuthKind::Show(const AuthSettings& auth) const {
  if (const auto* bearer = std::get_if<BearerAuth>(&auth)) {
    return "{bearer: " + SecretText(bearer->token) + "}";
  }
  if (const auto* basic = std::get_if<BasicAuth>(&auth)) return "{basic: " + ShowForm(*basic) + "}";
  if (const auto* oauth2 = std::get_if<OAuth2Auth>(&auth)) {
    return "{oauth2: " + ShowForm(*oauth2) + "}";
  }
  if (const auto* token = std::get_if<TokenAuth>(&auth)) return "{token: " + ShowForm(*token) + "}";
  return std::nullopt;
}

std::string AuthKind::Allowed() const {
  return "{bearer: SECRET}, {basic: {user, password}}, {oauth2: {token_url, client_id, "
         "client_secret, ..}} or {token: {url, ..}}";
}

std::string AuthKind::Schema() const { return SchemaReference("auth"); }

std::string CredentialsHeader(const AuthSettings& auth) {
  if (std::holds_alternative<std::monostate>(auth)) return "";
  const auto* token = std::get_if<TokenAuth>(&auth);
  return token != nullptr ? token->header : "Authorization";
}

}  // namespace postrider
