#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "postrider/engine/lane.h"
#include "unit/engine/events.h"

namespace postrider::test {

inline constexpr FailureClass kNoFailure{};

/// A lane with a small world around it: a clock that is moved by hand, a partner whose answers are
/// given by hand, a backlog in memory, and a recorder that writes when it is told to.
class LaneDriver : private LaneEffects, private LaneObserver, private RandomSource {
 public:
  /// The lane has begun its first era, recovered nothing and is ready.
  explicit LaneDriver(LaneSettings settings = {});
  static LaneSettings Ordered(AfterDead after_dead = AfterDead::kContinue);

  Lane lane;

  // -- Time and the log -------------------------------------------------------------------------

  Timestamp now{std::chrono::hours(24 * 20000)};
  void Pump() { lane.Pump(now); }
  void Pass(microseconds time);
  void Take(const std::vector<EventRef>& events);
  void Take(std::initializer_list<EventId> ids, const std::string& key = "");
  /// A new era begins; what it recovers has to be given with `Take`.
  void BeginEra();
  /// ... and its recovery is over.
  void EndRecovery();

  // -- The partner ------------------------------------------------------------------------------

  /// What was sent since the last call.
  std::vector<EventId> Sent();
  const std::vector<Send>& sends() const { return sends_; }
  void Answer(EventId id, int status);
  void Answer(EventId id, const HttpAnswer& answer);
  /// The request was never made: it could not be built.
  void NotBuilt(EventId id, FailureClass failure);

  /// The request is written.
  void Written(EventId id);
  /// It was let out and will never be written: the lease may have run out.
  void NotWritten(EventId id);
  std::vector<PauseCause> pauses;  ///< that the lane asked for
  /// Time for which it was held, by reason, and what it told of its policies.
  std::map<Held, microseconds> held;
  std::vector<CircuitBreaker::State> breaker_states;
  std::vector<bool> cool_downs;

  // -- The recorder -----------------------------------------------------------------------------

  /// What waits to be recorded.
  const std::vector<Settlement>& unrecorded() const { return unrecorded_; }
  /// Makes it durable and tells the lane.
  void Record();
  /// Drops it, as for a lost event, and tells the lane.
  void Drop();
  /// The last that was recorded of a delivery; fails the test when there is none.
  const Settlement& Recorded(EventId id) const;
  OutcomeState OutcomeOf(EventId id) const { return Recorded(id).outcome.value().state; }
  bool has_outcome(EventId id) const;

  // -- The backlog ------------------------------------------------------------------------------

  std::map<EventId, StoredDelivery> rows;
  std::set<EventId> dead;
  /// A person puts an event back; the lane is told by `Foreign`.
  void PutBack(const EventRef& event, std::int16_t run = 2);
  void Foreign(std::initializer_list<EventId> ids);
  void Cancel(const EventRef& event, bool ended = false);
  /// Answers what was asked, in order.
  void AnswerQueries();
  void AnswerFirstQuery();
  const std::vector<BacklogQuery>& queries() const { return queries_; }
  /// Records and answers until nothing more happens.
  void Settle();

 private:
  void Start(Send send) override { sends_.push_back(std::move(send)); }
  void Settle(Settlement settlement) override { unrecorded_.push_back(std::move(settlement)); }
  void Ask(BacklogQuery query) override { queries_.push_back(std::move(query)); }
  std::optional<Emitted> FollowUp(const Event& event, const Outcome& outcome,
                                  const HttpAnswer* answer) override;
  void OnHeld(Held reason, microseconds time) override { held[reason] += time; }
  void OnBreaker(std::size_t /*endpoint*/, CircuitBreaker::State state) override {
    breaker_states.push_back(state);
  }
  void OnCoolDown(std::optional<Timestamp> until) override {
    const bool cools = until.has_value();
    if (cools != (!cool_downs.empty() && cool_downs.back())) cool_downs.push_back(cools);
  }
  void Pause(const PauseCause& cause) override { pauses.push_back(cause); }
  double Uniform01() override { return 0; }

  std::uint64_t TicketOf(EventId id) const;
  void Write(const Settlement& settlement);
  BacklogReply ReplyTo(const BacklogQuery& query) const;
  std::vector<StoredKey> Keys() const;
  std::vector<StoredDelivery> RowsOfKey(const BacklogQuery& query) const;
  bool IsHeld(const std::string& key) const;

  std::uint64_t era_ = 1;
  std::shared_ptr<const std::string> canary_ = std::make_shared<const std::string>("canary");
  std::vector<Send> sends_;
  std::size_t seen_ = 0;
  std::vector<Settlement> unrecorded_;
  std::vector<Settlement> recorded_;
  std::map<EventId, EventRef> ended_;
  std::vector<BacklogQuery> queries_;
};

}  // namespace postrider::test
