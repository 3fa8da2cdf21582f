#include "simulation/simulated_readers.h"

#include <utility>

namespace postrider::simulation {
namespace {

constexpr int kPollRows = 50;
constexpr CatchUp::Limits kLimits{.page = 40, .scan = 400, .near = 60, .refill = 4};
constexpr microseconds kTailWait{3000};
constexpr microseconds kFetchWait{3000};

}  // namespace

// -- The tail -------------------------------------------------------------------------------------

microseconds SimulatedTail::Turn() {
  if (!reader_) {
    connection_.Connect();
    connection_.EnsureCanary();
    reader_.emplace(connection_, kPollRows);
    Begin();
  }
  const std::uint64_t era = exchange_.era().number;
  if (era != std::exchange(era_, era)) exchange_.GiveToFetcher(reader_->Abandon());
  TakeJoining();
  TailTurn turn = reader_->Turn(exchange_.rounds());
  if (turn.history_changed) {
    statistics_.Count("histories changed");
    exchange_.GiveToFetcher(std::move(turn.off_tail));
    connection_.EnsureCanary();
    Begin();
    return microseconds(0);
  }
  Note(turn);
  exchange_.GiveToFetcher(std::move(turn.off_tail));
  return turn.more ? microseconds(0) : kTailWait;
}

void SimulatedTail::TakeJoining() {
  std::vector<Feed> of_before;
  for (Feed& feed : exchange_.TakeForTail()) {
    if (feed.era() == era_) {
      statistics_.Count("joins offered");
      reader_->Join(std::move(feed));
    } else {
      statistics_.Count("joins of an era before");
      of_before.push_back(std::move(feed));
    }
  }
  exchange_.GiveToFetcher(std::move(of_before));
}

void SimulatedTail::GiveUp() {
  if (reader_) exchange_.GiveToFetcher(reader_->Abandon());
  reader_.reset();
}

void SimulatedTail::Begin() {
  const TailTurn turn = reader_->Turn(exchange_.rounds());
  const std::string& canary = reader_->head().canary;
  const bool changed = canary != std::exchange(canary_, canary);
  Note(turn);
  era_ = exchange_.BeginEra(changed);
}

void SimulatedTail::Note(const TailTurn& turn) {
  for (const Feed& feed : turn.off_tail) {
    statistics_.Count(feed.join_refused() ? "joins refused" : "falls off the tail");
  }
  if (turn.events > 0) statistics_.Count("polls with events");
  if (reader_->place()) exchange_.Publish(*reader_->place(), reader_->head());
}

// -- The fetcher ----------------------------------------------------------------------------------

microseconds SimulatedFetcher::Turn() {
  if (!catch_up_) Begin();
  FollowEra();
  bool busy = false;
  if (const auto place = exchange_.place(); place && era_ != 0) {
    busy = catch_up_->Turn(*place, exchange_.rounds(), exchange_.canary());
    exchange_.GiveToTail(catch_up_->TakeNear(*place));
  }
  busy = AnswerQueries() || busy;
  receiver_.ForeignRows(connection_.ReadForeign());
  LookForCancels(false);
  return busy ? microseconds(0) : kFetchWait;
}

void SimulatedFetcher::Begin() {
  connection_.Connect();
  connection_.ReadForeign();
  catch_up_.emplace(connection_, kLimits);
  for (Feed& feed : feeds_) catch_up_->Add(std::move(feed));
  feeds_.clear();
  if (era_ != 0) exchange_.BeginEra(false);
}

void SimulatedFetcher::GiveUp() {
  if (catch_up_) feeds_ = catch_up_->TakeAll();
  catch_up_.reset();
}

void SimulatedFetcher::FollowEra() {
  const Exchange::Era era = exchange_.era();
  // Throws, so before any feed is in hand.
  if (era.number != era_) connection_.ReadForeign();
  std::vector<Feed> feeds = exchange_.TakeForFetcher();
  const bool changed = era.number != era_;
  if (changed) {
    catch_up_->BeginRecovery(era.number, era.HistoryChangedSince(era_));
    era_ = era.number;
  }
  bool recovers = false;
  for (Feed& feed : feeds) {
    if (feed.era() != era_) feed.BeginRecovery(era_, era.HistoryChangedSince(feed.era()));
    recovers = recovers || feed.needs_recovery();
    catch_up_->Add(std::move(feed));
  }
  // Before the lanes are given anything that is to be cancelled.
  if (recovers || changed) LookForCancels(true);
}

void SimulatedFetcher::LookForCancels(bool all) {
  for (const CancelRequest& request : connection_.ReadCancels(all)) receiver_.Cancel(request);
}

bool SimulatedFetcher::AnswerQueries() {
  std::vector<LaneQuery> queries = exchange_.TakeQueries();
  // A lane of an era before is about to forget what it has asked for; the answer of another history
  // would mislead it until then.
  std::erase_if(queries, [&](const LaneQuery& asked) { return asked.query.era != era_; });
  if (queries.empty()) return false;
  for (const LaneQuery& asked : queries) {
    receiver_.Reply(asked.lane, Answer(asked));
  }
  return true;
}

BacklogReply SimulatedFetcher::Answer(const LaneQuery& asked) {
  const BacklogQuery& query = asked.query;
  const LaneId lane = asked.lane;
  const DestinationSettings& settings = scenario_.Of(lane.destination).settings;
  BacklogReply reply;
  reply.query = query;
  switch (query.kind) {
    case BacklogQuery::Kind::kKeys:
      reply.keys = connection_.ReadKeys(lane, settings.shards,
                                        settings.order.after_dead == AfterDead::kBlock);
      break;
    case BacklogQuery::Kind::kDue:
      reply.due = connection_.ReadDue(lane, settings.shards, query.line, query.after, query.limit);
      break;
    case BacklogQuery::Kind::kLoad:
      reply.deliveries = connection_.Load(lane, query.ids);
      break;
    case BacklogQuery::Kind::kKey:
      reply.deliveries = connection_.LoadKey(lane, query.key, query.limit, query.unless_dead);
      break;
    case BacklogQuery::Kind::kBody:
      reply.event = connection_.LoadBody(lane, *query.event);
      break;
  }
  return reply;
}

}  // namespace postrider::simulation
