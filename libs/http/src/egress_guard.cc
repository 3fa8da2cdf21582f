#include "postrider/http/egress_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "address_ranges.h"

namespace postrider {
namespace {

AddressBytes Mapped(const in_addr& address) {
  AddressBytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, &address, 4);
  return bytes;
}

std::optional<AddressBytes> Parse(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return Mapped(v4);
  AddressBytes v6{};
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return v6;
  return std::nullopt;
}

std::string ToText(const AddressBytes& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool v4 = IsMappedIpv4(address);
  inet_ntop(v4 ? AF_INET : AF_INET6, address.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

}  // namespace

EgressGuard::EgressGuard(const AllowPrivate& allow) : allow_all_(allow.all) {
  for (const std::string& network : allow.networks) {
    const std::size_t slash = network.find('/');
    const auto prefix = Parse(network.substr(0, slash));
    const bool v4 = prefix && network.find(':') == std::string::npos;
    int bits = v4 ? 32 : 128;
    bool good = prefix.has_value();
    if (good && slash != std::string::npos) {
      const char* const end = network.data() + network.size();
      const int longest = bits;
      const auto [stop, error] = std::from_chars(network.data() + slash + 1, end, bits);
      good = error == std::errc() && stop == end && bits >= 0 && bits <= longest;
    }
    if (!good) {
      throw std::invalid_argument("allow_private: '" + network +
                                  "' is not a network such as 10.0.0.0/8 or fd12::/16");
    }
    allowed_.push_back({*prefix, v4 ? bits + 96 : bits});
  }
}

std::optional<std::string> EgressGuard::Refusal(const sockaddr& address) const {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return Judge(Mapped(v4.sin_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    Bytes bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return Judge(bytes);
  }
  return "an address of family " + std::to_string(address.sa_family) + " is neither IPv4 nor IPv6";
}

std::optional<std::string> EgressGuard::Refusal(std::string_view address) const {
  const std::string text(address.substr(0, address.find('%')));  // without the IPv6 zone
  const auto bytes = Parse(text);
  if (!bytes) return "'" + text + "' is not an IP address";
  return Judge(*bytes);
}

std::optional<std::string> EgressGuard::Judge(const Bytes& address) const {
  const AddressKind kind = KindOf(address);
  if (kind.reach == Reach::kGlobal) return std::nullopt;
  if (kind.reach == Reach::kPrivate && (allow_all_ || IsAllowed(address))) return std::nullopt;
  return ToText(address) + " is " + std::string(kind.name);
}

bool EgressGuard::IsAllowed(const Bytes& address) const {
  return std::any_of(allowed_.begin(), allowed_.end(), [&](const Network& network) {
    return SamePrefix(address, network.prefix, network.bits);
  });
}

}  // namespace postrider
