#include "faults/relay_process.h"

#include <signal.h>

#include <atomic>
#include <fstream>
#include <sstream>

namespace postrider::test {
namespace {

std::string NewName(const std::string& kind) {
  static std::atomic<int> count{0};
  return kind + "-" + std::to_string(++count);
}

std::filesystem::path WriteConfig(const ShopConfig& config, const std::filesystem::path& directory,
                                  const std::string& name) {
  const std::filesystem::path path = directory / (name + ".yaml");
  std::ofstream(path) << config.Text();
  return path;
}

}  // namespace

RelayProcess::RelayProcess(const ShopConfig& config, const std::filesystem::path& directory,
                           const std::vector<std::string>& flags,
                           const std::vector<std::string>& environment) {
  const std::string name = NewName("relay");
  log_ = directory / (name + ".log");
  config_ = WriteConfig(config, directory, name);
  std::vector<std::string> arguments;
  if (!environment.empty()) arguments.push_back("/usr/bin/env");
  arguments.insert(arguments.end(), environment.begin(), environment.end());
  arguments.insert(arguments.end(), {POSTRIDER_PROGRAM, "run", "-c", config_.string()});
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  process_ = std::make_unique<ChildProcess>(arguments, directory / (name + ".out"), log_);
}

void RelayProcess::Freeze() { process_->Signal(SIGSTOP); }
void RelayProcess::Thaw() { process_->Signal(SIGCONT); }
void RelayProcess::HangUp() { process_->Signal(SIGHUP); }
void RelayProcess::Rewrite(const ShopConfig& config) const {
  std::ofstream(config_) << config.Text();
}
void RelayProcess::Stop() { process_->Signal(SIGTERM); }

HttpReply RelayProcess::Get(const std::string& path) {
  if (address_.empty()) {
    const auto started = Log("started");
    if (started.empty()) return {};
    address_ = "http://" + started.front().at("metrics").get<std::string>();
  }
  return test::Get(address_, path);
}

std::vector<nlohmann::json> RelayProcess::Log(const std::string& event) const {
  std::vector<nlohmann::json> lines;
  std::istringstream log(ReadFile(log_));
  for (std::string line; std::getline(log, line);) {
    nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.value("event", "") == event) lines.push_back(parsed);
  }
  return lines;
}

std::string RelayProcess::LogTail() const {
  constexpr std::size_t kTail = 3000;
  const std::string log = ReadFile(log_);
  return log.size() <= kTail ? log : log.substr(log.size() - kTail);
}

int RunPostrider(const std::string& command, const ShopConfig& config,
                 const std::filesystem::path& directory) {
  const std::string name = NewName(command);
  ChildProcess process(
      {POSTRIDER_PROGRAM, command, "-c", WriteConfig(config, directory, name).string()},
      directory / (name + ".out"), directory / (name + ".log"));
  return process.Wait().value_or(-1);
}

}  // namespace postrider::test
