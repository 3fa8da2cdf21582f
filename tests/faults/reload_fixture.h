#pragma once

#include <string>

#include "faults/command_run.h"
#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {

/// A relay whose file changes while it runs.
class ReloadTest : public FaultsTest {
 protected:
  ShopConfig To(const std::string& path) const {
    return Config({{.name = "cj", .url = partner_.Url(path)}});
  }

  /// Writes the file, sends SIGHUP, and waits until it is taken up: from then on nothing begins
  /// that is as it was before.
  static ::testing::AssertionResult TakesUp(RelayProcess& relay, const ShopConfig& config) {
    const bool serves = relay.Logged("lane_taken");
    const std::size_t before = relay.Log(serves ? "draining" : "reloaded").size();
    relay.Rewrite(config);
    relay.HangUp();
    if (Eventually([&] { return relay.Log(serves ? "draining" : "reloaded").size() > before; })) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << relay.LogTail();
  }

  CommandRun Reload(const ShopConfig& config, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words = {"reload"};
    words.insert(words.end(), options.begin(), options.end());
    return RunCommand(words, config, scratch_.path());
  }

  Partner partner_;
};

}  // namespace postrider::test
