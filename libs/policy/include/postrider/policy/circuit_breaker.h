#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "postrider/model/http.h"
#include "postrider/model/settings.h"
#include "postrider/model/time.h"
#include "postrider/policy/call_window.h"
#include "postrider/policy/verdict.h"

namespace postrider {

/// What a call says about the health of the partner. kIgnored: nothing.
enum class CallResult { kAlive, kFailed, kIgnored };

/// Failures of the network, 5xx and 408 are the partner's failure; one that the verdict takes as
/// delivered or as a matter of credentials is not. Every other answer proves the partner alive: 429
/// is the cool-down's business, another 4xx the fault of the event. Faults of our own side and of
/// our own lease say nothing.
CallResult CallResultOf(const HttpAnswer& answer, const Verdict& verdict);

/// Leaves a partner alone that fails or has become slow, and finds out when it is back.
///
/// closed     All requests pass. When, of the calls in the window and not before there are
///            `minimum` of them, the share of failed or of slow ones reaches its limit, it opens.
/// open       Nothing passes for `open`.
/// half-open  `probes` requests pass. It opens again, for twice as long (at most `open_max`), as
///            soon as so many have failed or were slow that their share of all probes has reached
///            its limit; it closes as soon as that cannot happen any more, and `open` is its first
///            value again. A probe that has not reported by its deadline has failed.
///
/// A result counts only in the state in which its request began, so late answers change nothing.
/// Nothing of it is kept elsewhere: the next owner of a lane finds out for itself. For one thread.
class CircuitBreaker {
 public:
  enum class State { kClosed, kHalfOpen, kOpen };

  /// Goes with a request until its result is recorded.
  struct Permit {
    std::uint32_t state = 0;  ///< how many changes of state there had been
    std::uint32_t probe = 0;  ///< from 1; 0: none
  };

  /// @param probe_deadline  how long a probe may take; longer than the timeout of a call
  CircuitBreaker(const BreakerSettings& settings, milliseconds probe_deadline);

  /// When a request may pass: `now`, or the time at which to ask again. While all probes are under
  /// way that is the first of their deadlines; a result may change it earlier.
  Timestamp NextAt(Timestamp now);

  /// A request is sent now. One that is sent though NextAt() does not allow it changes nothing.
  Permit Begin(Timestamp now);

  /// Every permit comes back: kIgnored for a request that was never written.
  void Record(Permit permit, CallResult result, milliseconds latency, Timestamp now);

  /// As of the last call of another function.
  State state() const { return state_; }

 private:
  struct Probe {
    std::uint32_t number;
    Timestamp deadline;
  };
  /// Of the probes that have reported.
  struct Reported {
    int all = 0;
    int failed = 0;
    int slow = 0;
  };

  void NoticeTime(Timestamp now);
  void Enter(State state);
  void Open(Timestamp now);
  bool TakeProbe(std::uint32_t number);
  void CountCall(bool failed, bool slow, Timestamp now);
  void CountProbe(bool failed, bool slow, Timestamp at);
  bool IsSlow(milliseconds latency) const;
  bool TooMany(std::int64_t failed, std::int64_t slow, std::int64_t calls) const;

  const BreakerSettings settings_;
  const milliseconds probe_deadline_;
  CallWindow window_;
  std::int64_t minimum_;

  State state_ = State::kClosed;
  std::uint32_t changes_ = 1;
  milliseconds open_for_{0};  ///< 0: has not been open since a partner was found well
  Timestamp open_until_ = Timestamp::min();
  std::vector<Probe> under_way_;  ///< in the order in which they began
  int begun_ = 0;                 ///< probes, those that said nothing not counted
  std::uint32_t last_probe_ = 0;
  Reported reported_;
};

/// The word of the metrics: closed, half_open, open.
std::string_view ToString(CircuitBreaker::State state);

}  // namespace postrider
