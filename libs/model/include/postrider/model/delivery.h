#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/model/failure.h"
#include "postrider/model/lane_id.h"

namespace postrider {

/// How a delivery ended. Stored in `outbox.outcome`; the numbers are part of the schema.
enum class OutcomeState : std::int16_t {
  kDelivered = 1,
  kDead = 2,
  kExpired = 3,
  kCancelled = 4,
  kDiscarded = 5,
};
std::string_view ToString(OutcomeState state);

/// Why a dead letter died (the closed set of the contract).
enum class DeadReason {
  kRefused,
  kExhausted,
  kUnknown,
  kNoRoute,
  kLoop,
  kTemplate,
  kRestored,
  kParked,
  kOperator,
};
std::string_view ToString(DeadReason reason);

/// What a delivery in the backlog waits for. Stored in `outbox.backlog`; numbers are the schema's.
enum class WaitingFor : std::int16_t {
  kSchedule = 1,     ///< `deliver_after` of the event
  kRetry = 2,        ///< the next attempt
  kPredecessor = 3,  ///< an earlier event of the same key
  kReplay = 4,       ///< put back by a person; due at once
  kAnswer = 5,  ///< of a request that is about to be sent; due when nobody can be sending it any more
  kVerification = 6,  ///< nobody knows what became of a request; due when the partner is asked
};
std::string_view ToString(WaitingFor waiting);
/// Whether later events of the same key wait for a delivery that waits for this.
constexpr bool HoldsUpItsKey(WaitingFor waiting) {
  return waiting != WaitingFor::kSchedule && waiting != WaitingFor::kPredecessor;
}

/// What one request came to, as counted in metrics and kept in `outbox.attempt`.
enum class AttemptResult { kDelivered, kRetry, kRefused, kDead, kUnknown };
std::string_view ToString(AttemptResult result);

/// One request that did not settle its event.
struct AttemptRecord {
  /// Number of the request within the epoch of the lane, from 1.
  std::int32_t number = 0;
  Timestamp started_at;
  AttemptResult result = AttemptResult::kRetry;
  std::optional<FailureClass> failure;
  int http_status = 0;  ///< 0: no answer
  std::int32_t latency_ms = 0;
  /// Whether it counts against `retries.attempts`.
  bool charged = true;
  std::string error;  ///< for people, short
};

/// A final state and what is kept of it.
struct Outcome {
  OutcomeState state = OutcomeState::kDelivered;
  std::int32_t attempts = 0;  ///< charged ones, the last included
  int http_status = 0;
  std::optional<FailureClass> failure;
  std::int32_t latency_ms = 0;  ///< of the last request
  Timestamp finished_at;
  /// Set when `state` is kDead.
  std::optional<DeadReason> reason;
  std::string error;
  std::string request;  ///< method and URL of the last request, secrets masked; for dead letters
  std::string answer;   ///< kept part of the partner's body
  std::optional<Timestamp> first_attempt_at;
};

/// A follow-up event, inserted in the same transaction as the outcome that causes it.
struct Emitted {
  std::string topic;
  std::string payload;  ///< JSON
};

/// A delivery that waits, as stored in `outbox.backlog`.
struct BacklogEntry {
  WaitingFor waiting_for = WaitingFor::kRetry;
  Timestamp due_at;                    ///< kNever for kPredecessor
  std::optional<EventId> predecessor;  ///< for kPredecessor
  std::int32_t attempts = 0;           ///< charged so far
  std::optional<Timestamp> first_attempt_at;
  std::optional<FailureClass> failure;  ///< of the last attempt
  int http_status = 0;
  std::string error;
};

/// What happened to one delivery since it was last recorded. At most one of `outcome` and `backlog`
/// is set; `attempts` holds the requests in between.
struct Settlement {
  LaneId lane;
  std::int64_t epoch = 0;  ///< of the lane's fence when the event was taken
  EventRef event;
  std::int16_t run = 1;  ///< 1, and one more at each replay
  std::optional<Outcome> outcome;
  std::optional<BacklogEntry> backlog;
  std::vector<AttemptRecord> attempts;
  std::optional<Emitted> emitted;
  /// A person's request to cancel the delivery is answered: with the outcome that it has then, or
  /// with `in_flight`.
  bool answers_cancel = false;
  /// The canary under which the event was read.
  std::shared_ptr<const std::string> canary;
};

}  // namespace postrider
