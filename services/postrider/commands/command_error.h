#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace postrider {

/// Why a command ends early: told to the user on standard error, and its exit code.
class CommandError : public std::runtime_error {
 public:
  /// @param what  what is wrong, with the value found
  /// @param hint  what to do about it; may be empty
  CommandError(int exit_code, const std::string& what, std::string hint = {})
      : std::runtime_error(what), exit_code_(exit_code), hint_(std::move(hint)) {}

  int exit_code() const { return exit_code_; }
  const std::string& hint() const { return hint_; }

 private:
  int exit_code_;
  std::string hint_;
};

}  // namespace postrider
