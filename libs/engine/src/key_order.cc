#include "postrider/engine/key_order.h"

#include <utility>

namespace postrider {

KeyOrder::Place KeyOrder::Arrive(const std::string& key, EventId id) {
  State& state = keys_[key];
  const bool behind_store = state.parked || state.stored > 0 || state.loading;
  if (behind_store || state.waiting.size() >= max_waiting_) {
    ++state.stored;
    ++state.writing;
    return Place::kBlock;
  }
  if (state.active != 0) {
    state.waiting.push_back(id);
    return Place::kWait;
  }
  state.active = state.last = id;
  return Place::kRun;
}

KeyOrder::Place KeyOrder::ArriveHead(const std::string& key, EventId id) {
  State& state = keys_[key];
  if (state.active != 0) {
    state.waiting.push_front(id);
    return Place::kWait;
  }
  state.parked = false;
  state.active = state.last = id;
  return Place::kRun;
}

std::optional<EventId> KeyOrder::Loaded(const std::string& key, const std::vector<EventId>& ids,
                                        bool more) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  State& state = found->second;
  state.loading = false;
  state.stored -= static_cast<std::int64_t>(ids.size());
  // Rows that somebody removed from the backlog meanwhile will not come any more.
  if (!more && state.writing == 0) state.stored = 0;
  state.waiting.insert(state.waiting.end(), ids.begin(), ids.end());
  std::optional<EventId> next;
  if (state.active == 0 && !state.parked) next = RunNext(state);
  Settle(key, state);
  return next;
}

std::optional<EventId> KeyOrder::Finish(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  State& state = found->second;
  state.active = 0;
  std::optional<EventId> next;
  if (!state.parked) next = RunNext(state);
  Settle(key, state);
  return next;
}

std::vector<EventId> KeyOrder::Park(const std::string& key) {
  State& state = keys_[key];
  state.active = 0;
  state.parked = true;
  const std::deque<EventId> waiting = std::exchange(state.waiting, {});
  state.stored += static_cast<std::int64_t>(waiting.size());
  state.writing += static_cast<std::int64_t>(waiting.size());
  return {waiting.begin(), waiting.end()};
}

void KeyOrder::Unpark(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  found->second.parked = false;
  Settle(key, found->second);
}

void KeyOrder::BlockedIsDurable(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  --found->second.writing;
  Settle(key, found->second);
}

void KeyOrder::BackToStore(const std::string& key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) --found->second.writing;
}

std::vector<std::string> KeyOrder::TakeLoads() { return std::exchange(loads_, {}); }

EventId KeyOrder::Predecessor(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? 0 : found->second.last;
}

bool KeyOrder::IsParked(const std::string& key) const {
  const auto found = keys_.find(key);
  return found != keys_.end() && found->second.parked;
}

void KeyOrder::Restore(const StoredKey& stored, bool blocks_after_dead) {
  State& state = keys_[stored.key];
  state.stored += stored.blocked;
  if (stored.head != 0) state.last = stored.head;
  if (stored.has_head || (blocks_after_dead && stored.has_dead)) state.parked = true;
  Settle(stored.key, state);
}

void KeyOrder::Clear() {
  keys_.clear();
  loads_.clear();
}

std::optional<EventId> KeyOrder::RunNext(State& state) {
  if (state.waiting.empty()) return std::nullopt;
  state.active = state.last = state.waiting.front();
  state.waiting.pop_front();
  return state.active;
}

/// Asks for the blocked rows when nothing stands before them, and forgets a key without a rest.
void KeyOrder::Settle(const std::string& key, State& state) {
  if (state.active != 0 || state.parked || state.loading || !state.waiting.empty()) return;
  if (state.stored > 0) {
    if (state.writing > 0) return;  // what is not durable could not be read
    state.loading = true;
    loads_.push_back(key);
  } else {
    keys_.erase(key);
  }
}

}  // namespace postrider
