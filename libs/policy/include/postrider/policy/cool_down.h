#pragma once

#include <cstdint>

#include "postrider/model/http.h"
#include "postrider/model/time.h"

namespace postrider {

/// Lets the whole destination wait when the partner says that it is too much: at 429, and at 503
/// that says when to come back (retry_after.h). At 429 without a time it waits 5 s, and twice as
/// long at each refusal that follows, up to 5 minutes.
///
/// When the wait is over one request passes as a probe, and only its answer lets the others go on:
/// any answer that is not such a refusal. A probe without an answer is followed by another one 5 s
/// later, one that was never written at once.
///
/// Requests that were under way when the wait began are refused together. They are one refusal:
/// they make the wait longer if they ask for more, but do not double it.
///
/// Nothing of it is kept elsewhere: the next owner of a lane learns it by a refusal of its own. For
/// one thread.
class CoolDown {
 public:
  /// Goes with a request until its answer: how many waits and probes there had been.
  using Round = std::uint32_t;

  /// @param probe_deadline  when a probe has not reported by then, another one passes; longer than
  ///                        the timeout of a call
  explicit CoolDown(milliseconds probe_deadline);

  /// When a request may pass: `now`, or the time at which to ask again. While a probe is under way
  /// that is its deadline; its answer changes it earlier.
  Timestamp NextAt(Timestamp now) const;

  /// A request is sent now, as NextAt() allows.
  Round Begin(Timestamp now);

  /// Every round comes back, with the answer or the failure.
  void Record(Round began, const HttpAnswer& answer, Timestamp now);

  /// The request was never written.
  void Abandon(Round began, Timestamp now);

  /// Whether requests have to wait, for their time or for a probe.
  bool cooling() const { return phase_ != Phase::kOff; }

 private:
  enum class Phase { kOff, kWaiting, kProbing };

  void Wait(milliseconds duration, Timestamp now);
  milliseconds UnaskedWait() const;

  const milliseconds probe_deadline_;
  Phase phase_ = Phase::kOff;
  Timestamp until_ = Timestamp::min();  ///< end of the wait, or deadline of the probe
  Round round_ = 0;
  int refusals_ = 0;  ///< one after the other
};

}  // namespace postrider
