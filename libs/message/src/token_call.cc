#include "postrider/message/token_call.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "authorization.h"
#include "header_rules.h"
#include "percent_encoding.h"
#include "rfc3339.h"

namespace postrider {
namespace {

using Json = nlohmann::json;

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr seconds kLongestLife{10LL * 365 * 86400};
constexpr std::size_t kLongestAnswer = 1 << 20;

/// The client credentials grant as what it is: a call with a form.
TokenAuth GrantOf(const OAuth2Auth& oauth2) {
  TokenAuth call;
  call.url = oauth2.token_url;
  call.form = true;
  call.fields["grant_type"] = "client_credentials";
  if (!oauth2.scope.empty()) call.fields["scope"] = oauth2.scope;
  if (!oauth2.audience.empty()) call.fields["audience"] = oauth2.audience;
  if (oauth2.in_body) {
    call.fields["client_id"] = oauth2.client_id;
    call.fields["client_secret"] = oauth2.client_secret;
  }
  call.headers["Accept"] = "application/json";
  return call;
}

TokenAuth CallOf(const AuthSettings& auth) {
  if (const auto* oauth2 = std::get_if<OAuth2Auth>(&auth)) return GrantOf(*oauth2);
  return std::get<TokenAuth>(auth);
}

std::string Resolve(const HeaderValue& value, const SecretResolver& resolver) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : resolver(std::get<Secret>(value));
}

std::string FormOf(const Fields& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    AppendPercentEncoded(name, form);
    form += '=';
    AppendPercentEncoded(value, form);
  }
  return form;
}

std::string JsonOf(const Fields& fields) {
  Json object = Json::object();
  for (const auto& [name, value] : fields) object[name] = value;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The value at the pointer; null when there is none.
Json At(const Json& body, const std::string& pointer) {
  const Json::json_pointer steps(pointer);
  return body.contains(steps) ? body.at(steps) : Json();
}

/// Seconds from now as a number or digits, or a time; nullopt when it is neither.
std::optional<Timestamp> EndOf(const Json& value, Timestamp now) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (const auto time = ParseRfc3339(text)) return time;
    const Json number = Json::parse(text, nullptr, false);
    return number.is_number() ? EndOf(number, now) : std::nullopt;
  }
  if (!value.is_number()) return std::nullopt;
  const double life = value.get<double>();
  if (!(life >= 0)) return std::nullopt;
  if (life >= static_cast<double>(kLongestLife.count())) return now + kLongestLife;
  return now + seconds(static_cast<seconds::rep>(life));
}

}  // namespace

TokenCall::TokenCall(const AuthSettings& auth, const HttpSettings& http, SecretResolver resolver,
                     std::string_view version)
    : auth_(CallOf(auth)), resolver_(std::move(resolver)) {
  if (const auto* oauth2 = std::get_if<OAuth2Auth>(&auth); oauth2 != nullptr && !oauth2->in_body) {
    client_ = *oauth2;
  }
  for (const auto& [name, value] : auth_.headers) CheckHeaderName(name);
  CheckHeaderName(auth_.header);
  for (const std::string& pointer : {auth_.token, auth_.expires}) {
    try {
      const Json::json_pointer steps(pointer);
    } catch (const Json::exception&) {
      throw std::invalid_argument("'" + pointer + "' is not a JSON pointer such as /data/token");
    }
  }
  prototype_.method = auth_.method;
  prototype_.url = auth_.url;
  prototype_.connect_timeout = http.connect_timeout;
  prototype_.timeout = http.timeout;
  prototype_.max_response = kLongestAnswer;
  prototype_.headers.emplace_back("User-Agent", "postrider/" + std::string(version));
}

bool TokenCall::IsNeeded(const AuthSettings& auth) {
  return std::holds_alternative<OAuth2Auth>(auth) || std::holds_alternative<TokenAuth>(auth);
}

BuildResult TokenCall::Build() const {
  HttpRequest request = prototype_;
  try {
    if (client_) {
      request.headers.emplace_back(
          "Authorization", BasicAuthorization(PercentEncoded(client_->client_id),
                                              PercentEncoded(resolver_(client_->client_secret))));
    }
    for (const auto& [name, value] : auth_.headers) {
      request.headers.emplace_back(name, Resolve(value, resolver_));
      if (!IsHeaderValue(request.headers.back().second)) {
        throw std::runtime_error("header " + name + " holds a line end or control character");
      }
    }
    Fields fields;
    for (const auto& [name, value] : auth_.fields) {
      fields.emplace_back(name, Resolve(value, resolver_));
    }
    if (!fields.empty()) {
      request.headers.emplace_back(
          "Content-Type", auth_.form ? "application/x-www-form-urlencoded" : "application/json");
      request.body = auth_.form ? FormOf(fields) : JsonOf(fields);
    }
  } catch (const std::exception& error) {
    return BuildFailure{FailureClass::kLocal, std::string("token: ") + error.what()};
  }
  return request;
}

std::variant<IssuedToken, std::string> TokenCall::Read(const HttpAnswer& answer,
                                                       Timestamp now) const {
  if (answer.failure) return answer.error;
  if (answer.status / 100 != 2) return "status " + std::to_string(answer.status);
  const Json body = Json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) return "the answer is not JSON";
  const Json token = At(body, auth_.token);
  if (!token.is_string() || token.get_ref<const std::string&>().empty()) {
    return "the answer has no text at " + auth_.token;
  }
  IssuedToken issued{auth_.prefix + token.get<std::string>(), now + auth_.lifetime};
  if (!IsHeaderValue(issued.header)) return "the token holds a line end or control character";
  if (const Json end = At(body, auth_.expires); !auth_.expires.empty() && !end.is_null()) {
    const auto ends_at = EndOf(end, now);
    if (!ends_at) return "the answer has no seconds and no time with a zone at " + auth_.expires;
    issued.ends_at = *ends_at;
  }
  return issued;
}

}  // namespace postrider
