#include "relay/hosted_lane.h"

#include <algorithm>
#include <utility>

#include "postrider/message/describe.h"
#include "postrider/message/follow_up.h"
#include "relay/recorder.h"

namespace postrider {
namespace {

std::optional<HeldReason> ReasonOf(Held held) {
  switch (held) {
    case Held::kUnsettled:
      return HeldReason::kUnsettled;
    case Held::kConcurrency:
      return HeldReason::kConcurrency;
    case Held::kCredentials:
      return HeldReason::kCredentials;
    case Held::kPaused:
      return HeldReason::kPaused;
    case Held::kBreaker:
      return HeldReason::kBreaker;
    case Held::kCoolDown:
      return HeldReason::kCoolDown;
    case Held::kRate:
      return HeldReason::kRate;
    case Held::kPool:
      return HeldReason::kPool;
    case Held::kBudget:
      return HeldReason::kBudget;
    case Held::kNothing:
    case Held::kLoading:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

HostedLane::HostedLane(const LanePlan& plan, LaneLink& link, const LaneSurroundings& surroundings)
    : destination_(plan.destination),
      endpoints_(plan.endpoints),
      link_(link),
      around_(surroundings),
      crew_(around_.crew, plan.settings.pool > 0 ? plan.settings.pool : plan.settings.concurrency),
      lane_(plan.settings, plan.epoch, around_.random, *this, *this),
      runner_(lane_, link, around_.loop, around_.exchange, around_.clock),
      credentials_(endpoints_, destination_.name,
                   {around_.loop, around_.http, around_.clock, around_.log, lane_, runner_}) {
  Resume(plan);
  credentials_.Tend();  // which counts in the rate
}

/// What the former owner has sent and was told.
void HostedLane::Resume(const LanePlan& plan) {
  const Timestamp now = runner_.Now();
  lane_.RestoreSent(plan.sent.ages, plan.sent.complete ? 0 : plan.settings.max_unsettled, now);
  for (const CoolingLane& cooling : plan.cooling) {
    if (cooling.lane == plan.settings.id) {
      lane_.ResumeCoolDown(cooling.until);
    } else {
      lane_.FollowCoolDown(cooling.lane.shard, cooling.until, now);
    }
  }
}

void HostedLane::Start(Send send) {
  const std::uint64_t ticket = send.ticket;
  const RequestBuilder& builder =
      send.asks ? *endpoints_->questions : *endpoints_->all[send.endpoint].requests;
  BuildResult built = builder.Build(*send.event, send.attempt, send.new_key_run);
  if (auto* failure = std::get_if<BuildFailure>(&built)) {
    // Not from inside the lane's own call.
    around_.loop.Post([this, ticket, failure = std::move(*failure)] {
      lane_.OnNotBuilt(ticket, failure.failure, failure.message, runner_.Now());
      runner_.Pump();
    });
    return;
  }
  Transmit(std::move(std::get<HttpRequest>(built)), ticket, send.endpoint);
}

void HostedLane::Transmit(HttpRequest request, std::uint64_t ticket, std::size_t endpoint) {
  HttpClient::Written written;
  if (!lane_.settings().rate.empty()) {
    written = [this, ticket] {
      lane_.OnWritten(ticket, runner_.Now());
      if (lane_.held() == Held::kRate) runner_.PumpSoon();
    };
  }
  // Method and URL are wanted only when it fails.
  HttpRequest described;
  described.method = request.method;
  described.url = request.url;
  crew_.Start(
      std::move(request), {endpoints_, &endpoints_->guard},
      [this, ticket, endpoint, described = std::move(described)](const HttpAnswer& answer) {
        const bool fine = !answer.failure && answer.status / 100 == 2;
        around_.metrics.ObserveAttempt(answer.latency);
        if (!answer.failure) around_.metrics.CountConnection(answer.connection_reused);
        answering_ = endpoint;
        lane_.OnAnswer(ticket, answer, runner_.Now(), fine ? std::string() : Describe(described));
        runner_.Pump();
      },
      std::move(written));
}

void HostedLane::Settle(Settlement settlement) {
  // What may be unsettled and not in flight is written in two halves: one gathers while the other
  // is being written. With more the lane would be held up by its own commit.
  const LaneSettings& settings = lane_.settings();
  const int half = (settings.max_unsettled - settings.concurrency) / 2;
  around_.recorder.Add(std::move(settlement), link_, static_cast<std::size_t>(std::max(1, half)));
}

void HostedLane::Ask(BacklogQuery query) {
  around_.exchange.Ask({lane_.settings().id, std::move(query)});
}

std::optional<Emitted> HostedLane::FollowUp(const Event& event, const Outcome& outcome,
                                            const HttpAnswer* answer) {
  const std::string& topic = outcome.state == OutcomeState::kDelivered
                                 ? destination_.emit_on_delivered
                                 : destination_.emit_on_dead;
  if (topic.empty()) return std::nullopt;
  return Emitted{topic, FollowUpPayload(event, destination_.name, outcome, answer)};
}

void HostedLane::OnRead(std::size_t events) {
  around_.metrics.CountRead(static_cast<std::int64_t>(events));
}

void HostedLane::OnAttempt(const Event& event, const AttemptRecord& attempt) {
  around_.metrics.CountAttempt(attempt.result, attempt.failure);
  if (attempt.result == AttemptResult::kDelivered) return;
  if (attempt.result == AttemptResult::kRefused && attempt.http_status != 0) {
    credentials_.OnRefused(answering_, attempt.started_at);
  }
  if (!around_.log.Enabled(LogLevel::kInfo)) return;
  const std::string failure(attempt.failure ? ToString(*attempt.failure) : "");
  around_.log.Info("attempt_failed", "An attempt did not deliver.",
                   {{"destination", destination_.name},
                    {"event_id", event.id()},
                    {"topic", event.topic},
                    {"result", ToString(attempt.result)},
                    {"class", failure},
                    {"http_status", attempt.http_status},
                    {"charged", attempt.charged},
                    {"latency_ms", attempt.latency_ms},
                    {"error", attempt.error}});
}

void HostedLane::OnOutcome(const Event& event, const Outcome& outcome) {
  around_.metrics.CountDelivery(outcome.state);
  if (outcome.state == OutcomeState::kDelivered) {
    const Timestamp due = std::max(event.identity.recorded_at,
                                   event.deliver_after.value_or(event.identity.recorded_at));
    around_.metrics.ObserveDeliveryLatency(outcome.finished_at - due);
    around_.metrics.SetLastDelivery(outcome.finished_at);
    return;
  }
  around_.log.Warning("delivery_ended", "A delivery ended without being delivered.",
                      {{"destination", destination_.name},
                       {"event_id", event.id()},
                       {"topic", event.topic},
                       {"state", ToString(outcome.state)},
                       {"reason", outcome.reason ? ToString(*outcome.reason) : ""},
                       {"attempts", outcome.attempts},
                       {"http_status", outcome.http_status},
                       {"error", outcome.error}});
}

void HostedLane::Pause(const PauseCause& cause) {
  around_.metrics.SetPaused(true);
  around_.pauses.Add(lane_.settings().id.destination, cause);
}

void HostedLane::OnHeld(Held reason, microseconds time) {
  if (const auto held = ReasonOf(reason)) around_.metrics.AddHeld(*held, time);
  if (reason == Held::kLoading) return;
  const microseconds wait = destination_.http.pool.wait;
  const bool was_short = pool_held_ <= wait;
  pool_held_ = reason == Held::kPool ? pool_held_ + time : microseconds(0);
  if (!was_short || pool_held_ <= wait) return;
  around_.log.Warning("pool_exhausted",
                      "All connections of http.pool.size have been in use for longer than "
                      "http.pool.wait.",
                      {{"destination", destination_.name}, {"shard", lane_.settings().id.shard}});
}

void HostedLane::OnBreaker(std::size_t endpoint, CircuitBreaker::State state) {
  const Field fields[] = {{"destination", destination_.name},
                          {"endpoint", EndpointName(endpoint)},
                          {"shard", lane_.settings().id.shard}};
  switch (state) {
    case CircuitBreaker::State::kOpen:
      return around_.log.Log(LogLevel::kWarning, "breaker_open",
                             "The partner fails or is slow: nothing is sent for a while.", fields);
    case CircuitBreaker::State::kHalfOpen:
      return around_.log.Log(LogLevel::kInfo, "breaker_half_open",
                             "Probes find out whether the partner is back.", fields);
    case CircuitBreaker::State::kClosed:
      return around_.log.Log(LogLevel::kInfo, "breaker_closed", "The partner is back.", fields);
  }
}

void HostedLane::OnCoolDown(std::optional<Timestamp> until) {
  around_.cool_downs.Tell(lane_.settings().id, until);
  const bool begins = until.has_value();
  if (std::exchange(cools_, begins) == begins) return;
  around_.log.Info(begins ? "cool_down_begun" : "cool_down_over",
                   begins ? "The partner says that it is too much: the destination waits."
                          : "The partner takes requests again.",
                   {{"destination", destination_.name}, {"shard", lane_.settings().id.shard}});
}

}  // namespace postrider
