#pragma once

#include <cstdint>

#include "postrider/model/settings.h"

namespace postrider {

/// How many descriptors (connections, files) this process may have open.
struct DescriptorLimits {
  std::uint64_t now = 0;
  std::uint64_t most = 0;  ///< as far as it may raise `now` by itself
};

DescriptorLimits ReadDescriptorLimits();

/// Raises the limit as far as this process may, but not beyond what any relay can use, and returns
/// what it is then. Many systems begin with 1024.
DescriptorLimits RaiseDescriptorLimit(std::uint64_t needed);

/// What a relay with these settings has open when every destination has as much in flight as it
/// may.
std::uint64_t NeededDescriptors(const Settings& settings);

}  // namespace postrider
