#include "postrider/model/delivery.h"

namespace postrider {

std::string_view ToString(OutcomeState state) {
  switch (state) {
    case OutcomeState::kDelivered: return "delivered";
    case OutcomeState::kDead: return "dead";
    case OutcomeState::kExpired: return "expired";
    case OutcomeState::kCancelled: return "cancelled";
    case OutcomeState::kDiscarded: return "discarded";
  }
  return "?";
}

std::string_view ToString(DeadReason reason) {
  switch (reason) {
    case DeadReason::kRefused: return "refused";
    case DeadReason::kExhausted: return "exhausted";
    case DeadReason::kUnknown: return "unknown";
    case DeadReason::kNoRoute: return "no_route";
    case DeadReason::kLoop: return "loop";
    case DeadReason::kTemplate: return "template";
    case DeadReason::kRestored: return "restored";
    case DeadReason::kParked: return "parked";
    case DeadReason::kOperator: return "operator";
  }
  return "?";
}

std::string_view ToString(WaitingFor waiting) {
  switch (waiting) {
    case WaitingFor::kSchedule: return "schedule";
    case WaitingFor::kRetry: return "retry";
    case WaitingFor::kPredecessor: return "predecessor";
    case WaitingFor::kReplay: return "replay";
    case WaitingFor::kAnswer: return "answer";
    case WaitingFor::kVerification: return "verification";
  }
  return "?";
}

std::string_view ToString(AttemptResult result) {
  switch (result) {
    case AttemptResult::kDelivered: return "delivered";
    case AttemptResult::kRetry: return "retry";
    case AttemptResult::kRefused: return "refused";
    case AttemptResult::kDead: return "dead";
    case AttemptResult::kUnknown: return "unknown";
  }
  return "?";
}

}  // namespace postrider
