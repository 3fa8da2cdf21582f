#include "relay/endpoints.h"

#include <utility>
#include <variant>

#include "relay/version.h"

namespace postrider {
namespace {

/// The settings of one endpoint: its own headers and credentials over those of the destination.
HttpSettings SettingsOf(const HttpSettings& http, const EndpointSettings& endpoint) {
  HttpSettings settings = http;
  if (!endpoint.url.empty()) settings.url = endpoint.url;
  for (const auto& [name, value] : endpoint.headers) settings.headers.insert_or_assign(name, value);
  if (!std::holds_alternative<std::monostate>(endpoint.auth)) settings.auth = endpoint.auth;
  return settings;
}

/// How a question is asked: as a request to the first endpoint, but elsewhere and without a body.
HttpSettings QuestionOf(HttpSettings settings, const VerifySettings& verify) {
  settings.url = verify.url;
  settings.method = verify.method;
  return settings;
}

}  // namespace

std::shared_ptr<const Endpoints> MakeEndpoints(DestinationId destination,
                                               const DestinationSettings& settings,
                                               const SecretResolver& secrets,
                                               const std::string& installation) {
  const HttpSettings& http = settings.http;
  const auto builder = [&](const HttpSettings& of, const Endpoint& endpoint, bool body) {
    RequestOptions options;
    if (endpoint.token) options.token = endpoint.token->Header();
    options.body = body;
    return std::make_unique<const RequestBuilder>(destination, of, secrets, installation, kVersion,
                                                  std::move(options));
  };
  auto made =
      std::make_shared<Endpoints>(Endpoints{{}, nullptr, EgressGuard(settings.http.allow_private)});
  std::vector<HttpSettings> each{SettingsOf(http, http.primary)};
  for (const EndpointSettings& fallback : http.fallbacks) {
    each.push_back(SettingsOf(http, fallback));
  }
  for (const HttpSettings& of : each) {
    Endpoint endpoint;
    if (TokenCall::IsNeeded(of.auth)) {
      endpoint.token = std::make_unique<TokenSource>(TokenCall(of.auth, of, secrets, kVersion));
    }
    endpoint.requests = builder(of, endpoint, true);
    made->all.push_back(std::move(endpoint));
  }
  if (settings.verify) {
    const bool body = settings.verify->method != "GET";
    made->questions = builder(QuestionOf(each.front(), *settings.verify), made->all.front(), body);
  }
  return made;
}

}  // namespace postrider
