#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "faults/child_process.h"
#include "faults/http_reply.h"
#include "faults/shop_config.h"

namespace postrider::test {

/// The real `postrider run` as a process. Its configuration and log are files of `directory`.
/// Killed by the destructor if it still runs.
class RelayProcess {
 public:
  /// @param flags        of `run`, such as `--once`
  /// @param environment  more variables, such as `NAME=value`
  RelayProcess(const ShopConfig& config, const std::filesystem::path& directory,
               const std::vector<std::string>& flags = {},
               const std::vector<std::string>& environment = {});

  ChildProcess& process() { return *process_; }
  /// SIGKILL; returns when it has ended.
  void Kill() { process_->Kill(); }
  void Freeze();
  void Thaw();
  /// SIGTERM.
  void Stop();
  /// Another content for its file, of which it does not know yet.
  void Rewrite(const ShopConfig& config) const;
  /// SIGHUP.
  void HangUp();
  /// The exit code (negative: a signal); nullopt when it still runs after `patience`.
  std::optional<int> Wait(milliseconds patience = kPatience) { return process_->Wait(patience); }

  /// Of its metrics server; the status is 0 when there is no answer yet.
  HttpReply Get(const std::string& path);
  bool Ready() { return Get("/readyz").status == 200; }

  /// The log lines of that event; those that are not JSON are left out.
  std::vector<nlohmann::json> Log(const std::string& event) const;
  bool Logged(const std::string& event) const { return !Log(event).empty(); }
  /// The end of the log, for messages.
  std::string LogTail() const;

 private:
  std::filesystem::path config_;
  std::filesystem::path log_;
  std::unique_ptr<ChildProcess> process_;
  std::string address_;  ///< of the metrics server, once known
};

/// Runs `postrider COMMAND -c FILE` to its end. Returns the exit code.
int RunPostrider(const std::string& command, const ShopConfig& config,
                 const std::filesystem::path& directory);

}  // namespace postrider::test
