#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <list>
#include <string>
#include <vector>

#include "faults/oracle.h"
#include "faults/receiver_process.h"
#include "faults/relay_process.h"
#include "faults/shop.h"
#include "faults/waiting.h"

namespace postrider::test {

/// A directory that is gone with the test.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A shop with a database of its own, and relays of it; their logs are printed when a test fails.
class FaultsTest : public ::testing::Test {
 protected:
  explicit FaultsTest(PostgresServer& server = SharedServer()) : shop_(server) {}

  void TearDown() override;

  /// A configuration for the shop's database.
  ShopConfig Config(std::vector<ShopDestination> destinations) const;
  /// Lives until the end of the test, or until it is killed.
  RelayProcess& StartRelay(const ShopConfig& config, const std::vector<std::string>& flags = {},
                           const std::vector<std::string>& environment = {});
  /// Starts a relay and waits until it is ready.
  RelayProcess& StartReadyRelay(const ShopConfig& config);

  /// Waits until so many deliveries are recorded as delivered.
  ::testing::AssertionResult DeliveredReaches(int count, milliseconds patience = kPatience);
  /// Waits until the delivery has that state.
  ::testing::AssertionResult Becomes(EventId event, const std::string& destination,
                                     const std::string& state, milliseconds patience = kPatience);
  /// SIGTERM, and the relay ends with 0.
  ::testing::AssertionResult StopsCleanly(RelayProcess& relay);

  ScratchDirectory scratch_;
  Shop shop_;
  std::list<RelayProcess> relays_;
};

/// The seed of a random test: that of POSTRIDER_TEST_SEED, or a new one. Printed.
std::uint32_t Seed();

}  // namespace postrider::test
