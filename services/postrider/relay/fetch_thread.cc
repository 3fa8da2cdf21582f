#include "relay/fetch_thread.h"

#include <utility>

#include "postrider/postgres/postgres_backlog_store.h"
#include "postrider/postgres/postgres_event_log.h"

namespace postrider {
namespace {

constexpr milliseconds kForeignInterval{500};
/// In any case.
constexpr milliseconds kLongestInterval{5000};
constexpr milliseconds kWait{100};
constexpr milliseconds kFirstPatience{15000};
/// Planning a page costs the database as much as a thousand rows of it, so pages are long, and are
/// not read before there is room for half of one.
constexpr CatchUp::Limits kLimits{.page = 4000, .scan = 40000, .near = 500, .refill = 2};

}  // namespace

FetchThread::FetchThread(const DatabaseAccess& access, Exchange& exchange,
                         BacklogReceiver& receiver)
    : access_(access),
      exchange_(exchange),
      receiver_(receiver),
      others_(exchange.commits(), kLongestInterval),
      patience_(kFirstPatience),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void FetchThread::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void FetchThread::Work(std::stop_token stop) {
  Session session(access_, "fetcher");
  session.Run(stop, [&](Connection& connection) {
    try {
      Fetch(stop, connection);
    } catch (const DatabaseFault& fault) {
      patience_.Note(fault);
      throw;
    }
  });
}

void FetchThread::Fetch(std::stop_token stop, Connection& connection) {
  PostgresEventLog log(connection, patience_.limit());
  PostgresBacklogStore backlog(connection, patience_.limit());
  // From here on rows of others are noticed; what was there before, recovery finds.
  backlog.ReadForeign();
  CatchUp catch_up(log, kLimits);
  for (Feed& feed : feeds_) catch_up.Add(std::move(feed));
  feeds_.clear();
  catch_up_ = &catch_up;
  // What people put back while there was no connection would be missed: recover.
  if (era_ != 0) exchange_.BeginEra(false);
  try {
    while (!stop.stop_requested()) {
      FollowEra(log, backlog);
      const bool read = CatchUpOnce();
      const bool answered = AnswerQueries(backlog);
      LookForForeignRows(backlog);
      idle_.store(catch_up.empty() && !answered && !read);
      if (!read && !answered) exchange_.WaitForFetcher(kWait);
    }
  } catch (...) {
    feeds_ = catch_up.TakeAll();
    throw;
  }
}

void FetchThread::FollowEra(PostgresEventLog& log, BacklogStore& backlog) {
  const Exchange::Era era = exchange_.era();
  // May throw, so before any feed is in hand.
  if (era.number != era_) backlog.ReadForeign();
  std::vector<Feed> feeds = exchange_.TakeForFetcher();
  bool recovers = era.number != era_;
  if (recovers) {
    log.ForgetHistory();
    catch_up_->BeginRecovery(era.number, era.HistoryChangedSince(era_));
    era_ = era.number;
  }
  for (Feed& feed : feeds) {
    if (feed.era() != era_) feed.BeginRecovery(era_, era.HistoryChangedSince(feed.era()));
    recovers = recovers || feed.needs_recovery();
    catch_up_->Add(std::move(feed));
  }
  // They have forgotten, and know again before they are given anything that is to be cancelled.
  if (!recovers) return;
  LookForCancels(backlog, true);
  exchange_.WantPlaces();
}

bool FetchThread::CatchUpOnce() {
  const auto place = exchange_.place();
  if (!place || era_ == 0) return false;
  const bool read = catch_up_->Turn(*place, exchange_.rounds(), exchange_.canary());
  exchange_.GiveToTail(catch_up_->TakeNear(*place));
  return read;
}

bool FetchThread::AnswerQueries(BacklogStore& backlog) {
  std::vector<LaneQuery> queries = exchange_.TakeQueries();
  // A lane of an era before is about to forget what it has asked for; the answer of another history
  // would mislead it until then.
  std::erase_if(queries, [&](const LaneQuery& asked) { return asked.query.era != era_; });
  if (queries.empty()) return false;
  for (const LaneQuery& asked : queries) {
    receiver_.Reply(asked.lane, Answer(backlog, asked));
  }
  return true;
}

BacklogReply FetchThread::Answer(BacklogStore& backlog, const LaneQuery& asked) {
  const BacklogQuery& query = asked.query;
  const LaneId lane = asked.lane;
  BacklogReply reply;
  reply.query = query;
  switch (query.kind) {
    case BacklogQuery::Kind::kKeys:
      reply.keys = backlog.ReadKeys(lane, receiver_.Shards(lane), receiver_.BlocksAfterDead(lane));
      break;
    case BacklogQuery::Kind::kDue:
      reply.due =
          backlog.ReadDue(lane, receiver_.Shards(lane), query.line, query.after, query.limit);
      break;
    case BacklogQuery::Kind::kLoad:
      reply.deliveries = backlog.Load(lane, query.ids);
      break;
    case BacklogQuery::Kind::kKey:
      reply.deliveries = backlog.LoadKey(lane, query.key, query.limit, query.unless_dead);
      break;
    case BacklogQuery::Kind::kBody:
      reply.event = backlog.LoadBody(lane, *query.event);
      break;
  }
  return reply;
}

void FetchThread::LookForForeignRows(BacklogStore& backlog) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kForeignInterval;
  if (!others_.Due()) return;
  std::vector<ForeignRow> rows = backlog.ReadForeign();
  const bool recover =
      std::erase_if(rows, [](const ForeignRow& row) { return row.by_recovery; }) > 0;
  if (!rows.empty()) receiver_.ForeignRows(rows);
  LookForCancels(backlog, false);
  others_.Looked();
  if (recover) exchange_.BeginEra(false);
}

void FetchThread::LookForCancels(BacklogStore& backlog, bool all) {
  for (const CancelRequest& request : backlog.ReadCancels(all)) receiver_.Cancel(request);
}

}  // namespace postrider
