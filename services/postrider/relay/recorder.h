#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "postrider/engine/ledger.h"
#include "relay/lane_link.h"
#include "relay/session.h"

namespace postrider {

/// Writes the settlements of all lanes: what gathers while one commit is under way, and for some
/// milliseconds more while it goes on coming, is the next batch. Nothing is dropped when the
/// database is away: it waits here, bounded by what the lanes may have unsettled. One thread; Add
/// may be called from any.
class Recorder {
 public:
  /// @param owner    the incarnation
  /// @param timeout  of a batch
  Recorder(const DatabaseAccess& access, std::string owner, milliseconds timeout);
  ~Recorder();

  /// @param enough  when so many settlements of the lane wait, all that waits is written without
  ///                gathering more. Neither a follow-up event nor an intent ever waits.
  void Add(Settlement settlement, LaneLink& link, std::size_t enough);
  static constexpr std::size_t kNeverEnough = static_cast<std::size_t>(-1);

  /// Ends when all that was added is durable, or at `deadline`; what is left then is lost to this
  /// process and recovered by the next.
  void Finish(std::chrono::steady_clock::time_point deadline);

  /// A fence was not ours any more: this incarnation must end.
  bool lost_fence() const { return lost_fence_.load(); }
  bool empty() const;
  /// A batch has been waiting to be written for more than a few seconds.
  bool failing() const;

 private:
  struct Item {
    Settlement settlement;
    LaneLink* link;
  };
  using Items = std::vector<Item>;

  void Work(std::stop_token stop);
  void TakeWaiting(std::stop_token stop, Items& taken);
  void Gather(std::unique_lock<std::mutex>& lock, std::stop_token stop);
  void WriteAll(Ledger& ledger, Items& batch);
  void Write(Ledger& ledger, Items& taken);
  void WriteBatch(Ledger& ledger, std::span<Item> batch);
  void WriteGroup(Ledger& ledger, std::vector<Item*> group);
  void WriteOne(Ledger& ledger, Item& item);
  void StopLost(const RecordResult& result, const std::vector<Item*>& group);
  void Acknowledge(const RecordResult& result, const std::vector<Item*>& group);
  void Note(const RecordResult& result, std::size_t size);

  const DatabaseAccess& access_;
  const std::string owner_;
  const milliseconds timeout_;
  mutable std::mutex mutex_;
  std::condition_variable_any wakes_;
  Items waiting_;                                          ///< guarded by mutex_
  std::unordered_map<LaneLink*, std::size_t> waiting_of_;  ///< how many; guarded by mutex_
  bool urgent_ = false;                                    ///< one of them; guarded by mutex_
  bool writing_ = false;                                   ///< guarded by mutex_
  std::atomic<bool> lost_fence_{false};
  std::atomic<std::chrono::steady_clock::rep> writing_since_{0};  ///< 0: nothing is being written
  std::jthread thread_;
};

}  // namespace postrider
