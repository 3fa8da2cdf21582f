#include "client_limits.h"

#include <algorithm>
#include <utility>

namespace postrider::partners {

ClientLimits::ClientLimits(LimitSettings settings) : settings_(std::move(settings)) {}

Admission ClientLimits::Admit(const std::string& name, Instant now) {
  Client& client = clients_[name];
  if (now < client.banned_until) {
    return {Admission::Kind::kBanned, client.banned_until - now};
  }
  Forget(client, now);
  const Duration wait = WaitFor(client, now);
  if (wait == Duration::zero()) {
    client.refused_in_a_row = 0;
    client.admitted.push_back(now);
    return {};
  }
  ++client.refused_in_a_row;
  if (settings_.ban_after > 0 && client.refused_in_a_row >= settings_.ban_after) {
    client.refused_in_a_row = 0;
    client.banned_until = now + settings_.ban;
    return {Admission::Kind::kBanned, settings_.ban};
  }
  return {Admission::Kind::kLimited, wait};
}

Duration ClientLimits::WaitFor(const Client& client, Instant now) const {
  Duration wait = Duration::zero();
  for (const RateWindow& window : settings_.windows) {
    if (settings_.fixed) {
      wait = std::max(wait, WaitForNext(client, window, now));
      continue;
    }
    const auto count = static_cast<std::size_t>(std::max(window.count, 1));
    if (client.admitted.size() < count) continue;
    const Instant oldest = client.admitted[client.admitted.size() - count];
    wait = std::max(wait, oldest + window.length - now);
  }
  return wait;
}

/// Until the next fixed window begins; 0 when the present one has room.
Duration ClientLimits::WaitForNext(const Client& client, const RateWindow& window,
                                   Instant now) const {
  const Instant begin(now.time_since_epoch() / window.length * window.length);
  const auto first = std::lower_bound(client.admitted.begin(), client.admitted.end(), begin);
  const bool room = client.admitted.end() - first < std::max(window.count, 1);
  return room ? Duration::zero() : begin + window.length - now;
}

void ClientLimits::Forget(Client& client, Instant now) const {
  Duration longest = Duration::zero();
  for (const RateWindow& window : settings_.windows) longest = std::max(longest, window.length);
  while (!client.admitted.empty() && client.admitted.front() + longest <= now) {
    client.admitted.pop_front();
  }
}

}  // namespace postrider::partners
