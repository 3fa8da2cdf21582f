#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/settings.h"

namespace postrider {

/// Decides to which addresses a destination may connect, so that a URL made from an event cannot
/// reach into the private network. It judges the very address that is about to be connected to,
/// after DNS, so no spelling of a host name or number passes it by.
///
/// Refused are all addresses that are not globally reachable: private, loopback, link-local, shared
/// (CGNAT), documentation, benchmarking, multicast, reserved, and the IPv6 forms that embed such an
/// IPv4 address (mapped, compatible, NAT64, 6to4, Teredo). `AllowPrivate` opens private ones; the
/// addresses of cloud metadata services, multicast, broadcast and "this network" (0.0.0.0/8) stay
/// closed always. Of a name with several addresses the refused ones are skipped and the others
/// used.
///
/// Immutable, so it can be used from any thread.
class EgressGuard {
 public:
  /// Throws std::invalid_argument for a network that is not in CIDR notation.
  explicit EgressGuard(const AllowPrivate& allow);

  /// Why the address is refused, such as "127.0.0.1 is a loopback address"; nullopt when it may be
  /// used. Families other than IPv4 and IPv6 are refused.
  std::optional<std::string> Refusal(const sockaddr& address) const;

  /// The same for an address in numeric text (no brackets, no name). Text that is not one is
  /// refused.
  std::optional<std::string> Refusal(std::string_view address) const;

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  struct Network {
    Bytes prefix;  ///< IPv4 as IPv4-mapped
    int bits;
  };

  std::optional<std::string> Judge(const Bytes& address) const;
  bool IsAllowed(const Bytes& address) const;

  bool allow_all_;
  std::vector<Network> allowed_;
};

}  // namespace postrider
