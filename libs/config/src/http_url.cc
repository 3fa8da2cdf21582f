#include <algorithm>
#include <cctype>

#include "addresses.h"
#include "mask.h"
#include "templates.h"

namespace postrider {
namespace {

constexpr std::size_t kLongestUrl = 8000;
constexpr std::int64_t kLastPort = 65535;

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 253 && !host.starts_with('.') && !host.starts_with('-') &&
         host.find("..") == host.npos &&
         std::all_of(host.begin(), host.end(), [](unsigned char letter) {
           return letter < 0x80 &&
                  (std::isalnum(letter) != 0 || letter == '.' || letter == '-' || letter == '_');
         });
}

bool IsBracketed(std::string_view host) {
  return host.size() > 2 && host.starts_with('[') && host.ends_with(']') &&
         IsNetwork(std::string(host.substr(1, host.size() - 2)) + "/128");
}

std::optional<std::string> AuthorityFault(std::string_view authority) {
  if (authority.find('@') != authority.npos) {
    return "found credentials in the URL, allowed: none; send them in a header from {env: NAME} or "
           "{file: PATH}";
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return "found no host in the URL, allowed: http://HOST or https://HOST";
  if (!IsHostName(host) && !IsBracketed(host)) {
    return "found the host " + Quoted(host) +
           ", allowed: a name, an IPv4 address or an IPv6 address in brackets; no template";
  }
  if (colon == authority.npos) return std::nullopt;
  const auto port = ParseInteger(authority.substr(colon + 1));
  if (port && *port >= 1 && *port <= kLastPort) return std::nullopt;
  return "found the port " + Quoted(authority.substr(colon + 1)) + ", allowed: 1 to 65535";
}

bool IsUrlCharacter(unsigned char letter) {
  return letter > 0x20 && letter < 0x7F &&
         std::string_view("\"<>\\^`{|}").find(static_cast<char>(letter)) == std::string_view::npos;
}

// The scheme and the host come from the configuration, never from an event.
bool HasTagInHost(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == url.npos ? 0 : scheme + 3;
  return url.substr(0, url.find_first_of("/?#", begin)).find("{{") != url.npos;
}

std::optional<std::string> PartsFault(std::string_view url) {
  const std::size_t colon = url.find("://");
  std::string scheme(url.substr(0, colon == url.npos ? 0 : colon));
  for (char& letter : scheme) letter = static_cast<char>(std::tolower(letter));
  if (scheme != "http" && scheme != "https") {
    return "found " + (scheme.empty() ? "no scheme" : "the scheme " + Quoted(scheme)) +
           ", allowed: http://HOST or https://HOST";
  }
  if (url.find('#') != url.npos) return "found a fragment (#) in the URL, allowed: none";
  const std::size_t begin = colon + 3;
  const std::size_t end = std::min(url.find_first_of("/?", begin), url.size());
  if (auto fault = AuthorityFault(url.substr(begin, end - begin))) return fault;
  const auto bad = std::find_if_not(url.begin(), url.end(), IsUrlCharacter);
  if (bad == url.end()) return std::nullopt;
  return "found " + Quoted(std::string(1, *bad)) +
         " in the URL, allowed: percent-encoded, as in %20";
}

}  // namespace

std::optional<std::string> HttpUrlFault(std::string_view url) {
  if (url.size() > kLongestUrl) return "found a URL longer than 8000 bytes";
  const ParsedTemplate parsed = ParseTemplate(url);
  if (parsed.fault) return parsed.fault;
  if (HasTagInHost(url)) return "found a template in the host, allowed: templates after the host";
  return PartsFault(parsed.without_tags);
}

void HttpUrlKind::Read(const Value& value, std::string& out) const {
  auto url = value.Text(Allowed());
  if (!url) return;
  auto fault = HttpUrlFault(*url);
  if (fault) return value.Error(std::move(*fault));
  out = std::move(*url);
}

std::optional<std::string> HttpUrlKind::Show(const std::string& url) const {
  if (url.empty()) return std::nullopt;
  return YamlText(MaskHttpUrl(url));
}

std::string HttpUrlKind::Schema() const {
  return R"({"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://|\\$\\{"})";
}

}  // namespace postrider
