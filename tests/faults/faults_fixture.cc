#include "faults/faults_fixture.h"

#include <stdlib.h>

#include <iostream>
#include <random>
#include <stdexcept>

namespace postrider::test {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "postrider-faults-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void FaultsTest::TearDown() {
  if (!HasFailure()) return;
  for (const RelayProcess& relay : relays_) {
    std::cout << "-- the end of a relay's log:\n" << relay.LogTail() << '\n';
  }
  if (!shop_.server().running()) return;
  std::cout << "-- outbox.status:\n"
            << shop_.Ask("SELECT string_agg(row_to_json(s)::text, E'\\n') FROM outbox.status s")
            << "\n-- outbox.backlog:\n"
            << shop_.Ask(
                   "SELECT string_agg(row_to_json(b)::text, E'\\n') FROM ("
                   "SELECT destination_id, waiting_for, class, count(*), min(event_id), "
                   "min(due_at), max(due_at), max(attempts) AS attempts, now() "
                   "FROM outbox.backlog GROUP BY 1, 2, 3) b")
            << '\n';
}

ShopConfig FaultsTest::Config(std::vector<ShopDestination> destinations) const {
  ShopConfig config;
  config.database_url = shop_.Conninfo();
  config.destinations = std::move(destinations);
  return config;
}

RelayProcess& FaultsTest::StartRelay(const ShopConfig& config,
                                     const std::vector<std::string>& flags,
                                     const std::vector<std::string>& environment) {
  return relays_.emplace_back(config, scratch_.path(), flags, environment);
}

RelayProcess& FaultsTest::StartReadyRelay(const ShopConfig& config) {
  RelayProcess& relay = StartRelay(config);
  EXPECT_TRUE(Eventually([&] { return relay.Ready(); })) << relay.Get("/readyz").body;
  return relay;
}

AssertionResult FaultsTest::DeliveredReaches(int count, milliseconds patience) {
  int delivered = 0;
  const bool reached = Eventually(
      [&] {
        delivered = shop_.Delivered();
        return delivered >= count;
      },
      patience);
  if (reached && delivered == count) return AssertionSuccess();
  return AssertionFailure() << delivered << " deliveries are recorded, expected " << count;
}

AssertionResult FaultsTest::Becomes(EventId event, const std::string& destination,
                                    const std::string& state, milliseconds patience) {
  std::string found;
  const bool became = Eventually(
      [&] {
        found = shop_.State(event, destination);
        return found == state;
      },
      patience);
  if (became) return AssertionSuccess();
  return AssertionFailure() << "event " << event << " is " << found << ", expected " << state;
}

AssertionResult FaultsTest::StopsCleanly(RelayProcess& relay) {
  relay.Stop();
  const auto exit = relay.Wait();
  if (exit == 0) return AssertionSuccess();
  return AssertionFailure() << "the relay ended with " << exit.value_or(-1000);
}

std::uint32_t Seed() {
  const char* chosen = getenv("POSTRIDER_TEST_SEED");
  const std::uint32_t seed =
      chosen != nullptr ? static_cast<std::uint32_t>(std::stoul(chosen)) : std::random_device{}();
  std::cout << "POSTRIDER_TEST_SEED=" << seed << '\n';
  return seed;
}

}  // namespace postrider::test
