#include "postrider/telemetry/relay_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "catalog.h"
#include "exposition.h"
#include "in_seconds.h"
#include "label_table.h"
#include "optional_gauge.h"
#include "process_metrics.h"

namespace postrider {
namespace {

constexpr std::size_t kLaneStates = static_cast<std::size_t>(LaneState::kRetired) + 1;

struct Query {
  prometheus::Histogram duration{{catalog::kQueryBuckets.begin(), catalog::kQueryBuckets.end()}};
  prometheus::Counter errors;
};

}  // namespace

std::string_view ToString(LaneState state) {
  switch (state) {
    case LaneState::kOwned:
      return "owned";
    case LaneState::kFree:
      return "free";
    case LaneState::kRetired:
      return "retired";
  }
  return "?";
}

struct RelayMetrics::Series {
  std::string version;
  OptionalGauge last_poll;
  LabelTable<Query> queries;
  prometheus::Counter lease_losses;
  prometheus::Counter refused_writes;
  OptionalGauge reload_successful;
  OptionalGauge reload_time;
  prometheus::Gauge event_memory;
  prometheus::Gauge event_memory_limit;
  prometheus::Counter unrouted;
  prometheus::Counter found_by_audit;
  std::array<OptionalGauge, kLaneStates> lanes;
  LabelTable<OptionalGauge> table_bytes;
  OptionalGauge oldest_snapshot;
};

RelayMetrics::RelayMetrics(std::string version) : series_(std::make_unique<Series>()) {
  series_->version = std::move(version);
}

RelayMetrics::~RelayMetrics() = default;

void RelayMetrics::CountPoll(Timestamp at) { series_->last_poll.Set(InSeconds(at)); }

void RelayMetrics::ObserveQuery(std::string_view purpose, microseconds duration) {
  series_->queries.For(purpose).duration.Observe(InSeconds(duration));
}

void RelayMetrics::CountDatabaseError(std::string_view purpose) {
  series_->queries.For(purpose).errors.Increment();
}

void RelayMetrics::CountLeaseLoss() { series_->lease_losses.Increment(); }

void RelayMetrics::CountRefusedWrite() { series_->refused_writes.Increment(); }

void RelayMetrics::CountReload(bool taken, Timestamp at) {
  series_->reload_successful.Set(taken ? 1 : 0);
  if (taken) series_->reload_time.Set(InSeconds(at));
}

void RelayMetrics::SetEventMemory(std::size_t bytes) {
  series_->event_memory.Set(static_cast<double>(bytes));
}

void RelayMetrics::SetEventMemoryLimit(std::size_t bytes) {
  series_->event_memory_limit.Set(static_cast<double>(bytes));
}

void RelayMetrics::CountUnrouted(std::int64_t events) {
  series_->unrouted.Increment(static_cast<double>(events));
}

void RelayMetrics::CountFoundByAudit(std::int64_t events) {
  series_->found_by_audit.Increment(static_cast<double>(events));
}

void RelayMetrics::SetLanes(LaneState state, std::int64_t count) {
  series_->lanes[static_cast<std::size_t>(state)].Set(static_cast<double>(count));
}

void RelayMetrics::SetTableBytes(std::string_view table, std::int64_t bytes) {
  series_->table_bytes.For(table).Set(static_cast<double>(bytes));
}

void RelayMetrics::SetOldestSnapshot(microseconds age) {
  series_->oldest_snapshot.Set(std::max(0.0, InSeconds(age)));
}

void RelayMetrics::ReleaseHousekeeping() {
  for (OptionalGauge& count : series_->lanes) count.Clear();
  series_->table_bytes.ForEach([](const std::string&, OptionalGauge& bytes) { bytes.Clear(); });
  series_->oldest_snapshot.Clear();
}

void RelayMetrics::AddTo(Exposition& exposition) const {
  const Series& series = *series_;
  exposition.Add(catalog::kBuildInfo, {{"version", series.version}}, 1);
  exposition.Add(catalog::kLeaseLosses, {}, series.lease_losses);
  exposition.Add(catalog::kRefusedWrites, {}, series.refused_writes);
  exposition.Add(catalog::kEventMemory, {}, series.event_memory.Value());
  exposition.Add(catalog::kEventMemoryLimit, {}, series.event_memory_limit.Value());
  exposition.Add(catalog::kUnrouted, {}, series.unrouted);
  exposition.Add(catalog::kFoundByAudit, {}, series.found_by_audit);
  if (const auto at = series.last_poll.Value()) exposition.Add(catalog::kPolls, {}, *at);
  if (const auto taken = series.reload_successful.Value()) {
    exposition.Add(catalog::kReloadSuccessful, {}, *taken);
  }
  if (const auto at = series.reload_time.Value()) exposition.Add(catalog::kReloadTime, {}, *at);
  series.queries.ForEach([&exposition](const std::string& purpose, const Query& query) {
    exposition.Add(catalog::kQueryDuration, {{"purpose", purpose}}, query.duration);
    exposition.Add(catalog::kDatabaseErrors, {{"purpose", purpose}}, query.errors);
  });
  for (std::size_t i = 0; i < kLaneStates; ++i) {
    const auto count = series.lanes[i].Value();
    const auto state = ToString(static_cast<LaneState>(i));
    if (count) exposition.Add(catalog::kLanes, {{"state", state}}, *count);
  }
  series.table_bytes.ForEach([&exposition](const std::string& table, const OptionalGauge& bytes) {
    const auto value = bytes.Value();
    if (value) exposition.Add(catalog::kTableBytes, {{"table", table}}, *value);
  });
  const auto age = series.oldest_snapshot.Value();
  if (age) exposition.Add(catalog::kOldestSnapshot, {}, *age);
  AddProcessMetrics(exposition);
}

}  // namespace postrider
