#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "postrider/engine/admission.h"
#include "postrider/engine/lane_shares.h"
#include "postrider/model/delivery.h"

namespace postrider {

/// What a lane holds in memory of one delivery.
struct HeldDelivery {
  enum class State {
    kUnplaced,  ///< taken before the keys were known
    kWaiting,   ///< behind another of its key
    kQueued,
    kLoadingBody,
    kIntended,  ///< its intent is durable: it is sent by the next Pump
    kSending,
    kSettling,
  };

  EventRef event;
  std::shared_ptr<const std::string> canary;
  std::optional<Timestamp> first_attempt_at;
  Timestamp sent_at;
  std::uint64_t ticket = 0;
  std::optional<Admission::Permit> permit;  ///< while it is intended or being sent
  std::int32_t attempts = 0;                ///< charged
  std::int16_t run = 1;
  State state = State::kWaiting;
  Origin origin = Origin::kLog;
  bool new_key = false;
  bool big = false;   ///< its body was read alone
  bool sent = false;  ///< counts as unsettled
  bool died = false;
  bool unknown = false;  ///< it may have been sent: the partner is asked first, or a person
  bool asking = false;   ///< what is in flight asks what became of it
  std::optional<Timestamp> park;  ///< being written to the backlog, due then (kNever: blocked)
  WaitingFor parked_as = WaitingFor::kRetry;
  std::uint64_t park_era = 0;
  Timestamp asked_from = kNever;  ///< when another owner would ask what became of the intent
};

}  // namespace postrider
