#include "unit/engine/lane_driver.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace postrider::test {

LaneDriver::LaneDriver(LaneSettings settings) : lane(std::move(settings), 1, *this, *this, *this) {
  lane.Reset(era_);
  lane.SetClosed(0);
  EndRecovery();
  Settle();
}

LaneSettings LaneDriver::Ordered(AfterDead after_dead) {
  LaneSettings settings;
  settings.order = {Order::kKey, after_dead};
  return settings;
}

// -- Time and the log -----------------------------------------------------------------------------

void LaneDriver::Pass(microseconds time) {
  now += time;
  Pump();
}

void LaneDriver::Take(const std::vector<EventRef>& events) {
  lane.Take(events, canary_, now);
  Pump();
}

void LaneDriver::Take(std::initializer_list<EventId> ids, const std::string& key) {
  std::vector<EventRef> events;
  for (const EventId id : ids) events.push_back(NewEvent(id, key));
  Take(events);
}

void LaneDriver::BeginEra() {
  lane.Reset(++era_);
  lane.SetClosed(0);
}

void LaneDriver::EndRecovery() {
  lane.Recovered(era_);
  Pump();
}

// -- The partner ----------------------------------------------------------------------------------

std::vector<EventId> LaneDriver::Sent() {
  std::vector<EventId> ids;
  for (; seen_ < sends_.size(); ++seen_) ids.push_back(sends_[seen_].event->id());
  return ids;
}

std::uint64_t LaneDriver::TicketOf(EventId id) const {
  const auto send = std::find_if(sends_.rbegin(), sends_.rend(),
                                 [&](const Send& s) { return s.event->id() == id; });
  if (send == sends_.rend()) throw std::logic_error("never sent: " + std::to_string(id));
  return send->ticket;
}

void LaneDriver::Answer(EventId id, int status) {
  HttpAnswer answer;
  answer.status = status;
  answer.maybe_sent = true;
  Answer(id, answer);
}

void LaneDriver::Answer(EventId id, const HttpAnswer& answer) {
  lane.OnAnswer(TicketOf(id), answer, now, "POST https://partner.example/");
  Pump();
}

void LaneDriver::Written(EventId id) {
  lane.OnWritten(TicketOf(id), now);
  Pump();
}

void LaneDriver::NotWritten(EventId id) {
  HttpAnswer answer;
  answer.failure = FailureClass::kRelayLost;
  Answer(id, answer);
}

void LaneDriver::NotBuilt(EventId id, FailureClass failure) {
  lane.OnNotBuilt(TicketOf(id), failure, "no such field", now);
  Pump();
}

std::optional<Emitted> LaneDriver::FollowUp(const Event&, const Outcome& outcome,
                                            const HttpAnswer*) {
  return Emitted{"follow." + std::string(ToString(outcome.state)), "{}"};
}

// -- The recorder ---------------------------------------------------------------------------------

void LaneDriver::Record() {
  std::vector<EventId> settled;
  for (Settlement& settlement : std::exchange(unrecorded_, {})) {
    Write(settlement);
    if (settlement.outcome || settlement.backlog) settled.push_back(settlement.event->id());
    recorded_.push_back(std::move(settlement));
  }
  lane.OnSettled(settled);
  Pump();
}

void LaneDriver::Write(const Settlement& settlement) {
  const EventId id = settlement.event->id();
  if (settlement.outcome) {
    rows.erase(id);
    ended_[id] = settlement.event;
    if (settlement.outcome->state == OutcomeState::kDead) dead.insert(id);
  }
  if (settlement.backlog) {
    const bool new_key = rows.contains(id) && rows[id].new_key;
    rows[id] = {settlement.event, settlement.run, new_key, *settlement.backlog, canary_};
  }
}

void LaneDriver::Drop() {
  std::vector<EventId> dropped;
  for (const Settlement& s : std::exchange(unrecorded_, {})) dropped.push_back(s.event->id());
  lane.OnDropped(dropped);
  Pump();
}

const Settlement& LaneDriver::Recorded(EventId id) const {
  const auto found = std::find_if(recorded_.rbegin(), recorded_.rend(),
                                  [&](const Settlement& s) { return s.event->id() == id; });
  if (found == recorded_.rend()) throw std::logic_error("nothing of " + std::to_string(id));
  return *found;
}

bool LaneDriver::has_outcome(EventId id) const { return ended_.contains(id); }

