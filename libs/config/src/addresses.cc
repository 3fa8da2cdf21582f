#include "addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "mask.h"

namespace postrider {
namespace {

constexpr std::string_view kNetwork = "a network such as 10.0.0.0/8 or fd00::/8";

bool IsListenHost(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](unsigned char letter) {
           return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '.' || letter == '-');
         });
}

bool IsIpv6(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

std::optional<ListenAddress> ParseListen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = ParseInteger(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  if (bracketed ? !IsIpv6(host) : !IsListenHost(host)) return std::nullopt;
  return ListenAddress{std::string(host), static_cast<int>(*port)};
}

}  // namespace

bool IsNetwork(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return false;
  const std::string address(text.substr(0, slash));
  const auto prefix = ParseInteger(text.substr(slash + 1));
  const bool six = address.find(':') != address.npos;
  std::array<unsigned char, 16> bytes{};
  if (!prefix || inet_pton(six ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) {
    return false;
  }
  const int bits = six ? 128 : 32;
  if (*prefix < 0 || *prefix > bits) return false;
  for (int bit = static_cast<int>(*prefix); bit < bits; ++bit) {
    if ((bytes[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) != 0) return false;
  }
  return true;
}

void DatabaseUrlKind::Read(const Value& value, std::string& out) const {
  auto url = value.Text(Allowed());
  if (!url) return;
  const bool uri = url->starts_with("postgresql://") || url->starts_with("postgres://");
  const bool keywords = url->find("://") == url->npos && url->find('=') != url->npos;
  if (!uri && !keywords && !url->empty()) {
    return value.ExpectWithoutRepeating(Allowed());
  }
  out = std::move(*url);
}

std::optional<std::string> DatabaseUrlKind::Show(const std::string& url) const {
  return YamlText(MaskDatabaseUrl(url));
}

std::string DatabaseUrlKind::Allowed() const {
  return "a libpq URI (postgresql://host/database) or keywords (host=.. dbname=..); empty: the PG* "
         "variables alone";
}

void ListenKind::Read(const Value& value, ListenAddress& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  auto address = ParseListen(*text);
  if (!address) return value.Expect(Allowed());
  out = std::move(*address);
}

std::optional<std::string> ListenKind::Show(const ListenAddress& address) const {
  const bool six = address.host.find(':') != std::string::npos;
  return YamlText((six ? "[" + address.host + "]" : address.host) + ":" +
                  std::to_string(address.port));
}

std::string ListenKind::Allowed() const {
  return "HOST:PORT, such as 127.0.0.1:9868 or [::]:9868; port 0 takes a free one";
}

std::string ListenKind::Schema() const {
  return R"({"type": "string", "pattern": ":[0-9]{1,5}$|\\$\\{"})";
}

void AllowPrivateKind::Read(const Value& value, AllowPrivate& out) const {
  if (!value.IsList()) {
    AllowPrivate allow;
    const auto text = value.Text(Allowed());
    const auto all = text ? ParseBoolean(*text) : std::nullopt;
    if (text && !all) return value.Expect(Allowed());
    allow.all = all.value_or(false);
    out = std::move(allow);
    return;
  }
  AllowPrivate allow;
  for (const Value& item : value.Items()) {
    auto network = item.Text(kNetwork);
    if (!network) continue;
    if (IsNetwork(*network)) {
      allow.networks.push_back(std::move(*network));
    } else {
      item.Expect(std::string(kNetwork) + ", without bits after the prefix");
    }
  }
  out = std::move(allow);
}

std::optional<std::string> AllowPrivateKind::Show(const AllowPrivate& allow) const {
  if (allow.all || allow.networks.empty()) return allow.all ? "true" : "false";
  std::vector<std::string> words;
  for (const auto& network : allow.networks) words.push_back(YamlText(network));
  return "[" + Join(words) + "]";
}

std::string AllowPrivateKind::Allowed() const {
  return "true, false, or a list of networks such as [10.0.0.0/8]";
}

std::string AllowPrivateKind::Schema() const {
  return R"({"anyOf": [{"$ref": "#/$defs/boolean"}, {"type": "array", "items": {"type": "string"}}]})";
}

}  // namespace postrider
