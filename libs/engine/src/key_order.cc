#include "postrider/engine/key_order.h"

#include <algorithm>
#include <utility>

namespace postrider {

KeyOrder::State* KeyOrder::Find(const std::string& key) {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

const KeyOrder::State* KeyOrder::Find(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

EventId KeyOrder::Run(State& state, EventId id) {
  state.active = state.last = id;
  return id;
}

// -- Coming and going -----------------------------------------------------------------------------

KeyOrder::Place KeyOrder::Arrive(const std::string& key, EventId id) {
  State& state = keys_[key];
  const bool behind_store =
      !state.parked.empty() || !state.dead.empty() || state.stored > 0 || state.loading;
  if (behind_store || state.waiting.size() >= limits_.waiting) return Place::kStore;
  if (state.active != 0) {
    state.waiting.push_back(id);
    return Place::kWait;
  }
  Run(state, id);
  return Place::kRun;
}

KeyOrder::Return KeyOrder::ComeBack(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.dead.erase(id);
  state.parked.erase(id);
  if (!state.parked.empty() && state.parked.begin()->first < id) {
    state.parked[id] = Parked::kDue;
    return {Place::kStore, {}};
  }
  if (state.active == 0 && (state.heads.empty() || id < *state.heads.begin())) {
    Run(state, id);
    return {Place::kRun, {}};
  }
  state.heads.insert(id);
  if (state.heads.size() <= limits_.heads) return {Place::kWait, {}};
  const EventId last = *state.heads.rbegin();
  state.heads.erase(last);
  state.parked[last] = Parked::kDue;
  if (last == id) return {Place::kStore, {}};
  return {Place::kWait, {{}, {last}}};
}

KeyOrder::Displaced KeyOrder::Expect(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.dead.erase(id);
  state.parked[id] = Parked::kAway;
  return {{}, DisplaceHeads(state, id)};
}

KeyOrder::Displaced KeyOrder::Park(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.active = 0;
  state.parked[id] = Parked::kAway;
  return {std::exchange(state.waiting, {}), DisplaceHeads(state, id)};
}

std::vector<EventId> KeyOrder::DisplaceHeads(State& state, EventId behind) {
  const auto first = state.heads.upper_bound(behind);
  std::vector<EventId> displaced(first, state.heads.end());
  for (const EventId id : displaced) state.parked[id] = Parked::kDue;
  state.heads.erase(first, state.heads.end());
  return displaced;
}

KeyOrder::Displaced KeyOrder::Die(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.active = 0;
  state.dead.insert(id);
  return {std::exchange(state.waiting, {}), {}};
}

void KeyOrder::Resolve(const std::string& key, const std::function<bool(EventId)>& is_resolved) {
  if (State* state = Find(key)) std::erase_if(state->dead, is_resolved);
}

void KeyOrder::Leave(const std::string& key, EventId id) {
  State* state = Find(key);
  if (state == nullptr) return;
  if (state->active == id) state->active = 0;
  state->heads.erase(id);
  state->parked.erase(id);
  state->dead.erase(id);
  std::erase(state->waiting, id);
}

std::vector<std::string> KeyOrder::LeaveMissing(const std::unordered_set<EventId>& ids) {
  std::vector<std::string> changed;
  for (auto& [key, state] : keys_) {
    const auto missing = [&](const auto& parked) { return ids.contains(parked.first); };
    if (std::erase_if(state.parked, missing) > 0) changed.push_back(key);
  }
  return changed;
}

// -- Who runs -------------------------------------------------------------------------------------

std::optional<EventId> KeyOrder::Next(const std::string& key) {
  State* state = Find(key);
  if (state == nullptr || state->active != 0) return std::nullopt;
  if (!state->heads.empty()) {
    return Run(*state, state->heads.extract(state->heads.begin()).value());
  }
  if (!state->parked.empty()) {
    AskForHeads(*state);
    return std::nullopt;
  }
  if (!state->dead.empty()) return std::nullopt;
  if (!state->waiting.empty()) {
    const EventId id = state->waiting.front();
    state->waiting.erase(state->waiting.begin());
    return Run(*state, id);
  }
  AskForBlocked(key, *state);
  return std::nullopt;
}

/// The first of those in the backlog, as far as they are due one after the other.
void KeyOrder::AskForHeads(State& state) {
  std::size_t asked = 0;
  for (auto& [id, parked] : state.parked) {
    if (parked == Parked::kAway || asked >= limits_.heads) return;
    if (std::exchange(parked, Parked::kAsked) == Parked::kDue) wanted_heads_.push_back(id);
    ++asked;
  }
}

void KeyOrder::AskForBlocked(const std::string& key, State& state) {
  if (state.loading || state.writing > 0) return;  // what is not durable could not be read
  if (state.stored == 0) {
    keys_.erase(std::string(key));  // which may be the entry's own
    return;
  }
  state.loading = true;
  state.since_load = 0;
  loads_.push_back(key);
}

// -- What is blocked ------------------------------------------------------------------------------

void KeyOrder::AddBlocked(const std::string& key, bool durable) {
  State& state = keys_[key];
  ++state.stored;
  ++state.since_load;
  if (!durable) ++state.writing;
}

void KeyOrder::BlockedIsDurable(const std::string& key) {
  if (State* state = Find(key)) --state->writing;
}

std::optional<std::string> KeyOrder::TakeLoad() {
  if (loads_.empty()) return std::nullopt;
  std::string key = std::move(loads_.front());
  loads_.pop_front();
  return key;
}

void KeyOrder::Loaded(const std::string& key, const std::vector<EventId>& ids, bool more) {
  State* state = Find(key);
  if (state == nullptr) return;
  const auto rows = static_cast<std::int64_t>(ids.size());
  const bool asked = std::exchange(state->loading, false);
  if (more || !asked) {
    state->stored = std::max<std::int64_t>(state->stored - rows, more ? 1 : 0);
  } else {
    // That was all, but for what was blocked meanwhile: whether it was read too, nobody knows. Rows
    // that somebody removed from the backlog will not come any more.
    state->stored = state->since_load;
  }
  state->waiting.insert(state->waiting.end(), ids.begin(), ids.end());
}

void KeyOrder::GiveUpLoad(const std::string& key) {
  if (State* state = Find(key)) state->loading = false;
}

bool KeyOrder::blocked_since_load(const std::string& key) const {
  const State* state = Find(key);
  return state != nullptr && state->since_load > 0;
}

std::vector<EventId> KeyOrder::TakeHeads(std::size_t limit) {
  const auto end =
      wanted_heads_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, wanted_heads_.size()));
  std::vector<EventId> ids(wanted_heads_.begin(), end);
  wanted_heads_.erase(wanted_heads_.begin(), end);
  return ids;
}

// -- State ----------------------------------------------------------------------------------------

EventId KeyOrder::Predecessor(const std::string& key) const {
  const State* state = Find(key);
  return state == nullptr ? 0 : state->last;
}

bool KeyOrder::is_dead(const std::string& key) const {
  const State* state = Find(key);
  return state != nullptr && !state->dead.empty();
}

bool KeyOrder::is_held_up(const std::string& key) const {
  const State* state = Find(key);
  return state != nullptr && (!state->parked.empty() || !state->dead.empty());
}

// -- After a restart ------------------------------------------------------------------------------

void KeyOrder::Restore(const StoredKey& stored, bool blocks_after_dead) {
  State& state = keys_[stored.key];
  state.stored += stored.blocked;
  for (const EventId id : stored.heads) state.parked[id] = Parked::kAway;
  if (blocks_after_dead) state.dead.insert(stored.dead.begin(), stored.dead.end());
  if (!state.parked.empty()) {
    state.last = state.parked.begin()->first;
  } else if (!state.dead.empty()) {
    state.last = *state.dead.begin();
  }
}

void KeyOrder::RestoreActive(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.parked.erase(id);  // its row is still there
  Run(state, id);
}

void KeyOrder::RestoreDead(const std::string& key, EventId id) {
  State& state = keys_[key];
  state.parked.erase(id);
  state.dead.insert(id);
  state.last = id;
}

void KeyOrder::EndRestore() {
  std::vector<std::string> all;
  for (const auto& [key, state] : keys_) all.push_back(key);
  for (const std::string& key : all) Next(key);
}

void KeyOrder::Clear() {
  keys_.clear();
  loads_.clear();
  wanted_heads_.clear();
}

}  // namespace postrider
