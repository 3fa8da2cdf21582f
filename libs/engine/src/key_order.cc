#include "postrider/engine/key_order.h"

#include <algorithm>
#include <utility>

namespace postrider {

KeyOrder::Place KeyOrder::Arrive(const std::string& key, EventId id) {
  State& state = keys_[key];
  const bool behind_store = state.parked != Parked::kNo || state.stored > 0 || state.loading;
  if (behind_store || state.waiting.size() >= max_waiting_) {
    CountBlocked(state, 1);
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
  state.parked = Parked::kNo;
  state.active = state.last = id;
  return Place::kRun;
}

std::optional<EventId> KeyOrder::Loaded(const std::string& key, const std::vector<EventId>& ids,
                                        bool more) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  State& state = found->second;
  const auto rows = static_cast<std::int64_t>(ids.size());
  const bool asked = std::exchange(state.loading, false);
  if (more || !asked) {
    state.stored = std::max<std::int64_t>(state.stored - rows, more ? 1 : 0);
  } else {
    // That was all, but for what was blocked meanwhile: whether it was read too, nobody knows. Rows
    // that somebody removed from the backlog will not come any more.
    state.stored = state.since_load;
  }
  state.waiting.insert(state.waiting.end(), ids.begin(), ids.end());
  std::optional<EventId> next;
  if (state.active == 0 && state.parked == Parked::kNo) next = RunNext(state);
  Settle(key, state);
  return next;
}

std::optional<EventId> KeyOrder::Finish(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  State& state = found->second;
  state.active = 0;
  std::optional<EventId> next;
  if (state.parked == Parked::kNo) next = RunNext(state);
  Settle(key, state);
  return next;
}

std::vector<EventId> KeyOrder::Park(const std::string& key, Parked why) {
  State& state = keys_[key];
  state.active = 0;
  state.parked = why;
  const std::deque<EventId> waiting = std::exchange(state.waiting, {});
  CountBlocked(state, static_cast<std::int64_t>(waiting.size()));
  return {waiting.begin(), waiting.end()};
}

void KeyOrder::Unpark(const std::string& key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) found->second.parked = Parked::kNo;
}

void KeyOrder::GiveUpLoad(const std::string& key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) found->second.loading = false;
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

KeyOrder::Parked KeyOrder::parked(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? Parked::kNo : found->second.parked;
}

void KeyOrder::Restore(const StoredKey& stored, bool blocks_after_dead) {
  State& state = keys_[stored.key];
  state.stored += stored.blocked;
  if (stored.head != 0) state.last = stored.head;
  if (stored.has_head) {
    state.parked = Parked::kHead;
  } else if (blocks_after_dead && stored.has_dead && state.parked == Parked::kNo) {
    state.parked = Parked::kDead;
  }
}

void KeyOrder::RestoreWriting(const std::string& key) {
  CountBlocked(keys_[key], 1);
}

void KeyOrder::EndRestore() {
  for (auto it = keys_.begin(); it != keys_.end();) {
    const auto here = it++;
    const std::string key = here->first;  // outlives the entry
    Settle(key, here->second);
  }
}

void KeyOrder::Clear() {
  keys_.clear();
  loads_.clear();
}

void KeyOrder::CountBlocked(State& state, std::int64_t rows) {
  state.stored += rows;
  state.writing += rows;
  state.since_load += rows;
}

std::optional<EventId> KeyOrder::RunNext(State& state) {
  if (state.waiting.empty()) return std::nullopt;
  state.active = state.last = state.waiting.front();
  state.waiting.pop_front();
  return state.active;
}

/// Asks for the blocked rows when nothing stands before them, and forgets a key without a rest.
void KeyOrder::Settle(const std::string& key, State& state) {
  if (state.active != 0 || state.parked != Parked::kNo || state.loading) return;
  if (!state.waiting.empty()) return;
  if (state.stored > 0) {
    if (state.writing > 0) return;  // what is not durable could not be read
    state.loading = true;
    state.since_load = 0;
    loads_.push_back(key);
  } else {
    keys_.erase(key);
  }
}

}  // namespace postrider
