#include "mask.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace postrider {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  return lower;
}

// Where the authority of a URL begins and ends; both are npos when there is no `://`.
struct Authority {
  explicit Authority(std::string_view url) : begin(url.find("://")) {
    if (begin == url.npos) return;
    begin += 3;
    end = std::min(url.find_first_of("/?#", begin), url.size());
    at = url.substr(0, end).rfind('@');
    if (at != url.npos && at < begin) at = url.npos;
  }
  std::size_t begin;
  std::size_t end = std::string_view::npos;
  std::size_t at = std::string_view::npos;  // of the `@` after the credentials
};

// Masks the values of a query (`a=1&b=2`) whose names are secret.
template <class IsSecret>
std::string MaskQuery(std::string_view query, IsSecret is_secret) {
  std::string masked;
  while (true) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    const bool literal = equals != pair.npos && !pair.substr(equals + 1).starts_with("{{");
    if (literal && is_secret(pair.substr(0, equals))) {
      masked += std::string(pair.substr(0, equals + 1)) + std::string(kMasked);
    } else {
      masked += pair;
    }
    if (end == query.size()) return masked;
    masked += '&';
    query.remove_prefix(end + 1);
  }
}

template <class IsSecret>
std::string MaskUrlQuery(std::string_view url, IsSecret is_secret) {
  const std::size_t mark = url.find('?');
  if (mark == url.npos) return std::string(url);
  return std::string(url.substr(0, mark + 1)) + MaskQuery(url.substr(mark + 1), is_secret);
}

bool IsPasswordName(std::string_view name) { return name == "password" || name == "sslpassword"; }

std::string MaskUri(std::string_view url) {
  const Authority authority(url);
  const std::string_view credentials =
      authority.at == url.npos ? std::string_view{}
                               : url.substr(authority.begin, authority.at - authority.begin);
  const std::size_t colon = credentials.find(':');
  if (colon == credentials.npos) return MaskUrlQuery(url, IsPasswordName);
  std::string masked(url.substr(0, authority.begin + colon + 1));
  masked += kMasked;
  masked += url.substr(authority.at);
  return MaskUrlQuery(masked, IsPasswordName);
}

// The end of a keyword's value: quoted in ', or up to a space; \ takes the next character.
std::size_t EndOfValue(std::string_view text, std::size_t at) {
  const bool quoted = at < text.size() && text[at] == '\'';
  for (std::size_t here = quoted ? at + 1 : at; here < text.size(); ++here) {
    if (text[here] == '\\') {
      ++here;
    } else if (quoted && text[here] == '\'') {
      return here + 1;
    } else if (!quoted && std::isspace(static_cast<unsigned char>(text[here])) != 0) {
      return here;
    }
  }
  return text.size();
}

std::string MaskKeywords(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos) return masked + std::string(text);
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    const std::size_t name_end = text.find_last_not_of(" \t\r\n", equals - (equals > 0 ? 1 : 0));
    const bool named = begin < equals && name_end != text.npos;
    const std::string_view name =
        named ? text.substr(begin, name_end - begin + 1) : std::string_view{};
    const std::size_t value = std::min(text.find_first_not_of(" \t\r\n", equals + 1), text.size());
    const std::size_t end = EndOfValue(text, value);
    masked += text.substr(0, value);
    masked += IsPasswordName(name) ? kMasked : text.substr(value, end - value);
    text.remove_prefix(end);
  }
  return masked;
}

}  // namespace

bool IsSecretName(std::string_view name) {
  constexpr std::array<std::string_view, 13> kParts{
      "password", "passwd",  "secret", "token",     "apikey",        "api-key",   "access-key",
      "auth-key", "api_key", "cookie", "signature", "authorization", "credential"};
  const std::string lower = Lower(name);
  if (lower == "key" || lower == "sig" || lower == "pwd") return true;
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return lower.find(part) != lower.npos; });
}

std::string MaskHttpUrl(std::string_view url) {
  const Authority authority(url);
  if (authority.at == url.npos) return MaskUrlQuery(url, IsSecretName);
  std::string masked(url.substr(0, authority.begin));
  masked += kMasked;
  masked += url.substr(authority.at);
  return MaskUrlQuery(masked, IsSecretName);
}

std::string MaskDatabaseUrl(std::string_view url) {
  return url.find("://") != url.npos && url.starts_with("postgres") ? MaskUri(url)
                                                                    : MaskKeywords(url);
}

bool HasPassword(std::string_view database_url) {
  return MaskDatabaseUrl(database_url) != database_url;
}

}  // namespace postrider
