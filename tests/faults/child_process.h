#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faults/waiting.h"

namespace postrider::test {

/// A program that runs beside the test, its output in files. Killed by the destructor if it still
/// runs. Used by one thread.
class ChildProcess {
 public:
  /// @param arguments  the path of the program first
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output,
               const std::filesystem::path& errors);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// Does nothing once the process has ended.
  void Signal(int signal);
  /// SIGKILL; returns when it has ended.
  void Kill();
  /// The exit code, or the negative number of the signal that ended it; nullopt when it still runs
  /// after `patience`.
  std::optional<int> Wait(milliseconds patience = kPatience);
  bool Running() { return !Wait(milliseconds(0)); }

 private:
  pid_t pid_ = 0;
  std::optional<int> exit_;
};

/// The whole content of a file; empty when there is none.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace postrider::test
