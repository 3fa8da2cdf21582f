#include "postrider/policy/endpoint_choice.h"

#include <algorithm>

namespace postrider {
namespace {

constexpr milliseconds kRestWithoutBreaker{30000};

}  // namespace

EndpointChoice::EndpointChoice(const std::optional<BreakerSettings>& breaker, std::size_t endpoints,
                               milliseconds probe_deadline)
    : endpoints_(std::max<std::size_t>(endpoints, 1)),
      rest_(breaker ? breaker->open : kRestWithoutBreaker) {
  if (!breaker) return;
  for (Endpoint& endpoint : endpoints_) endpoint.breaker.emplace(*breaker, probe_deadline);
}

Timestamp EndpointChoice::NextAt(Endpoint& endpoint, Timestamp now) {
  if (!endpoint.has_credentials) return kNever;
  const Timestamp breaker = endpoint.breaker ? endpoint.breaker->NextAt(now) : now;
  return std::max(breaker, endpoint.unreachable_until);
}

Timestamp EndpointChoice::NextAt(Timestamp now) {
  Timestamp next = kNever;
  for (Endpoint& endpoint : endpoints_) {
    next = std::min(next, NextAt(endpoint, now));
    if (next <= now) return now;
  }
  return next;
}

EndpointChoice::Permit EndpointChoice::Begin(Timestamp now) {
  const auto open = std::find_if(endpoints_.begin(), endpoints_.end(),
                                 [&](Endpoint& endpoint) { return NextAt(endpoint, now) <= now; });
  Endpoint& chosen = open == endpoints_.end() ? endpoints_.front() : *open;
  Permit permit;
  permit.endpoint = static_cast<std::size_t>(&chosen - endpoints_.data());
  if (chosen.breaker) permit.breaker = chosen.breaker->Begin(now);
  return permit;
}

void EndpointChoice::Record(const Permit& permit, CallResult result, milliseconds latency,
                            Timestamp now) {
  Endpoint& endpoint = endpoints_[permit.endpoint];
  if (endpoint.breaker) endpoint.breaker->Record(permit.breaker, result, latency, now);
  if (result == CallResult::kAlive) endpoint.unreachable_until = Timestamp::min();
}

bool EndpointChoice::GiveUp(const Permit& permit, Timestamp now) {
  Endpoint& lost = endpoints_[permit.endpoint];
  const bool another = std::any_of(endpoints_.begin(), endpoints_.end(), [&](Endpoint& endpoint) {
    return &endpoint != &lost && NextAt(endpoint, now) <= now;
  });
  if (another) lost.unreachable_until = now + rest_;
  return another;
}

bool EndpointChoice::lacks_credentials() const {
  return std::none_of(endpoints_.begin(), endpoints_.end(),
                      [](const Endpoint& endpoint) { return endpoint.has_credentials; });
}

std::optional<CircuitBreaker::State> EndpointChoice::state(std::size_t endpoint) const {
  const auto& breaker = endpoints_[endpoint].breaker;
  if (!breaker) return std::nullopt;
  return breaker->state();
}

}  // namespace postrider