// -- The backlog ----------------------------------------------------------------------------------

void LaneDriver::PutBack(const EventRef& event, std::int16_t run) {
  BacklogEntry entry;
  entry.waiting_for = WaitingFor::kReplay;
  entry.due_at = now;
  rows[event->id()] = {event, run, false, entry, canary_};
  ended_.erase(event->id());
  dead.erase(event->id());
}

void LaneDriver::Foreign(std::initializer_list<EventId> ids) {
  std::vector<DueOrder> due;
  for (const EventId id : ids) due.push_back({rows.at(id).entry.due_at, id});
  lane.OnForeignRows(due);
  Pump();
}

void LaneDriver::Cancel(const EventRef& event, bool ended) {
  lane.OnCancel({1, event, ended, canary_});
  Pump();
}

void LaneDriver::AnswerQueries() {
  while (!queries_.empty()) AnswerFirstQuery();
}

void LaneDriver::AnswerFirstQuery() {
  const BacklogQuery query = queries_.front();
  queries_.erase(queries_.begin());
  lane.OnReply(ReplyTo(query), now);
  Pump();
}

void LaneDriver::Settle() {
  while (!unrecorded_.empty() || !queries_.empty()) {
    if (!unrecorded_.empty()) Record();
    AnswerQueries();
  }
}

BacklogReply LaneDriver::ReplyTo(const BacklogQuery& query) const {
  BacklogReply reply;
  reply.query = query;
  switch (query.kind) {
    case BacklogQuery::Kind::kKeys:
      reply.keys = Keys();
      break;
    case BacklogQuery::Kind::kDue:
      for (const auto& [id, row] : rows) {
        const bool of_line = DueLineOf(row.entry.waiting_for) == query.line;
        if (of_line && DueOrder{row.entry.due_at, id} > query.after) {
          reply.due.push_back({row.entry.due_at, id});
        }
      }
      std::sort(reply.due.begin(), reply.due.end());
      reply.due.resize(std::min(reply.due.size(), static_cast<std::size_t>(query.limit)));
      break;
    case BacklogQuery::Kind::kLoad:
      for (const EventId id : query.ids) {
        if (rows.contains(id)) reply.deliveries.push_back(rows.at(id));
      }
      break;
    case BacklogQuery::Kind::kKey:
      reply.deliveries = RowsOfKey(query);
      break;
    case BacklogQuery::Kind::kBody: {
      auto event = std::make_shared<Event>();
      event->identity = *query.event;
      event->topic = "t";
      event->body = std::string(10, 'x');
      event->body_bytes = event->body.size();
      reply.event = event;
      break;
    }
  }
  return reply;
}

std::vector<StoredKey> LaneDriver::Keys() const {
  std::map<std::string, StoredKey> keys;
  for (const auto& [id, row] : rows) {
    if (!row.event->key) continue;
    StoredKey& key = keys[*row.event->key];
    if (row.entry.waiting_for == WaitingFor::kPredecessor) ++key.blocked;
    if (HoldsUpItsKey(row.entry.waiting_for)) key.heads.push_back(id);
  }
  for (const EventId id : dead) {
    if (ended_.at(id)->key) keys[*ended_.at(id)->key].dead.push_back(id);
  }
  std::vector<StoredKey> list;
  for (auto& [name, key] : keys) {
    key.key = name;
    list.push_back(key);
  }
  return list;
}

bool LaneDriver::IsHeld(const std::string& key) const {
  const auto is_dead = [&](EventId id) { return ended_.at(id)->key == key; };
  const auto is_head = [&](const auto& row) {
    return row.second.event->key == key && HoldsUpItsKey(row.second.entry.waiting_for);
  };
  return std::any_of(dead.begin(), dead.end(), is_dead) ||
         std::any_of(rows.begin(), rows.end(), is_head);
}

std::vector<StoredDelivery> LaneDriver::RowsOfKey(const BacklogQuery& query) const {
  std::vector<StoredDelivery> found;
  if (query.unless_dead && IsHeld(query.key)) return found;
  for (const auto& [id, row] : rows) {
    const bool blocked = row.entry.waiting_for == WaitingFor::kPredecessor;
    if (found.size() < static_cast<std::size_t>(query.limit) && blocked &&
        row.event->key == query.key) {
      found.push_back(row);
    }
  }
  return found;
}

}  // namespace postrider::test
