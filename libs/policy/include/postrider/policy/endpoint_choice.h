#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"
#include "postrider/policy/circuit_breaker.h"

namespace postrider {

/// Which of a destination's endpoints takes the next request: the first, in their order, whose
/// breaker lets it pass and that could be connected lately. So requests go back to an endpoint by
/// the same probes that close its breaker, and to one that could not be connected after `open` of
/// the breaker (30 s without one). Each endpoint has a breaker of its own.
///
/// An endpoint without credentials takes nothing until it has some.
///
/// One endpoint is always there: the last that is left is never given up for want of a connection.
/// For one thread.
class EndpointChoice {
 public:
  /// Goes with a request until its result is recorded.
  struct Permit {
    std::size_t endpoint = 0;  ///< from 0, in their order
    CircuitBreaker::Permit breaker{};
  };

  /// @param breaker         nullopt: none
  /// @param endpoints       at least 1
  /// @param probe_deadline  as for CircuitBreaker
  EndpointChoice(const std::optional<BreakerSettings>& breaker, std::size_t endpoints,
                 milliseconds probe_deadline);

  /// When a request may pass at some endpoint: `now`, or the time at which to ask again.
  Timestamp NextAt(Timestamp now);

  /// A request is sent now, as NextAt() allows.
  Permit Begin(Timestamp now);

  /// Every permit comes back: kIgnored for a request that was never written.
  void Record(const Permit& permit, CallResult result, milliseconds latency, Timestamp now);

  /// The endpoint could not be connected, which has been recorded. Whether another one may take the
  /// request at once; if so, this one is left alone for a while.
  bool GiveUp(const Permit& permit, Timestamp now);

  /// Whether it has the credentials that it needs; at first it has.
  void SetCredentials(std::size_t endpoint, bool there) {
    endpoints_[endpoint].has_credentials = there;
  }
  /// None has.
  bool lacks_credentials() const;

  std::size_t size() const { return endpoints_.size(); }
  /// nullopt: it has no breaker. As of the last call of another function.
  std::optional<CircuitBreaker::State> state(std::size_t endpoint) const;

 private:
  struct Endpoint {
    std::optional<CircuitBreaker> breaker;
    Timestamp unreachable_until = Timestamp::min();
    bool has_credentials = true;
  };

  static Timestamp NextAt(Endpoint& endpoint, Timestamp now);

  std::vector<Endpoint> endpoints_;
  milliseconds rest_;  ///< of an endpoint that could not be connected
};

}  // namespace postrider
