#include "endpoints_kind.h"

#include <utility>
#include <variant>
#include <vector>

#include "addresses.h"
#include "auth_kind.h"
#include "headers.h"

namespace postrider {
namespace {

EndpointSettings ReadEndpoint(const Value& value) {
  EndpointSettings endpoint;
  if (!value.IsMap()) {
    HttpUrlKind().Read(value, endpoint.url);
    return endpoint;
  }
  for (const Value& member : value.Members()) {
    if (member.key() == "url") {
      HttpUrlKind().Read(member, endpoint.url);
    } else if (member.key() == "headers") {
      HeadersKind().Read(member, endpoint.headers);
    } else if (member.key() == "auth") {
      AuthKind().Read(member, endpoint.auth);
    } else {
      member.KeyError("found the unknown key " + Quoted(member.key()) +
                      ", allowed: url, headers, auth");
    }
  }
  if (!value.Find("url")) value.Error("found no url, allowed: {url: .., headers: .., auth: ..}");
  return endpoint;
}

std::string EndpointText(const std::string& url, const EndpointSettings& endpoint) {
  std::string text = "{url: " + HttpUrlKind().Show(url).value_or("");
  if (const auto headers = HeadersKind().Show(endpoint.headers)) text += ", headers: " + *headers;
  if (const auto auth = AuthKind().Show(endpoint.auth)) text += ", auth: " + *auth;
  return text + "}";
}

}  // namespace

void EndpointsKind::Read(const Value& value, HttpSettings& out) const {
  if (!value.IsList()) return value.Expect(Allowed());
  const auto items = value.Items();
  if (items.empty()) return value.Error("found an empty list, allowed: " + Allowed());
  if (items.size() > kMostEndpoints) {
    return value.Error("found " + std::to_string(items.size()) + " endpoints, allowed: at most 8");
  }
  out.primary = ReadEndpoint(items.front());
  out.url = std::exchange(out.primary.url, "");
  out.fallbacks.clear();
  for (std::size_t i = 1; i < items.size(); ++i) out.fallbacks.push_back(ReadEndpoint(items[i]));
}

std::optional<std::string> EndpointsKind::Show(const HttpSettings& http) const {
  if (!HasEndpoints(http)) return std::nullopt;
  std::vector<std::string> texts{EndpointText(http.url, http.primary)};
  for (const EndpointSettings& endpoint : http.fallbacks) {
    texts.push_back(EndpointText(endpoint.url, endpoint));
  }
  return "[" + Join(texts) + "]";
}

std::string EndpointsKind::Allowed() const {
  return "a list of 1 to 8 URLs or {url: .., headers: .., auth: ..}";
}

std::string EndpointsKind::Schema() const {
  const std::string url = HttpUrlKind().Schema();
  return R"({"type": "array", "minItems": 1, "maxItems": 8, "items": {"anyOf": [)" + url +
         R"(, {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {"url": )" +
         url + R"(, "headers": {"$ref": "#/$defs/headers"}, "auth": {"$ref": "#/$defs/auth"}}}]}})";
}

bool HasEndpoints(const HttpSettings& http) {
  return !http.fallbacks.empty() || !http.primary.headers.empty() ||
         !std::holds_alternative<std::monostate>(http.primary.auth);
}

}  // namespace postrider
