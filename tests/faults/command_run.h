#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "faults/shop_config.h"

namespace postrider::test {

/// What a command of `postrider` said, and how it ended.
struct CommandRun {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs `postrider ARGUMENTS -c FILE` to its end, without a terminal.
CommandRun RunCommand(std::vector<std::string> arguments, const ShopConfig& config,
                      const std::filesystem::path& directory);

}  // namespace postrider::test
