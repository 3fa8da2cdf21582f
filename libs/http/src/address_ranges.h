#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postrider {

/// An address as 16 bytes; IPv4 is held as IPv4-mapped (::ffff:a.b.c.d).
using AddressBytes = std::array<std::uint8_t, 16>;

enum class Reach {
  kGlobal,     ///< may be used
  kPrivate,    ///< only when the settings allow it
  kForbidden,  ///< never, whatever the settings say
};

struct AddressKind {
  Reach reach = Reach::kGlobal;
  std::string_view name;  ///< such as "a loopback address"; empty for kGlobal
};

/// What kind of address it is by itself, by the IANA special-purpose registries (RFC 6890). What an
/// IPv6 address embeds is judged as well: the answer is the stricter of the two.
AddressKind KindOf(const AddressBytes& address);

bool IsMappedIpv4(const AddressBytes& address);

/// The first `bits` bits are the same.
bool SamePrefix(const AddressBytes& a, const AddressBytes& b, int bits);

}  // namespace postrider
