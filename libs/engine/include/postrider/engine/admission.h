#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "postrider/engine/lane_settings.h"
#include "postrider/model/http.h"
#include "postrider/model/time.h"
#include "postrider/policy/arrival_estimate.h"
#include "postrider/policy/circuit_breaker.h"
#include "postrider/policy/cool_down.h"
#include "postrider/policy/endpoint_choice.h"
#include "postrider/policy/rate_windows.h"
#include "postrider/policy/retry_budget.h"
#include "postrider/policy/verdict.h"

namespace postrider {

/// Why a lane does not send although it could: the label `reason` of postrider_held_seconds_total.
/// kLoading is no limit: a body is being read, or the lease renewed.
enum class Held {
  kNothing,
  kPaused,
  kLoading,
  kCredentials,
  kBreaker,
  kCoolDown,
  kRate,
  kUnsettled,
  kConcurrency,
  kPool,
  kBudget,
};
std::string_view ToString(Held held);

/// Whether a lane may send a request now, by every policy of its destination, and when to ask
/// again. A refusal costs nothing: the event keeps its place and its attempts.
///
/// Every request has a permit, from Begin() until Return() (it was never written) or Record() (it
/// was answered, or failed). It counts as unsettled until Settled(). What may not be sent now is
/// asked for again at wake(), or when anything else has happened. See docs/policies.md.
///
/// Times are those of one clock, which may be set: ClockMoved() tells of it. For one thread.
class Admission {
 public:
  /// Belongs to one request.
  struct Permit {
    EndpointChoice::Permit endpoint{};
    CoolDown::Round round = 0;
    bool reserved = false;  ///< in the rate windows: let out, not written
    std::optional<Timestamp>
        written{};  ///< noted in the rate windows, at that time of the policies
  };

  explicit Admission(const LaneSettings& settings);

  // -- Decisions --------------------------------------------------------------------------------

  /// The first of the limits that holds the lane back, in the order of Held; kNothing: it may send.
  /// Never kBudget, which is a matter of retries alone.
  Held Obstacle(Timestamp now);
  /// Whether a retry may be sent now; first attempts always may.
  bool MayRetry(Timestamp now);
  /// When the last Obstacle() or MayRetry() that said no may say otherwise by time alone; kNever:
  /// something else has to happen.
  Timestamp wake() const { return wake_; }

  // -- Requests ---------------------------------------------------------------------------------

  /// A request is let out, as Obstacle() allows.
  Permit Begin(bool is_retry, Timestamp now);
  /// Its first byte is about to be written.
  void Written(Permit& permit, Timestamp at);
  /// It was not written and never will be: nothing has happened.
  void Return(const Permit& permit, Timestamp now);
  /// It has an answer, or failed.
  void Record(const Permit& permit, const HttpAnswer& answer, const Verdict& verdict,
              Timestamp now);
  /// The request could not be connected, which has been recorded: whether another endpoint may take
  /// it at once.
  bool FailOver(const Permit& permit, Timestamp now) {
    return endpoints_.GiveUp(permit.endpoint, Own(now));
  }
  /// What became of a request is durable, or it never was one.
  void Settled() { --unsettled_; }

  /// A call to the partner that is no delivery, such as one for a token, has its place in the rate,
  /// too: when it may be made. kNever: look again soon. Until NoteCall() or GiveUpCall() no request
  /// is let out before it.
  Timestamp NextCall(Timestamp now);
  /// It is made now.
  void NoteCall(Timestamp now);
  /// It need not be made any more.
  void GiveUpCall() { call_waits_ = false; }

  // -- What else holds the lane -----------------------------------------------------------------

  void SetPaused(bool paused) { paused_ = paused; }
  /// The lease may have run out: nothing is sent for a moment.
  void WaitForLease(Timestamp now);
  /// The partner refuses our credentials: after a wait one request at a time finds out whether they
  /// are good again, until one that is not refused is recorded.
  void RefuseCredentials(Timestamp now);
  /// They are others by now: the next probe need not wait.
  void RenewCredentials() { refused_until_ = Timestamp::min(); }
  /// Whether an endpoint has the credentials that it needs.
  void SetCredentials(std::size_t endpoint, bool there) {
    endpoints_.SetCredentials(endpoint, there);
  }

  // -- After a change of hands, and of time -----------------------------------------------------

  /// What the lane's former owner has sent: how long ago each was, as far as it is recorded.
  /// @param unknown  requests that may have been sent and are not
  void Restore(const std::vector<microseconds>& ages, int unknown, Timestamp now);
  /// What the lane's former owner had been told to wait for. See CoolDown.
  void ResumeCoolDown(Timestamp until) { cool_down_.Resume(Own(until)); }
  /// What another shard of the destination is told.
  void FollowCoolDown(int shard, std::optional<Timestamp> until, Timestamp now);
  /// The clock was set forward (back, if negative) by that much: no time has passed.
  void ClockMoved(microseconds by) { moved_ += by; }

  // -- State ------------------------------------------------------------------------------------

  int in_flight() const { return in_flight_; }
  int unsettled() const { return unsettled_; }  ///< sent, not durable
  bool paused() const { return paused_; }
  bool credentials_refused() const { return credentials_refused_; }
  std::size_t endpoints() const { return endpoints_.size(); }
  /// nullopt: there is no breaker. As of the last call of another function.
  std::optional<CircuitBreaker::State> breaker(std::size_t endpoint = 0) const {
    return endpoints_.state(endpoint);
  }
  bool cooling_down() const { return cool_down_.cooling(); }
  /// See CoolDown::until().
  std::optional<Timestamp> cools_until() const;

 private:
  Held Policy(Timestamp own);
  void LeaveFlight(const Permit& permit, bool written, Timestamp own);
  void NoteArrival(const Permit& permit, const HttpAnswer& answer, Timestamp own);
  /// Times of the policies: those of the clock as it would be, had it never been set.
  Timestamp Own(Timestamp now) const { return now - moved_; }
  Held HeldUntil(Held reason, Timestamp own);

  const int concurrency_;
  const int pool_;
  const int max_unsettled_;
  const milliseconds hold_;
  RateWindows rate_;
  ArrivalEstimate arrivals_;
  EndpointChoice endpoints_;
  CoolDown cool_down_;
  std::optional<RetryBudget> budget_;

  microseconds moved_{0};
  int in_flight_ = 0;
  int unsettled_ = 0;
  bool paused_ = false;
  bool credentials_refused_ = false;
  bool call_waits_ = false;
  Timestamp refused_until_ = Timestamp::min();
  Timestamp unleased_until_ = Timestamp::min();
  Timestamp wake_ = kNever;
};

}  // namespace postrider
