#include "relay/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace postrider {
namespace {

/// Connections to the database, metrics, log, event loops, secrets.
constexpr std::uint64_t kOwn = 128;
/// More only if the settings ask for it: what may be open is also what must be looked through.
constexpr std::uint64_t kEnough = 65536;

}  // namespace

DescriptorLimits ReadDescriptorLimits() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return {limit.rlim_cur, limit.rlim_max};
}

DescriptorLimits RaiseDescriptorLimit(std::uint64_t needed) {
  const DescriptorLimits limits = ReadDescriptorLimits();
  const std::uint64_t wanted = std::min(std::max(needed, kEnough), limits.most);
  if (wanted <= limits.now) return limits;
  const rlimit raised{wanted, limits.most};
  setrlimit(RLIMIT_NOFILE, &raised);
  return ReadDescriptorLimits();
}

std::uint64_t NeededDescriptors(const Settings& settings) {
  std::uint64_t needed = kOwn;
  for (const DestinationSettings& destination : settings.destinations) {
    needed +=
        static_cast<std::uint64_t>(std::max(destination.concurrency, destination.http.pool.size));
  }
  return needed;
}

}  // namespace postrider
