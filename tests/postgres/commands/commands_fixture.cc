#include "commands_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "commands/command_line.h"

namespace postrider::test {
namespace {

/// Whoever starts the tests may sit at a terminal; the commands shall not find it.
void LeaveTheTerminal() {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  close(null);
}

}  // namespace

nlohmann::json CommandOutcome::Json() const {
  auto value = nlohmann::json::parse(out, nullptr, false);
  EXPECT_FALSE(value.is_discarded()) << "not JSON: " << out << err;
  return value;
}

CommandsTest::CommandsTest() {
  LeaveTheTerminal();
  std::string name = (std::filesystem::temp_directory_path() / "commands-XXXXXX").string();
  directory_ = mkdtemp(name.data());
  configuration_ = WriteConfiguration("postrider.yaml", database_.Conninfo());
}

CommandsTest::~CommandsTest() { std::filesystem::remove_all(directory_); }

std::string CommandsTest::Write(const std::string& name, const std::string& text) const {
  const auto path = directory_ / name;
  std::ofstream(path) << text;
  return path.string();
}

std::string CommandsTest::WriteConfiguration(const std::string& name,
                                             const std::string& conninfo) const {
  return Write(name, "database: {url: \"" + conninfo +
                         "\"}\n"
                         "metrics: {listen: \"127.0.0.1:1\"}\n"
                         "destinations:\n"
                         "  cj:\n"
                         "    topics: [shipment.requested]\n"
                         "    http:\n"
                         "      url: \"https://api.partner.example/v1/shipments\"\n"
                         "      headers: {X-Api-Key: {file: " +
                         (directory_ / "cj.secret").string() + "}}\n");
}

CommandOutcome CommandsTest::Run(std::vector<std::string> words) {
  words.insert(words.end(), {"-c", configuration_});
  return RunBare(words);
}

CommandOutcome CommandsTest::RunBare(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"postrider"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CommandOutcome outcome;
  outcome.exit_code = RunCommandLine(static_cast<int>(argv.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace postrider::test
