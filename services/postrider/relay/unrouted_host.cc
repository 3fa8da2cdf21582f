#include "relay/unrouted_host.h"

#include <utility>

#include "relay/recorder.h"

namespace postrider {
namespace {

constexpr std::int64_t kMaxEvents = 4096;
constexpr std::int64_t kMaxBytes = 8 * 1024 * 1024;

}  // namespace

UnroutedHost::UnroutedHost(UnroutedSettings settings, std::int64_t epoch, LaneLink& link,
                           EventLoop& loop, Exchange& exchange, DatabaseClock& clock,
                           Recorder& recorder, Metrics& metrics, Logger& log)
    : link_(link),
      recorder_(recorder),
      metrics_(metrics),
      log_(log),
      lane_(settings, epoch, kMaxEvents, kMaxBytes, *this, *this),
      runner_(lane_, link, loop, exchange, clock) {}

void UnroutedHost::Settle(Settlement settlement) {
  recorder_.Add(std::move(settlement), link_, Recorder::kNeverEnough);
}

void UnroutedHost::OnOutcome(const Event& event, const Outcome& /*outcome*/) {
  metrics_.relay().CountUnrouted(1);
  log_.Warning("no_route", "No destination takes the topic of an event; it is a dead letter now.",
               {{"event_id", event.id()}, {"topic", event.topic}});
}

}  // namespace postrider
