#include "address_ranges.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace postrider {
namespace {

/// The first bytes of a network, the rest is zero.
struct Range {
  AddressBytes prefix;
  int bits;
  AddressKind kind;
};

constexpr AddressBytes V4(int a, int b = 0, int c = 0, int d = 0) {
  return {0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0xff,
          0xff,
          static_cast<std::uint8_t>(a),
          static_cast<std::uint8_t>(b),
          static_cast<std::uint8_t>(c),
          static_cast<std::uint8_t>(d)};
}

/// From the first groups of 16 bits; `last` is the last one.
constexpr AddressBytes V6(std::initializer_list<int> groups, int last = 0) {
  AddressBytes bytes{};
  std::size_t i = 0;
  for (const int group : groups) {
    bytes[i++] = static_cast<std::uint8_t>(group >> 8);
    bytes[i++] = static_cast<std::uint8_t>(group & 0xff);
  }
  bytes[14] = static_cast<std::uint8_t>(bytes[14] | (last >> 8));
  bytes[15] = static_cast<std::uint8_t>(bytes[15] | (last & 0xff));
  return bytes;
}

constexpr AddressKind kMetadata{Reach::kForbidden, "the address of a cloud metadata service"};
constexpr AddressKind kMulticast{Reach::kForbidden, "a multicast address"};
constexpr AddressKind kDocumentation{Reach::kPrivate, "a documentation address"};
constexpr AddressKind kLoopback{Reach::kPrivate, "a loopback address"};
constexpr AddressKind kLinkLocal{Reach::kPrivate, "a link-local address"};
constexpr AddressKind kPrivateNetwork{Reach::kPrivate, "a private address"};
constexpr AddressKind kUniqueLocal{Reach::kPrivate, "a unique local (private) address"};
constexpr AddressKind kBenchmark{Reach::kPrivate, "a benchmarking address"};
constexpr AddressKind kReserved{Reach::kPrivate, "a reserved address"};

constexpr Range kIpv4[] = {
    // Metadata services first: they lie inside of other ranges.
    {V4(169, 254, 169, 254), 128, kMetadata},  // AWS, GCP, Azure, DigitalOcean, OpenStack
    {V4(169, 254, 170, 2), 128, kMetadata},    // AWS ECS tasks
    {V4(169, 254, 170, 23), 128, kMetadata},   // AWS EKS pods
    {V4(169, 254, 42, 42), 128, kMetadata},    // Scaleway
    {V4(100, 100, 100, 200), 128, kMetadata},  // Alibaba
    {V4(168, 63, 129, 16), 128, kMetadata},    // Azure wire server
    {V4(192, 0, 0, 192), 128, kMetadata},      // Oracle
    {V4(0), 104, {Reach::kForbidden, "an address of this network (0.0.0.0/8)"}},
    {V4(255, 255, 255, 255), 128, {Reach::kForbidden, "the broadcast address"}},
    {V4(224), 100, kMulticast},
    {V4(10), 104, kPrivateNetwork},
    {V4(100, 64), 106, {Reach::kPrivate, "a shared (carrier-grade NAT) address"}},
    {V4(127), 104, kLoopback},
    {V4(169, 254), 112, kLinkLocal},
    {V4(172, 16), 108, kPrivateNetwork},
    {V4(192, 168), 112, kPrivateNetwork},
    {V4(192, 0, 0), 120, {Reach::kPrivate, "a protocol assignment (192.0.0.0/24)"}},
    {V4(192, 0, 2), 120, kDocumentation},
    {V4(198, 51, 100), 120, kDocumentation},
    {V4(203, 0, 113), 120, kDocumentation},
    {V4(192, 88, 99), 120, {Reach::kPrivate, "a 6to4 relay address"}},
    {V4(198, 18), 111, kBenchmark},
    {V4(240), 100, kReserved},
};

constexpr Range kIpv6[] = {
    {V6({0xfd00, 0x0ec2}, 0x0254), 128, kMetadata},  // AWS
    {V6({0xfd00, 0x0ec2}, 0x0023), 128, kMetadata},  // AWS EKS pods
    {V6({0xfd20, 0x00ce}, 0x0254), 128, kMetadata},  // GCP
    {V6({0xfd00, 0x0042}, 0x0042), 128, kMetadata},  // Scaleway
    {V6({}), 128, {Reach::kForbidden, "the unspecified address"}},
    {V6({}, 1), 128, kLoopback},
    {V6({}), 96, {Reach::kPrivate, "an IPv4-compatible address"}},
    {V6({0xff00}), 8, kMulticast},
    {V6({0xfe80}), 10, kLinkLocal},
    {V6({0xfec0}), 10, {Reach::kPrivate, "a site-local address"}},
    {V6({0xfc00}), 7, kUniqueLocal},
    {V6({0x0064, 0xff9b, 1}), 48, {Reach::kPrivate, "a local-use NAT64 address"}},
    {V6({0x0064, 0xff9b}), 96, {}},  // NAT64: as the IPv4 address it embeds
    {V6({0x2001, 0x0000}), 32, {}},  // Teredo: the same
    {V6({0x2001, 0x0002, 0x0000}), 48, kBenchmark},
    {V6({0x2001}), 23, {Reach::kPrivate, "a protocol assignment (2001::/23)"}},
    {V6({0x2001, 0x0db8}), 32, kDocumentation},
    {V6({0x3fff}), 20, kDocumentation},
    {V6({0x2000}), 3, {}},
};

AddressKind Stricter(AddressKind a, AddressKind b) { return b.reach > a.reach ? b : a; }

AddressKind KindOfIpv4(const AddressBytes& address) {
  for (const Range& range : kIpv4) {
    if (SamePrefix(address, range.prefix, range.bits)) return range.kind;
  }
  return {};
}

/// The kind of the IPv4 address that stands at `offset`, each byte xored with `mask`.
AddressKind KindOfEmbedded(const AddressBytes& address, std::size_t offset, int mask = 0) {
  return KindOfIpv4(V4(address[offset] ^ mask, address[offset + 1] ^ mask,
                       address[offset + 2] ^ mask, address[offset + 3] ^ mask));
}

AddressKind KindOfAllEmbedded(const AddressBytes& address) {
  const auto in = [&address](const AddressBytes& prefix, int bits) {
    return SamePrefix(address, prefix, bits);
  };
  // ::1 and :: have kinds of their own.
  if (in(V6({}), 96) && !in(V6({}), 120)) return KindOfEmbedded(address, 12);
  if (in(V6({0x0064, 0xff9b}), 96)) return KindOfEmbedded(address, 12);
  if (in(V6({0x0064, 0xff9b, 1}), 48)) return KindOfEmbedded(address, 12);
  if (in(V6({0x2002}), 16)) return KindOfEmbedded(address, 2);
  if (in(V6({0x2001, 0}), 32)) {  // the server, and the client with its bits inverted (RFC 4380)
    return Stricter(KindOfEmbedded(address, 4), KindOfEmbedded(address, 12, 0xff));
  }
  return {};
}

}  // namespace

bool SamePrefix(const AddressBytes& a, const AddressBytes& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool IsMappedIpv4(const AddressBytes& address) { return SamePrefix(address, V4(0), 96); }

AddressKind KindOf(const AddressBytes& address) {
  if (IsMappedIpv4(address)) return KindOfIpv4(address);
  const AddressKind embedded = KindOfAllEmbedded(address);
  for (const Range& range : kIpv6) {
    if (SamePrefix(address, range.prefix, range.bits)) return Stricter(range.kind, embedded);
  }
  return {Reach::kPrivate, "not a global unicast address"};
}

}  // namespace postrider
