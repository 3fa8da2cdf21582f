#pragma once

#include <prometheus/metric_type.h>

#include <array>

namespace postrider::catalog {

/// Name, help and type of a metric, as shown at /metrics and listed in docs/metrics.md.
struct Family {
  const char* name;
  const char* help;
  prometheus::MetricType type;
};

inline constexpr auto kCounter = prometheus::MetricType::Counter;
inline constexpr auto kGauge = prometheus::MetricType::Gauge;
inline constexpr auto kHistogram = prometheus::MetricType::Histogram;

// Of a destination, by the owner of its lanes.
inline constexpr Family kEventsRead{"postrider_events_read_total",
                                    "Events taken from the log for the destination.", kCounter};
inline constexpr Family kAttempts{
    "postrider_attempts_total",
    "Requests by result (refused is not charged) and class of failure (ok when delivered).",
    kCounter};
inline constexpr Family kDeliveriesTotal{"postrider_deliveries_total",
                                         "Deliveries that ended, by final state.", kCounter};
inline constexpr Family kAttemptDuration{"postrider_attempt_duration_seconds",
                                         "Time of one request, from start to end of the answer.",
                                         kHistogram};
inline constexpr Family kDeliveryLatency{"postrider_delivery_latency_seconds",
                                         "Time from recorded (or due, if later) to delivered.",
                                         kHistogram};
inline constexpr Family kDeliveries{
    "postrider_deliveries",
    "Deliveries that have not ended; queued is exact to 10,000, then estimated.", kGauge};
inline constexpr Family kOldestDue{
    "postrider_oldest_due_seconds",
    "Age of the delivery that has been due for longest; 0 when nothing waits.", kGauge};
inline constexpr Family kLastDelivery{"postrider_last_delivery_timestamp_seconds",
                                      "When a delivery last succeeded, as Unix time.", kGauge};
inline constexpr Family kBreaker{
    "postrider_breaker_state",
    "1 for the present state of the circuit breaker: closed, half_open or open.", kGauge};
inline constexpr Family kHeld{"postrider_held_seconds_total",
                              "Time during which due deliveries were held back, by reason.",
                              kCounter};
inline constexpr Family kConnections{"postrider_connections_total",
                                     "Requests by whether their connection was reused.", kCounter};

// Of a destination, by the relay that keeps house.
inline constexpr Family kDeadLetters{"postrider_dead_letters",
                                     "Dead letters that wait for a person, by reason.", kGauge};
inline constexpr Family kPaused{"postrider_destination_paused",
                                "1 while the destination is paused.", kGauge};

inline constexpr Family kRetentionBlocked{
    "postrider_retention_blocked_seconds",
    "For how long old events could not go because the destination has not finished with them.",
    kGauge};

// Of the installation, by the relay that keeps house.
inline constexpr Family kUnrouted{"postrider_unrouted_events_total",
                                  "Events that no destination takes.", kCounter};
inline constexpr Family kFoundByAudit{
    "postrider_found_by_audit_total",
    "Events that only the audit found; anything but 0 is a fault to report.", kCounter};
inline constexpr Family kLanes{"postrider_lanes", "Lanes by state.", kGauge};
inline constexpr Family kTableBytes{"postrider_table_bytes",
                                    "Size of a table with its indexes and partitions.", kGauge};
inline constexpr Family kOldestSnapshot{
    "postrider_oldest_snapshot_seconds",
    "Age of the oldest snapshot that a session of the database holds.", kGauge};

// Of each relay about itself.
inline constexpr Family kLeaseLosses{"postrider_lease_losses_total",
                                     "Lanes lost because the lease ran out.", kCounter};
inline constexpr Family kRefusedWrites{
    "postrider_refused_writes_total",
    "Writes refused because the lane belonged to another relay by then.", kCounter};
inline constexpr Family kPolls{"postrider_last_poll_timestamp_seconds",
                               "When the log was last read with success, as Unix time.", kGauge};
inline constexpr Family kEventMemory{"postrider_event_memory_bytes",
                                     "Memory held by events that have been read.", kGauge};
inline constexpr Family kEventMemoryLimit{"postrider_event_memory_limit_bytes",
                                          "The setting relay.max_memory.", kGauge};
inline constexpr Family kQueryDuration{"postrider_database_query_duration_seconds",
                                       "Time of a query, by purpose.", kHistogram};
inline constexpr Family kDatabaseErrors{"postrider_database_errors_total",
                                        "Queries that failed, by purpose.", kCounter};
inline constexpr Family kReloadSuccessful{
    "postrider_config_last_reload_successful",
    "1 when the file was taken the last time that it was read, 0 when it was refused.", kGauge};
inline constexpr Family kReloadTime{
    "postrider_config_last_reload_success_timestamp_seconds",
    "When the file was last read and taken, at the start too, as Unix time.", kGauge};
inline constexpr Family kBuildInfo{"postrider_build_info", "Always 1; the version is a label.",
                                   kGauge};

// Of the process, with the names that every Prometheus client library uses.
inline constexpr Family kProcessCpu{"process_cpu_seconds_total",
                                    "Total user and system CPU time spent in seconds.", kCounter};
inline constexpr Family kProcessResident{"process_resident_memory_bytes",
                                         "Resident memory size in bytes.", kGauge};
inline constexpr Family kProcessVirtual{"process_virtual_memory_bytes",
                                        "Virtual memory size in bytes.", kGauge};
inline constexpr Family kProcessOpenFds{"process_open_fds", "Number of open file descriptors.",
                                        kGauge};
inline constexpr Family kProcessMaxFds{"process_max_fds",
                                       "Maximum number of open file descriptors.", kGauge};
inline constexpr Family kProcessThreads{"process_threads", "Number of threads.", kGauge};
inline constexpr Family kProcessStart{
    "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", kGauge};

/// Upper bounds in seconds. A partner's call is bounded by its `timeout`, 15 s unless set.
inline constexpr std::array kAttemptBuckets{0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                            1.0,   2.5,  5.0,   10.0, 15.0, 30.0, 60.0};
/// From an undisturbed delivery to one that used up three days of retries.
inline constexpr std::array kLatencyBuckets{0.005, 0.01,   0.025,   0.05,    0.1,     0.25, 0.5,
                                            1.0,   2.5,    5.0,     10.0,    30.0,    60.0, 300.0,
                                            900.0, 3600.0, 21600.0, 86400.0, 259200.0};
inline constexpr std::array kQueryBuckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                          0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};

}  // namespace postrider::catalog
