#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postrider/model/lane_id.h"
#include "postrider/model/settings.h"

namespace postrider {

/// What a lane needs to know of its destination. Limits are the lane's part of the destination's.
struct LaneSettings {
  LaneId id;
  std::string name;  ///< of the destination
  int shards = 1;
  int concurrency = 16;    ///< requests in flight
  int pool = 0;            ///< connections; 0: as `concurrency`
  int max_unsettled = 64;  ///< sent but not yet durably recorded
  std::vector<RateWindow> rate;
  std::size_t endpoints = 1;
  std::optional<BreakerSettings> breaker;  ///< of each endpoint
  std::optional<RateWindow> dead_limit;
  milliseconds call_timeout{15000};  ///< no call lasts longer
  OrderSettings order;
  RetrySettings retries;
  VerdictSettings verdict;
  AfterUnknown after_unknown = AfterUnknown::kResend;
  std::optional<VerifySettings> verify{};  ///< there when `after_unknown` is kVerify
  /// How long after its intent a request of an owner that is gone may still be on its way.
  milliseconds answer_limit{35000};
  std::size_t keep_response = 4096;
  std::int64_t max_events = 4096;             ///< deliveries held in memory
  std::int64_t max_bytes = 16 * 1024 * 1024;  ///< of their bodies
  std::size_t window = 10000;                 ///< backlog rows known by id
  milliseconds hold{30000};                   ///< wait between probes while credentials are refused
};

/// The settings of shard `shard` of a destination: limits divided, the rest to the first shards.
/// @param lease   of the relay
/// @param memory  bytes of bodies that the lane may hold
LaneSettings MakeLaneSettings(const DestinationSettings& destination, LaneId id, seconds lease,
                              std::int64_t memory);

}  // namespace postrider
