#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "postrider/model/time.h"

namespace postrider {

class Exposition;

/// The label `state` of `postrider_lanes`.
enum class LaneState { kOwned, kFree, kRetired };
std::string_view ToString(LaneState state);

/// What a relay says about itself and, while it keeps house, about the whole installation.
/// All methods may be called from any thread.
class RelayMetrics {
 public:
  explicit RelayMetrics(std::string version);
  ~RelayMetrics();
  RelayMetrics(const RelayMetrics&) = delete;
  RelayMetrics& operator=(const RelayMetrics&) = delete;

  /// A poll of the log has succeeded at `at`.
  void CountPoll(Timestamp at);

  /// @param purpose  name of the query from a fixed set, such as `tail` or `settle`. After 48
  ///                 different ones the rest is counted as `other`.
  void ObserveQuery(std::string_view purpose, microseconds duration);
  void CountDatabaseError(std::string_view purpose);

  void CountLeaseLoss();
  /// A write that the fence of a lane has refused, since the lane belongs to another relay by now.
  void CountRefusedWrite();

  /// The configuration was read: taken, or refused and left as it was.
  void CountReload(bool taken, Timestamp at);

  void SetEventMemory(std::size_t bytes);
  void SetEventMemoryLimit(std::size_t bytes);

  /// From here on: for the one relay that keeps house.
  void CountUnrouted(std::int64_t events);
  void CountFoundByAudit(std::int64_t events);
  void SetLanes(LaneState state, std::int64_t count);
  /// @param table  name of a table of the schema, without its partitions' suffix
  void SetTableBytes(std::string_view table, std::int64_t bytes);
  /// Age of the oldest snapshot that any session of the database holds.
  void SetOldestSnapshot(microseconds age);
  /// The gauges of the keeper are not shown until they are set again.
  void ReleaseHousekeeping();

  void AddTo(Exposition& exposition) const;

 private:
  struct Series;

  const std::unique_ptr<Series> series_;
};

}  // namespace postrider
