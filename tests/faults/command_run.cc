#include "faults/command_run.h"

#include <atomic>
#include <fstream>

#include "faults/child_process.h"

namespace postrider::test {

CommandRun RunCommand(std::vector<std::string> arguments, const ShopConfig& config,
                      const std::filesystem::path& directory) {
  static std::atomic<int> count{0};
  const std::filesystem::path base = directory / ("command-" + std::to_string(++count));
  const auto with = [&](const char* extension) { return base.string() + extension; };
  std::ofstream(with(".yaml")) << config.Text();
  arguments.insert(arguments.begin(), POSTRIDER_PROGRAM);
  arguments.insert(arguments.end(), {"-c", with(".yaml")});
  ChildProcess process(arguments, with(".out"), with(".err"));
  CommandRun run;
  run.exit_code = process.Wait().value_or(-1);
  run.out = ReadFile(with(".out"));
  run.err = ReadFile(with(".err"));
  return run;
}

}  // namespace postrider::test
