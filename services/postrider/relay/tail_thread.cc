#include "relay/tail_thread.h"

#include <algorithm>
#include <utility>

#include "postrider/postgres/postgres_event_log.h"

namespace postrider {
namespace {

/// Rows of one poll.
constexpr int kPollRows = 500;
/// Between polls while no lane waits for what they find: all are busy with what is behind.
constexpr milliseconds kUnhurried{250};
constexpr milliseconds kFirstPatience{10000};

}  // namespace

TailThread::TailThread(const DatabaseAccess& access, PollSettings poll, Exchange& exchange,
                       DatabaseClock& clock)
    : access_(access),
      poll_(poll),
      exchange_(exchange),
      clock_(clock),
      patience_(kFirstPatience),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void TailThread::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::chrono::steady_clock::time_point TailThread::last_poll() const {
  return std::chrono::steady_clock::time_point(
      std::chrono::steady_clock::duration(last_poll_.load()));
}

void TailThread::Work(std::stop_token stop) {
  Session session(access_, "reader");
  session.Run(stop, [&](Connection& connection) {
    try {
      Read(stop, connection);
    } catch (const DatabaseFault& fault) {
      patience_.Note(fault);
      throw;
    }
  });
}

void TailThread::Read(std::stop_token stop, Connection& connection) {
  PostgresEventLog log(connection, patience_.limit());
  log.EnsureCanary();
  TailReader reader(log, kPollRows);
  try {
    Begin(reader);
    milliseconds wait = poll_.min;
    while (!stop.stop_requested() && !exchange_.halted()) {
      FollowEra(reader);
      TakeJoining(reader);
      TailTurn turn = Poll(reader);
      if (turn.history_changed) {
        exchange_.GiveToFetcher(std::move(turn.off_tail));
        log.EnsureCanary();
        Begin(reader);
        continue;
      }
      NoteTurn(reader, turn);
      exchange_.GiveToFetcher(std::move(turn.off_tail));
      if (turn.more) continue;
      // Quiet times are polled more rarely, step by step.
      const milliseconds longest = reader.hurried() ? poll_.max : std::max(poll_.max, kUnhurried);
      wait = turn.events > 0 ? poll_.min
                             : std::min(longest, wait + std::max(wait / 2, milliseconds(1)));
      exchange_.WaitForTail(wait);
    }
  } catch (...) {
    exchange_.GiveToFetcher(reader.Abandon());
    throw;
  }
  exchange_.GiveToFetcher(reader.Abandon());
}

/// The first poll of a connection or of a history: everything is recovered.
void TailThread::Begin(TailReader& reader) {
  exchange_.commits().Forget();
  const TailTurn turn = Poll(reader);
  const std::string& canary = reader.head().canary;
  const bool changed = canary != std::exchange(canary_, canary);
  if (!changed && reader.head().last_value < last_value_) exchange_.Halt();
  NoteTurn(reader, turn);
  era_ = exchange_.BeginEra(changed);
  access_.log.Info("recovery_begins",
                   changed ? "Reading a history not seen before; every lane recovers."
                           : "Connected anew; every lane recovers.",
                   {{"position", reader.place()->position.high}});
}

TailTurn TailThread::Poll(TailReader& reader) {
  const auto began = std::chrono::steady_clock::now();
  TailTurn turn = reader.Turn(exchange_.rounds());
  exchange_.commits().Saw(reader.head().snapshot, began);
  access_.metrics.relay().ObserveQuery(
      "poll", std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - began));
  return turn;
}

/// Another thread has begun an era: the lanes that stand here recover too.
void TailThread::FollowEra(TailReader& reader) {
  const std::uint64_t era = exchange_.era().number;
  if (era == std::exchange(era_, era)) return;
  exchange_.GiveToFetcher(reader.Abandon());
}

/// A lane that was handed over before the present era began stands in a position of before: it has
/// to recover first.
void TailThread::TakeJoining(TailReader& reader) {
  std::vector<Feed> of_before;
  for (Feed& feed : exchange_.TakeForTail()) {
    if (feed.era() == era_) {
      reader.Join(std::move(feed));
    } else {
      of_before.push_back(std::move(feed));
    }
  }
  exchange_.GiveToFetcher(std::move(of_before));
}

void TailThread::NoteTurn(const TailReader& reader, const TailTurn& turn) {
  clock_.Set(reader.head().now);
  last_poll_.store(std::chrono::steady_clock::now().time_since_epoch().count());
  access_.metrics.relay().CountPoll(reader.head().now);
  at_head_.store(turn.events == 0 && turn.off_tail.empty() && !turn.more);
  if (turn.sequence_went_back) exchange_.Halt();
  last_value_ = reader.head().last_value;
  if (reader.place()) exchange_.Publish(*reader.place(), reader.head());
}

}  // namespace postrider
