#pragma once

#include "postrider/model/time.h"

namespace postrider {

/// When the token of a destination is fetched anew: early, so that no request waits for it, one at
/// a time, and not in a hurry when it is refused. Knows nothing of the token itself. For one
/// thread.
///
/// A token is renewed when four fifths of its life have passed, or 5 minutes before it ends if that
/// is later; until a new one has come the old one is used. After a failure the
/// next attempt waits 1 s, then twice as long each time, up to 1 minute. A token that the partner
/// rejects is used no more, but what has just been fetched is not fetched again at once: a partner
/// that rejects every token gets one call in 30 s.
class TokenLife {
 public:
  /// There is a token that may be sent.
  bool Usable(Timestamp now) const { return now < ends_at_; }

  /// It is time to fetch one, and nobody does.
  bool WantsFetch(Timestamp now) const { return !fetching_ && now >= fetch_at_; }

  /// When WantsFetch() or Usable() change by themselves; kNever while a fetch is under way and no
  /// token may end.
  Timestamp NextChange(Timestamp now) const;

  /// Every begun fetch ends with one of the two behind it.
  void Begin() { fetching_ = true; }
  /// @param ends_at  of the new token, which may be used until then
  void OnToken(Timestamp ends_at, Timestamp now);
  void OnFailed(Timestamp now);

  /// The partner does not take the token that was fetched at `fetched_at`. A token that has been
  /// renewed since is not touched.
  void OnRejected(Timestamp fetched_at, Timestamp now);

  /// When the present token came.
  Timestamp fetched_at() const { return fetched_at_; }
  /// Fetches that have failed since the last that did not.
  int failures() const { return failures_; }

 private:
  Timestamp fetched_at_ = Timestamp::min();
  Timestamp ends_at_ = Timestamp::min();
  Timestamp fetch_at_ = Timestamp::min();
  bool fetching_ = false;
  int failures_ = 0;
};

}  // namespace postrider
