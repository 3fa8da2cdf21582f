// What the policies of a destination cost for each delivery.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/lane.h"
#include "postrider/policy/circuit_breaker.h"
#include "postrider/policy/cool_down.h"
#include "postrider/policy/dead_limit.h"
#include "postrider/policy/rate_windows.h"
#include "postrider/policy/retry_budget.h"
#include "postrider/policy/verdict.h"

namespace postrider {
namespace {

constexpr milliseconds kProbeDeadline{20000};
constexpr Timestamp kStart{seconds(1700000000)};
constexpr microseconds kStep{200};  // between two deliveries

HttpAnswer MakeAnswer() {
  HttpAnswer answer;
  answer.status = 200;
  answer.headers = {{"date", "Tue, 14 Nov 2023 22:13:20 GMT"},
                    {"content-type", "application/json"},
                    {"content-length", "58"},
                    {"x-request-id", "2f0d7a1c-8a1b-4a57-9c15-4d2c1f7f9c1e"}};
  answer.body = R"({"resultCode":"0000","trackingNumber":"688412345678","n":1})";
  answer.latency = milliseconds(20);
  answer.maybe_sent = true;
  return answer;
}

AnswerRule JsonRule(const std::string& value, VerdictKind verdict) {
  return {.part = AnswerPart::kJson,
          .name = "/resultCode",
          .test = AnswerTest::kIn,
          .values = {value},
          .verdict = verdict};
}

/// Rules on the body as in the documented example.
VerdictSettings JsonRules() {
  VerdictSettings settings;
  settings.answer = {JsonRule("E500", VerdictKind::kRetry),
                     JsonRule("0000", VerdictKind::kDelivered),
                     {.verdict = VerdictKind::kDead}};
  return settings;
}

/// Asks every policy before a request and tells it the answer, as a lane does.
void Deliver(benchmark::State& state, const VerdictSettings& verdict_settings) {
  RateWindows rates({{10000, milliseconds(1000)},
                     {100000, milliseconds(60000)},
                     {1000000, std::chrono::hours(24)}});
  CircuitBreaker breaker(BreakerSettings{.window = seconds(60)}, kProbeDeadline);
  CoolDown cool_down(kProbeDeadline);
  RetryBudget budget(0.2);
  DeadLimit dead({100, seconds(600)});
  const VerdictPolicy verdicts(verdict_settings);
  const HttpAnswer answer = MakeAnswer();
  Timestamp now = kStart;
  std::int64_t count = 0;
  for (auto _ : state) {
    now += kStep;
    const bool is_retry = ++count % 8 == 0;
    benchmark::DoNotOptimize(breaker.NextAt(now));
    benchmark::DoNotOptimize(cool_down.NextAt(now));
    benchmark::DoNotOptimize(rates.NextAt(now));
    if (is_retry) benchmark::DoNotOptimize(budget.NextAt(now));
    const auto permit = breaker.Begin(now);
    const auto round = cool_down.Begin(now);
    rates.Reserve();
    budget.Note(is_retry, now);
    rates.Written(now);
    const Verdict verdict = verdicts.Judge(answer);
    breaker.Record(permit, CallResultOf(answer, verdict), answer.latency, now);
    cool_down.Record(round, answer, now);
    if (verdict.kind == VerdictKind::kDead) benchmark::DoNotOptimize(dead.Note(now));
  }
}

void BM_AllPoliciesByStatus(benchmark::State& state) { Deliver(state, VerdictSettings{}); }
BENCHMARK(BM_AllPoliciesByStatus);

void BM_AllPoliciesWithRulesOnJson(benchmark::State& state) { Deliver(state, JsonRules()); }
BENCHMARK(BM_AllPoliciesWithRulesOnJson);

/// Judging an answer by rules on its body, by how many bytes that has.
void BM_RulesOnJson(benchmark::State& state) {
  const VerdictPolicy verdicts(JsonRules());
  HttpAnswer answer = MakeAnswer();
  answer.body = R"({"items":[)";
  while (answer.body.size() + 100 < static_cast<std::size_t>(state.range(0))) {
    answer.body += R"({"sku":"A-1187","count":3,"status":"shipped","price":12.5},)";
  }
  answer.body += R"({}],"resultCode":"0000"})";
  for (auto _ : state) benchmark::DoNotOptimize(verdicts.Judge(answer));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(answer.body.size()));
}
BENCHMARK(BM_RulesOnJson)->Arg(100)->Arg(1024)->Arg(1 << 20);

/// A lane asks nobody anything: it is the lane's decision alone that is measured.
class NoWorld : public LaneEffects, public LaneObserver, public RandomSource {
 public:
  void Start(Send send) override { tickets.push_back(send.ticket); }
  void Settle(Settlement) override {}
  void Ask(BacklogQuery) override {}
  std::optional<Emitted> FollowUp(const Event&, const Outcome&, const HttpAnswer*) override {
    return std::nullopt;
  }
  void Pause(const PauseCause& /*cause*/) override {}
  double Uniform01() override { return 0; }

  std::vector<std::uint64_t> tickets;
};

/// What a lane that its rate holds back costs at each look, by how many events wait in it.
void BM_LaneHeldByItsRate(benchmark::State& state) {
  NoWorld world;
  LaneSettings settings;
  settings.max_events = 20000;
  settings.rate = {{1, std::chrono::hours(1)}};
  Lane lane(settings, 1, world, world, world);
  lane.Reset(1);
  lane.Recovered(1);
  std::vector<EventRef> events;
  for (EventId id = 1; id <= state.range(0); ++id) {
    auto event = std::make_shared<Event>();
    event->identity.id = id;
    events.push_back(event);
  }
  Timestamp now = kStart;
  lane.Take(events, std::make_shared<const std::string>("canary"), now);
  lane.Pump(now);
  lane.OnWritten(world.tickets.at(0), now);
  for (auto _ : state) {
    now += kStep;
    lane.Pump(now);
    benchmark::DoNotOptimize(lane.NextWake());
  }
}
BENCHMARK(BM_LaneHeldByItsRate)->Arg(10)->Arg(10000);

/// A decision of a window that is full, by how many requests it holds.
void BM_RateDecision(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  RateWindows rates({{count, milliseconds(1000)}});
  Timestamp now = kStart;
  for (int i = 0; i < count; ++i) rates.Note(now);
  for (auto _ : state) {
    now = rates.NextAt(now);
    rates.Note(now);
  }
  benchmark::DoNotOptimize(now);
}
BENCHMARK(BM_RateDecision)->Arg(10)->Arg(10000);

}  // namespace
}  // namespace postrider
