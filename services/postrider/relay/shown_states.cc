#include "relay/shown_states.h"

#include <utility>

namespace postrider {
namespace {

constexpr std::chrono::seconds kBetweenSaves{2};

}  // namespace

bool ShownStates::Look(const PolicyState& state, Time now) {
  Known& known = lanes_[state.lane];
  // What others have to heed cannot wait.
  if (state.cools_until != known.saved.cools_until) {
    known.seen = state;
    return true;
  }
  const bool lasts = std::exchange(known.seen, state) == state;
  if (!lasts || known.saved == state) return false;
  return known.saved_at == Time::min() || now - known.saved_at >= kBetweenSaves;
}

void ShownStates::NoteSaved(const std::vector<PolicyState>& states, Time now) {
  for (const PolicyState& state : states) {
    Known& known = lanes_[state.lane];
    known.saved = state;
    known.saved_at = now;
  }
}

}  // namespace postrider
