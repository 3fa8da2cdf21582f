#pragma once

#include <cstdint>
#include <map>
#include <optional>

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
/// It is that of one part (a shard) of a destination. The others follow it: they wait as well, and
/// for the answer to its probe, so that one request for the whole destination finds out. Of several
/// that were refused, the one with the lowest number sends it, after the last of their waits. Who
/// hears nothing for 2 s after that finds out for itself. The next owner of a part resumes what the
/// last one has left. For one thread.
class CoolDown {
 public:
  /// Goes with a request until its answer: how many waits and probes there had been.
  using Round = std::uint32_t;

  /// @param probe_deadline  when a probe has not reported by then, another one passes; longer than
  ///                        the timeout of a call
  /// @param part            its number among those of the destination
  explicit CoolDown(milliseconds probe_deadline, int part = 0);

  /// When a request may pass: `now`, or the time at which to ask again. While a probe is under way
  /// that is its deadline; its answer changes it earlier.
  Timestamp NextAt(Timestamp now) const;

  /// A request is sent now, as NextAt() allows.
  Round Begin(Timestamp now);

  /// Every round comes back, with the answer or the failure.
  void Record(Round began, const HttpAnswer& answer, Timestamp now);

  /// The request was never written.
  void Abandon(Round began, Timestamp now);

  /// Another part waits until then, or for its probe until then at the longest; nullopt: the
  /// partner has answered it, and it goes on.
  void Follow(int part, std::optional<Timestamp> until, Timestamp now);

  /// The former owner of this part waited until then.
  void Resume(Timestamp until);

  /// Whether requests of this part have to wait, for their time or for a probe. Not when it merely
  /// follows others.
  bool cooling() const { return phase_ != Phase::kOff; }
  /// Until when, at the longest. For others to follow.
  std::optional<Timestamp> until() const {
    return cooling() ? std::optional(until_) : std::nullopt;
  }

 private:
  enum class Phase { kOff, kWaiting, kProbing };

  void Wait(milliseconds duration, Timestamp now);
  milliseconds UnaskedWait() const;

  const milliseconds probe_deadline_;
  const int part_;
  Phase phase_ = Phase::kOff;
  Timestamp until_ = Timestamp::min();  ///< end of the wait, or deadline of the probe
  Round round_ = 0;
  int refusals_ = 0;                 ///< one after the other
  std::map<int, Timestamp> others_;  ///< parts that wait, until when
};

}  // namespace postrider
